import type { AgentDeps } from '../../src/agent/index.ts';
import type { AwsFailure } from '../../src/aws/index.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { createFaults, type Faults } from '../../src/sandbox/index.ts';
import { peakPerSecond } from '../vpc/call-log.ts';

/** EC2's token buckets in force for one account, and every call that was made against them. */
export class CallMeter {
  readonly #clock: Clock;
  readonly #faults: Faults;
  #times = new Map<string, number[]>();
  #throttled = new Map<string, number>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#faults = createFaults({ clock, random });
    this.#faults.throttle(true);
  }

  /** Counts a call; the failure where EC2 throttles it. */
  take(api: string): AwsFailure | undefined {
    this.#times.set(api, [...(this.#times.get(api) ?? []), this.#clock.now()]);
    // Statuses are asked for by id, without filter or page: EC2 may count that as unfiltered, so it is counted so.
    const isUnfiltered = api === 'DescribeInstanceStatus';
    const call = { action: api, accessKeyId: 'AKIABENCH', accountId: '1', isUnfiltered };
    if (!this.#faults.decide(call).isThrottled) return undefined;
    this.#throttled.set(api, this.throttledOf(api) + 1);
    const message = 'Request limit exceeded.';
    return { kind: 'throttled', api, code: 'RequestLimitExceeded', message, requestId: undefined };
  }

  reset(): void {
    this.#times = new Map();
    this.#throttled = new Map();
  }

  apis(): readonly string[] {
    return [...this.#times.keys()].sort();
  }

  countOf(api: string): number {
    return this.#times.get(api)?.length ?? 0;
  }

  throttledOf(api: string): number {
    return this.#throttled.get(api) ?? 0;
  }

  /** The most calls in one window of that length, per second. */
  peakOf(api: string, windowMs: number): number {
    return peakPerSecond(this.#times.get(api) ?? [], windowMs);
  }
}

const MUTATIONS = { create: 'CreateRoute', replace: 'ReplaceRoute', delete: 'DeleteRoute' } as const;

/** The same dependencies, with every EC2 call going through the meter first. A throttled one takes the API's latency too. */
export function metered(deps: AgentDeps, meter: CallMeter, latencyMs: number): AgentDeps {
  const answered = async <Result>(
    api: string,
    call: () => Promise<Result>,
  ): Promise<Result | { readonly ok: false; readonly failure: AwsFailure }> => {
    const failure = meter.take(api);
    if (failure === undefined) return await call();
    await new Promise<void>((resolve) => {
      deps.clock.after(latencyMs, resolve);
    });
    return { ok: false, failure };
  };
  return {
    ...deps,
    tables: {
      describe: (query, signal) => answered('DescribeRouteTables', () => deps.tables.describe(query, signal)),
      apply: (action, signal) => answered(MUTATIONS[action.kind], () => deps.tables.apply(action, signal)),
    },
    describeInterfaces: (query, signal) =>
      answered('DescribeNetworkInterfaces', () => deps.describeInterfaces(query, signal)),
    describeInstanceStatus: (ids, signal) =>
      answered('DescribeInstanceStatus', () => deps.describeInstanceStatus(ids, signal)),
  };
}
