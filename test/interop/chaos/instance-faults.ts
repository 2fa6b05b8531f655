import { waitFor } from '../../support/story/wait.ts';
import type { Undo } from './faults.ts';
import type { Fleet } from './fleet.ts';
import { cutLink } from './net-faults.ts';
import type { ChaosNode } from './node.ts';

/** Whatever happens to an instance in the model happens to its processes and its cable too. */

/** Stopped and started by a person: EC2 says `stopping` first. */
export async function stopInstance(fleet: Fleet, node: ChaosNode): Promise<Undo> {
  const end = fleet.spans.open(`instance ${node.facts.index}`);
  fleet.sandbox.world.stop(node.facts.instanceId);
  const boot = await halt(fleet, node);
  return async () => {
    await startInstance(fleet, node);
    await boot();
    end();
  };
}

/** As a termination: nothing is said before, and the interface is taken away. What comes back is the replacement. */
export async function dieInstance(fleet: Fleet, node: ChaosNode): Promise<Undo> {
  const { interfaceId, instanceId } = node.facts;
  const { world } = fleet.sandbox;
  const end = fleet.spans.open(`instance ${node.facts.index}`);
  const boot = await halt(fleet, node);
  world.detachInterface(interfaceId, { force: true });
  world.stop(instanceId);
  return async () => {
    world.attachInterface({ interfaceId, instanceId, deviceIndex: 0 });
    await startInstance(fleet, node);
    await boot();
    end();
  };
}

export async function rebootInstance(fleet: Fleet, node: ChaosNode): Promise<Undo> {
  const end = fleet.spans.open(`instance ${node.facts.index}`);
  fleet.sandbox.world.reboot(node.facts.instanceId);
  const boot = await halt(fleet, node);
  return async () => {
    await boot();
    end();
  };
}

/** Only EC2's status checks fail: the machine runs, as far as it can tell. */
export function impairInstance(fleet: Fleet, node: ChaosNode, choice: number): Undo {
  const { instanceId, index } = node.facts;
  const end = fleet.spans.open(`instance ${index}`);
  fleet.sandbox.world.impair(instanceId, choice < 0.5 ? 'instance' : 'system');
  return () => {
    fleet.sandbox.world.clear(instanceId);
    end();
  };
}

/** Gives how to boot. */
async function halt(fleet: Fleet, node: ChaosNode): Promise<() => Promise<void>> {
  const mend = cutLink(fleet, node);
  await Promise.all([node.endAgent('SIGKILL'), node.killService()]);
  return async () => {
    mend();
    await node.startService();
    node.startAgent();
  };
}

async function startInstance({ sandbox: { world } }: Fleet, node: ChaosNode): Promise<void> {
  const { instanceId } = node.facts;
  const isIn = (state: string) => world.state().instances.get(instanceId)?.state === state;
  await waitFor(() => isIn('stopped'), { limitMs: 10_000, what: `${instanceId} stopped` });
  world.start(instanceId);
  await waitFor(() => isIn('running'), { limitMs: 10_000, what: `${instanceId} runs` });
}
