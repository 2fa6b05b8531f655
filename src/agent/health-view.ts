import {
  CheckRunner,
  type CheckSpec,
  type CheckTemplate,
  type Probe,
  type ProbeOutcome,
  startTimes,
} from '../checks/index.ts';
import { type CheckState, type Health, observe, unprobed } from '../core/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { AgentEvent } from './events.ts';
import { isSameSpec } from './same-spec.ts';
import type { CheckView } from './snapshot.ts';

/** A remote check that should run: the template against one holder. */
export interface RemoteTarget {
  readonly template: CheckTemplate;
  readonly interfaceId: string;
  readonly address: string;
}

export interface HealthViewOptions {
  readonly clock: Clock;
  makeProbe(spec: CheckSpec): Probe;
  /** Called after the status of a check has changed. */
  onChange(check: string): void;
  runHook(argv: readonly string[], variables: Readonly<Record<string, string>>): Promise<string | undefined>;
  report(event: AgentEvent): void;
}

interface Running {
  readonly spec: CheckSpec;
  /** What a remote check was last asked for with. */
  template: CheckTemplate | undefined;
  readonly runner: CheckRunner;
  state: CheckState;
  /** Outcomes in a row that said nothing of the target. */
  blanks: number;
  /** Failed probes that are still wanted before `unhealthy` is believed again. */
  doubts: number;
}

/** One may have begun while this agent was cut off; the second has not. */
const DOUBTS = 2;

