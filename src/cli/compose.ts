import type { AgentDeps, AgentEvent, AgentSpec, DrainSignal } from '../agent/index.ts';
import type { Announcer } from '../announce/index.ts';
import { type Identity, type Imds, readIdentity, readSignals, type Signals } from '../aws/index.ts';
import {
  type CheckSpec,
  type CheckTemplate,
  makeProbe,
  type Probe,
  type ProbeContext,
  trustSystemAuthorities,
} from '../checks/index.ts';
import { runCommand } from '../lib/run-command.ts';
import { Shared } from '../lib/shared.ts';
import { systemClock } from '../lib/system-clock.ts';
import type { Ec2Deps, openEc2 } from './ec2-deps.ts';
import type { Io } from './io.ts';
import { sourceDestCheckReader } from './source-dest-check.ts';
import { VERSION } from './version.ts';

const HOOK_TIMEOUT_MS = 10_000;

export interface CompositionOptions {
  readonly io: Io;
  readonly spec: AgentSpec;
  /** Undefined: nobody was asked, since there are no route tables. */
  identity(): Identity | undefined;
  readonly imds: Imds;
  /** For a command that only looks: hooks and changes outside route tables are taken as made. */
  readonly isReadOnly: boolean;
  /** The one in force now; none for a command that only looks. */
  readonly announcer?: () => Announcer | undefined;
  report(event: AgentEvent): void;
}

export interface Composition {
  readonly deps: AgentDeps;
  /** To be told before the agent is: what its new checks need in this process. */
  reload(spec: AgentSpec): void;
  /** Ends the EC2 connections. */
  close(): Promise<void>;
}

/** The agent's drivers, put together for a real process. */
export function compose(options: CompositionOptions): Composition {
  const { io, spec, imds, isReadOnly, announcer = () => undefined, report } = options;
  const identity = (): Identity => known(options.identity());
  let inForce = spec;
  const ec2 = lateEc2(spec, identity);
  prepareProbes([...spec.checks, ...spec.remoteChecks]);
  const reload = (next: AgentSpec): void => {
    inForce = next;
    prepareProbes([...next.checks, ...next.remoteChecks]);
  };
  const describeInterfaces: AgentDeps['describeInterfaces'] = async (query, signal) =>
    (await ec2.deps()).describeInterfaces(query, signal);
  const shared: SharedByProbes = {
    cabourotteServers: new Shared(),
    ownAddresses: new Shared(),
    readSourceDestCheck: sourceDestCheckReader({
      spec: () => inForce,
      get instanceId() {
        return identity().instanceId;
      },
      describeInterfaces,
      clock: systemClock,
    }),
  };
  const deps: AgentDeps = {
    clock: systemClock,
    random: Math.random,
    identity,
    tables: {
      describe: async (query, signal) => (await ec2.deps()).tables.describe(query, signal),
      apply: async (action, signal) => (await ec2.deps()).tables.apply(action, signal),
    },
    describeInterfaces,
    disableSourceDestCheck: async (interfaceId, signal) => {
      if (isReadOnly) return { ok: true };
      return (await ec2.deps()).disableSourceDestCheck(interfaceId, signal);
    },
    describeInstanceStatus: async (ids, signal) => (await ec2.deps()).describeInstanceStatus(ids, signal),
    readOwnInterfaceIds: () => ownInterfaceIds(imds),
    readDrainSignals: (wanted) => drainSignals(imds, wanted),
    makeProbe: (check) => openProbe(check, shared),
    announcer,
    runHook: async (argv, variables) => (isReadOnly ? undefined : runHook(io, argv, variables)),
    report,
  };
  return { deps, reload, close: ec2.close };
}

/** Whoever asks has route tables, and with these it is known who this is. */
function known(identity: Identity | undefined): Identity {
  if (identity === undefined) throw new Error('nobody knows which instance this is');
  return identity;
}

