import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertNever } from '../../../src/lib/assert-never.ts';
import { DEMO_IDS } from '../../../src/sandbox/index.ts';
import { beginApiFault, isApiFault } from './api-faults.ts';
import { ANYCAST, BAD_VARIANTS, DEFAULT_ROUTE } from './config.ts';
import type { Fleet } from './fleet.ts';
import { dieInstance, impairInstance, rebootInstance, stopInstance } from './instance-faults.ts';
import { beginNetFault, cutLink, isNetFault } from './net-faults.ts';
import type { ChaosNode } from './node.ts';
import type { Fault } from './schedule.ts';

/** Takes a fault back. */
export type Undo = () => Promise<void> | void;

const DAY_SEC = 86_400;

/** Does it, and gives back how to undo it. */
export async function beginFault(fleet: Fleet, fault: Fault): Promise<Undo> {
  const { kind } = fault;
  const node = nodeOf(fleet, fault.node);
  if (isApiFault(kind)) return beginApiFault(fleet, { ...fault, kind });
  if (isNetFault(kind)) return beginNetFault(fleet, { ...fault, kind });
  switch (kind) {
    case 'agent-kill':
      await node.endAgent('SIGKILL');
      return () => node.startAgent();
    case 'agent-term':
      await node.endAgent('SIGTERM');
      return () => node.startAgent();
    case 'agent-stop':
      return stopAgent(fleet, node);
    case 'agent-reload':
      return reload(node, () => node.writeConfig('wider'));
    case 'agent-reload-bad':
      return reload(node, () => spoilConfig(node, fault.choice));
    case 'agent-fds':
      return limitDescriptors(fleet, node);
    case 'agent-disk':
      return fillDisk(node);
    case 'agent-clock':
      node.setClock(Math.round((fault.choice < 0.5 ? -1 : 1) * fault.size ** 3 * DAY_SEC));
      return () => node.setClock(0);
    case 'output-closed':
      return node.output?.hangUp() ?? nothing;
    case 'output-blocked':
      return node.output?.block() ?? nothing;
    case 'service-kill':
      await node.killService();
      return () => node.startService();
    case 'service-hang':
      return node.hangService();
    case 'instance-stop':
      return stopInstance(fleet, node);
    case 'instance-death':
      return dieInstance(fleet, node);
    case 'instance-reboot':
      return rebootInstance(fleet, node);
    case 'instance-impaired':
      return impairInstance(fleet, node, fault.choice);
    case 'interface-detach':
      return detachInterface(fleet, node);
    case 'metadata-dead':
      return metadataFault(fleet, node, { dead: fault.choice < 0.5 ? 'refuse' : 'silent' });
    case 'metadata-slow':
      return metadataFault(
        fleet,
        node,
        fault.choice < 0.3 ? { status: 503 } : { latencyMs: Math.round(fault.size * 3_000) },
      );
    case 'operator-route':
      return editRoute(fleet, fault);
    case 'operator-tags':
      return pauseTable(fleet, node);
    default:
      return assertNever(kind);
  }
}

export function nodeOf(fleet: Fleet, index: number): ChaosNode {
  const node = fleet.nodes[index];
  if (node === undefined) throw new RangeError(`there is no node ${index}`);
  return node;
}

function nothing(): void {}

function stopAgent({ spans }: Fleet, node: ChaosNode): Undo {
  const end = spans.open(`stopped ${node.facts.index}`);
  node.signalAgent('SIGSTOP');
  return () => {
    node.signalAgent('SIGCONT');
    end();
  };
}

/** A reload, and one back to what it was. */
function reload(node: ChaosNode, change: () => void): Undo {
  change();
  node.reloadAgent();
  return () => {
    node.writeConfig('plain');
    node.reloadAgent();
  };
}

function spoilConfig(node: ChaosNode, choice: number): void {
  const variant = BAD_VARIANTS[Math.floor(choice * (BAD_VARIANTS.length + 1))];
  if (variant === undefined) rmSync(node.configFile, { force: true });
  else node.writeConfig(variant);
}

/** No descriptor more than there are now can be opened. */
function limitDescriptors({ spans }: Fleet, node: ChaosNode): Undo {
  const pid = node.agentPid;
  const footprint = node.readFootprint();
  if (pid === undefined || footprint === undefined) return nothing;
  const end = spans.open(`descriptors ${node.facts.index}`);
  spawnSync('prlimit', ['--pid', String(pid), `--nofile=${Math.max(footprint.fds - 2, 3)}:`]);
  return () => {
    // One that was killed meanwhile has a successor without the limit.
    if (node.agentPid === pid) spawnSync('prlimit', ['--pid', String(pid), '--nofile=1024:']);
    end();
  };
}

/** The log and the code cache are on it. */
function fillDisk(node: ChaosNode): Undo {
  const file = join(node.facts.disk, 'filler');
  const fd = openSync(file, 'w');
  try {
    for (const size of [65_536, 1]) for (;;) if (writeSync(fd, Buffer.alloc(size)) < size) break;
  } catch {
    // Full.
  } finally {
    closeSync(fd);
  }
  return () => rmSync(file, { force: true });
}

/** The interface is gone from the instance, and with it every path; the instance itself goes on. */
function detachInterface(fleet: Fleet, node: ChaosNode): Undo {
  const { sandbox, spans } = fleet;
  const { facts } = node;
  const end = spans.open(`instance ${facts.index}`);
  sandbox.world.detachInterface(facts.interfaceId, { force: true });
  const mend = cutLink(fleet, node);
  return () => {
    const { interfaceId, instanceId } = facts;
    mend();
    sandbox.world.attachInterface({ interfaceId, instanceId, deviceIndex: 0 });
    end();
  };
}

function metadataFault(
  { sandbox }: Fleet,
  { facts }: ChaosNode,
  fault: Parameters<ReturnType<Fleet['sandbox']['imds']>['setFault']>[0],
): Undo {
  const imds = sandbox.imds(facts.instanceId);
  imds.setFault(fault);
  return () => {
    imds.invalidateTokens();
    imds.setFault(undefined);
  };
}

/** A person takes a route away, or points it somewhere else. Nobody puts it back but the agents. */
async function editRoute({ sandbox, nodes }: Fleet, { node, other, choice }: Fault): Promise<Undo> {
  const tableId = nodes[node]?.facts.tableId ?? '';
  const destination = choice < 0.5 ? ANYCAST : DEFAULT_ROUTE;
  const target = nodes[other]?.facts.interfaceId ?? '';
  const { world } = sandbox;
  const place = { tableId, destination };
  if (choice % 0.5 < 0.2) world.deleteRoute(place);
  else world.replaceRoute({ ...place, target: choice % 0.5 < 0.35 ? DEMO_IDS.natGateway : target });
  await sleep(0);
  return nothing;
}

/** The table is no private one for a while: nobody's finder means it. */
function pauseTable({ sandbox, spans }: Fleet, { facts }: ChaosNode): Undo {
  const tags = sandbox.world.state().routeTables.get(facts.tableId)?.tags ?? {};
  sandbox.world.setTags(facts.tableId, { ...tags, type: 'paused', note: 'by hand' });
  const end = spans.open(`paused ${facts.index}`);
  return () => {
    end();
    sandbox.world.setTags(facts.tableId, tags);
  };
}