/** Owns every running check, local and remote, and what is known of each. */
export class HealthView {
  readonly #options: HealthViewOptions;
  readonly #running = new Map<string, Running>();
  readonly #remote = new Set<string>();
  /** Keys of checks whose hook is running, each with the change that came meanwhile. */
  readonly #hooks = new Map<string, (() => void) | undefined>();
  readonly #closing = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: HealthViewOptions) {
    this.#options = options;
  }

  /** State of a local check by name, or of a remote one by `remoteCheckKey`. */
  lookup(key: string): CheckState | undefined {
    return this.#running.get(key)?.state;
  }

  /** Health of a holder by a remote check: unknown while it does not run. */
  remoteHealth(template: string, interfaceId: string): Health {
    const running = this.#running.get(remoteCheckKey(template, interfaceId));
    return running === undefined ? 'unknown' : statusOf(running);
  }

  /** Every running check, local and remote. */
  checks(): readonly CheckView[] {
    return [...this.#running].map(([key, running]) => {
      return { key, spec: running.spec, isRemote: this.#remote.has(key), health: statusOf(running) };
    });
  }

  /** Runs exactly these local checks: those that stay as they were keep their state and their cadence. */
  setLocal(specs: readonly CheckSpec[]): void {
    if (this.#isClosed) return;
    const wanted = new Map(specs.map((spec) => [spec.name, spec]));
    for (const [key, running] of this.#running) {
      if (this.#remote.has(key)) continue;
      if (!isSameSpec(wanted.get(key), running.spec)) this.#stop(key);
    }
    const missing = specs.filter((spec) => !this.#running.has(spec.name));
    const starts = startTimes(missing);
    for (const [index, spec] of missing.entries()) this.#start(spec.name, spec, starts[index]);
  }

  /** Runs exactly these remote checks. A holder that stays keeps its check's state. */
  setRemote(targets: readonly RemoteTarget[]): void {
    if (this.#isClosed) return;
    const wanted = new Map(targets.map((target) => [remoteKeyOf(target), target]));
    for (const key of this.#remote) {
      const target = wanted.get(key);
      if (target !== undefined && isRunningAs(target, this.#running.get(key))) continue;
      this.#report(key, 'stopped');
      this.#stop(key);
    }
    for (const [key, target] of wanted) {
      if (this.#running.has(key)) continue;
      this.#remote.add(key);
      this.#start(key, toSpec(target), startTimes([target.template])[0]);
      this.#report(key, 'started');
    }
  }

  /**
   * Says that this agent itself was cut off until now: what its remote checks failed by then may have been its own
   * fault. An unhealthy holder is unknown until probes that began since have failed as well.
   */
  doubtRemote(): void {
    for (const key of this.#remote) {
      const running = this.#running.get(key);
      if (running?.state.status === 'unhealthy') running.doubts = DOUBTS;
    }
  }

  /**
   * Stops every check; what was known last stays known. A poll that is still under way starts none any more: one that
   * nobody stops would keep the process alive for ever. Bounded by the probes' own close.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    const runners = [...this.#running.values()].map((running) => running.runner.close());
    await Promise.all([...runners, ...this.#closing]);
  }

  #start(key: string, spec: CheckSpec, start: { firstDelayMs: number; phaseMs: number } | undefined): void {
    const { clock, makeProbe } = this.#options;
    const runner = new CheckRunner({
      spec,
      probe: makeProbe(spec),
      clock,
      firstDelayMs: start?.firstDelayMs ?? 0,
      phaseMs: start?.phaseMs ?? spec.everyMs,
      onOutcome: (outcome, atMs) => this.#take(key, outcome, atMs),
    });
    const state = unprobed(clock.now());
    this.#running.set(key, { spec, template: undefined, runner, state, blanks: 0, doubts: 0 });
    runner.start();
  }

  #stop(key: string): void {
    const running = this.#running.get(key);
    this.#running.delete(key);
    this.#remote.delete(key);
    if (running === undefined) return;
    const closing = running.runner.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #take(key: string, outcome: ProbeOutcome, atMs: number): void {
    const running = this.#running.get(key);
    if (running === undefined) return;
    const before = statusOf(running);
    count(running, outcome, atMs);
    this.#options.report({ type: 'probe', check: key, outcome });
    const after = statusOf(running);
    if (after === before) return;
    // The routes first: what the operator reads and runs can wait until the change is under way.
    this.#options.onChange(key);
    const { destination } = running.spec;
    this.#options.report({ type: 'health', check: key, destination, from: before, to: after, outcome });
    this.#runHook(key, running.spec, after, outcome);
  }

  /**
   * Hooks of one check run one after the other; of several changes during one, only the last is worth a run. Other
   * checks do not wait for them.
   */
  #runHook(key: string, spec: CheckSpec, health: Health, outcome: ProbeOutcome): void {
    if (health === 'unknown') return;
    const argv = health === 'healthy' ? spec.runOnHealthy : spec.runOnUnhealthy;
    const hook = health === 'healthy' ? 'run_on_healthy' : 'run_on_unhealthy';
    const variables = {
      VPCAST_CHECK: spec.name,
      VPCAST_DESTINATION: spec.destination,
      VPCAST_HEALTH: health,
      VPCAST_REASON: outcome.reason,
    };
    const run = async (): Promise<void> => {
      if (argv === undefined) return;
      const failure = await this.#options.runHook(argv, variables);
      this.#options.report({ type: 'hook', hook, subject: key, failure });
    };
    const start = (): void => {
      this.#hooks.set(key, undefined);
      run()
        .catch((error: unknown) => this.#options.report({ type: 'crash', where: hook, error }))
        .finally(() => {
          const next = this.#hooks.get(key);
          this.#hooks.delete(key);
          next?.();
        });
    };
    if (this.#hooks.has(key)) this.#hooks.set(key, start);
    else start();
  }

  #report(key: string, change: 'started' | 'stopped'): void {
    const destination = this.#running.get(key)?.spec.destination ?? '';
    this.#options.report({ type: 'remote-check', check: key, change, destination });
  }
}

function statusOf({ state, doubts }: Running): Health {
  return doubts > 0 && state.status === 'unhealthy' ? 'unknown' : state.status;
}

/** An outcome that says nothing of the target (no descriptor, a bug) is no failure; as many as `fall` are ignorance. */
function count(running: Running, outcome: ProbeOutcome, atMs: number): void {
  if (outcome.reason === 'internal-error') {
    running.blanks += 1;
    if (running.blanks >= running.spec.fall && running.state.status !== 'unknown')
      running.state = unprobed(atMs);
    return;
  }
  running.blanks = 0;
  if (!outcome.ok) running.doubts = Math.max(0, running.doubts - 1);
  running.state = observe(running.state, outcome.ok, running.spec, atMs);
  if (running.state.status !== 'unhealthy') running.doubts = 0;
}

/** Name of a remote check in events and look-ups: it belongs to the interface, not to an address that may move. */
export function remoteCheckKey(template: string, interfaceId: string): string {
  return `${template}@${interfaceId}`;
}

function remoteKeyOf(target: RemoteTarget): string {
  return remoteCheckKey(target.template.name, target.interfaceId);
}

function toSpec(target: RemoteTarget): CheckSpec {
  return { ...target.template, destination: target.address };
}

/** A template is compared in full only once after a reload: this is asked at every read, for every holder. */
function isRunningAs(target: RemoteTarget, running: Running | undefined): boolean {
  if (running === undefined || running.spec.destination !== target.address) return false;
  if (running.template === target.template) return true;
  if (!isSameSpec(toSpec(target), running.spec)) return false;
  running.template = target.template;
  return true;
}