/** Loading EC2's client stalls the loop for tens of ms: the first probes are sent, and near ones answered, before. */
const FIRST_PROBES_MS = 10;

/** Resolves soon after the agent was started, and not before it has sent its first probes. */
export function firstProbesSent(): Promise<void> {
  return new Promise((resolve) => systemClock.after(FIRST_PROBES_MS, resolve));
}

/**
 * EC2's client, loaded at the first call: it is by far the largest part of the program, and the first probes are under way
 * before it is needed.
 */
export function lateEc2(spec: AgentSpec, identity: () => Identity) {
  let opening: Promise<ReturnType<typeof openEc2>> | undefined;
  const open = async () => {
    await firstProbesSent();
    return (await import('./ec2-deps.ts')).openEc2(spec, identity());
  };
  return {
    deps: async (): Promise<Ec2Deps> => {
      opening ??= open();
      return (await opening).deps;
    },
    close: async (): Promise<void> => (await opening)?.close(),
  };
}

/** What has to be set in this process before the first probe of these checks. */
export function prepareProbes(checks: readonly CheckTemplate[]): void {
  trustSystemAuthorities(checks.map((check) => check.probe));
}

type SharedByProbes = Pick<ProbeContext, 'cabourotteServers' | 'ownAddresses' | 'readSourceDestCheck'>;

/** A probe as this process makes them. `shared`: among the probes of one agent. */
export function openProbe(spec: CheckSpec, shared: SharedByProbes = {}): Probe {
  return makeProbe(spec, { clock: systemClock, version: VERSION, ...shared });
}

async function ownInterfaceIds(imds: Imds): Promise<readonly string[] | undefined> {
  const result = await readIdentity(imds, AbortSignal.timeout(5_000));
  return result.ok ? result.identity.interfaces.map((found) => found.id) : undefined;
}

/** A state of `Terminated…` is where the Auto Scaling group is heading when it takes the instance away. */
/** Maintenance is announced days ahead; an instance that has this long left is not needed any longer. */
const MAINTENANCE_AHEAD_MS = 15 * 60_000;

async function drainSignals(
  imds: Imds,
  wanted: readonly DrainSignal[],
): Promise<readonly DrainSignal[] | undefined> {
  const { signals, failure } = await readSignals(imds, AbortSignal.timeout(5_000));
  const standing = wanted.filter((name) => stands(name, signals));
  return failure !== undefined && standing.length === 0 ? undefined : standing;
}

function stands(name: DrainSignal, signals: Signals): boolean {
  switch (name) {
    case 'spot':
      return signals.spot !== undefined;
    case 'rebalance':
      return signals.rebalance !== undefined;
    case 'lifecycle':
      return signals.lifecycleState?.startsWith('Terminated') === true;
    case 'maintenance':
      return (signals.maintenance ?? []).some(({ notBefore }) => isSoon(notBefore));
  }
}

/** A time that is missing or can't be read may be now. */
function isSoon(time: string | undefined): boolean {
  const atMs = Date.parse(time ?? '');
  return Number.isNaN(atMs) || atMs - systemClock.wallNow() <= MAINTENANCE_AHEAD_MS;
}

async function runHook(
  io: Io,
  argv: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const env = { ...io.env, ...variables };
  // The last ones may be under way when the agent ends: nobody waits for them, and they are not cut short.
  const result = await runCommand({ argv, timeoutMs: HOOK_TIMEOUT_MS, env, survivesExit: true });
  const output = result.output.trim() === '' ? '' : `: ${result.output.trim().slice(-200)}`;
  switch (result.status) {
    case 'exited':
      return result.code === 0 ? undefined : `exit status ${result.code}${output}`;
    case 'signaled':
      return `killed by ${result.signal}${output}`;
    case 'timeout':
      return `killed after ${HOOK_TIMEOUT_MS / 1_000} s${output}`;
    case 'spawn-failed':
      return `${argv[0]} can't be run: ${result.code}`;
  }
}
