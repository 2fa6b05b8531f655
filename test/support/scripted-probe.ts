import type { CheckSpec, Probe, ProbeOutcome } from '../../src/checks/index.ts';
import type { FakeClock } from './fake-clock.ts';

export const passed: ProbeOutcome = { ok: true, reason: 'passed', latencyMs: 1, detail: undefined };
export const refused: ProbeOutcome = { ok: false, reason: 'refused', latencyMs: 1, detail: undefined };

/** A probe whose attempts take what they are told to; without a script they pass at once. */
export class ScriptedProbe implements Probe {
  readonly startedAtMs: number[] = [];
  readonly timeoutsMs: number[] = [];
  isClosed = false;
  aborted = 0;
  readonly #clock: FakeClock;
  readonly #script: (attempt: number) => Promise<ProbeOutcome> | ProbeOutcome;

  constructor(
    clock: FakeClock,
    script: (attempt: number) => Promise<ProbeOutcome> | ProbeOutcome = () => passed,
  ) {
    this.#clock = clock;
    this.#script = script;
  }

  async attempt(timeoutMs: number, signal: AbortSignal): Promise<ProbeOutcome> {
    this.startedAtMs.push(this.#clock.now());
    this.timeoutsMs.push(timeoutMs);
    signal.addEventListener('abort', () => {
      this.aborted += 1;
    });
    return this.#script(this.startedAtMs.length);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

/** A ping once a second, but for the changes. */
export function checkSpec(changes: Partial<CheckSpec> = {}): CheckSpec {
  return {
    name: 'web',
    destination: '192.0.2.1',
    probe: { type: 'ping', payloadBytes: 16, sourceAddress: undefined, sourceInterface: undefined },
    rise: 2,
    fall: 3,
    everyMs: 1_000,
    timeoutMs: 400,
    tries: 1,
    triesIntervalMs: 0,
    runOnHealthy: undefined,
    runOnUnhealthy: undefined,
    ...changes,
  };
}

/** The outcome, when that time has passed. */
export function after(clock: FakeClock, ms: number, outcome: ProbeOutcome): Promise<ProbeOutcome> {
  return new Promise((resolve) => clock.after(ms, () => resolve(outcome)));
}
