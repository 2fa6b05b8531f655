import type { Announcer } from '../announce/index.ts';
import type {
  AwsFailure,
  InstanceStatusResult,
  InterfaceQuery,
  InterfacesResult,
  RouteTables,
} from '../aws/index.ts';
import type { CheckSpec, Probe } from '../checks/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { AgentEvent } from './events.ts';
import type { DrainSignal } from './spec.ts';

/** Done, or why AWS did not do it. */
export type DoneResult = { readonly ok: true } | { readonly ok: false; readonly failure: AwsFailure };

/** Who this instance is, as far as the loop needs it. */
export interface AgentIdentity {
  readonly instanceId: string;
  readonly vpcId: string;
  readonly region: string;
}

/** How a hook ended: `undefined` is success, else one line for people. */
export type HookFailure = string | undefined;

/**
 * All that the agent calls. Every function is bounded in time and rejects only for bugs; `random` gives numbers
 * in [0, 1).
 */
export interface AgentDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** Asked for only while the spec has groups of route tables: without any it need not be known. */
  identity(): AgentIdentity;
  readonly tables: RouteTables;
  describeInterfaces(query: InterfaceQuery, signal: AbortSignal): Promise<InterfacesResult>;
  disableSourceDestCheck(interfaceId: string, signal: AbortSignal): Promise<DoneResult>;
  describeInstanceStatus(instanceIds: readonly string[], signal: AbortSignal): Promise<InstanceStatusResult>;
  /** ENI ids that the instance metadata lists now; undefined when it does not answer. Costs no EC2 call. */
  readOwnInterfaceIds(): Promise<readonly string[] | undefined>;
  /** Which of the signals in `drain_on` stand now; undefined when the metadata does not answer. */
  readDrainSignals(wanted: readonly DrainSignal[]): Promise<readonly DrainSignal[] | undefined>;
  makeProbe(spec: CheckSpec): Probe;
  /**
   * The one that is in force now, the same object until a reload replaces it; undefined where nothing is announced. It is
   * told all that should be announced as soon as it is seen, be that nothing; the last one is closed by the agent.
   */
  announcer(): Announcer | undefined;
  /** Runs argv with these variables besides the agent's own environment; at most 10 s. */
  runHook(argv: readonly string[], variables: Readonly<Record<string, string>>): Promise<HookFailure>;
  report(event: AgentEvent): void;
}
