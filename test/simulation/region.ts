import { type AwsFailure, classify, type InterfaceFacts } from '../../src/aws/index.ts';
import type { InstanceStatus, ObservedTable } from '../../src/core/index.ts';
import {
  createWorld,
  type Instance,
  type NetworkInterface,
  type World,
  type WorldState,
} from '../../src/sandbox/index.ts';
import { createThrottle } from '../../src/sandbox/throttle.ts';
import type { ApiResult } from '../../src/sandbox/world/api-error.ts';
import { observedTables } from './observed-tables.ts';
import { type Random, randomOf } from './random.ts';
import { scenarioOf } from './region-scenario.ts';
import type { Api, ApiTrouble, Script } from './script.ts';
import type { SimClock } from './sim-clock.ts';
import type { SimProcess } from './sim-process.ts';

/** What is wrong with EC2's API, for an agent (or `*`) and an API (or `*`). */
export type Condition = { readonly agent: string } & (
  | {
      readonly kind: 'trouble';
      readonly api: Api | '*';
      readonly trouble: ApiTrouble;
      readonly share: number;
    }
  | { readonly kind: 'stale'; readonly maxMs: number }
  | { readonly kind: 'slow'; readonly addMs: number }
);

/** The region as a read shows it: when it was so, and what it was. */
export interface Seen {
  readonly atMs: number;
  readonly state: WorldState;
}

export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: AwsFailure };

interface Call<Value> {
  readonly process: SimProcess;
  readonly api: Api;
  readonly signal: AbortSignal;
  readonly run: (seen: Seen) => ApiResult<Value>;
}

/**
 * EC2 in one region, on the simulation's clock: the sandbox's model of route tables and instances, AWS's token buckets,
 * and a network on which a call can get lost, late or stuck on either way.
 */
export class Region {
  readonly world: World;
  readonly conditions = new Set<Condition>();
  readonly #clock: SimClock;
  readonly #script: Script;
  readonly #throttle: ReturnType<typeof createThrottle>;
  readonly #random = new Map<string, Random>();

  constructor(script: Script, clock: SimClock) {
    this.#script = script;
    this.#clock = clock;
    this.world = createWorld(scenarioOf(script), {
      clock,
      random: randomOf(script.seed, 'world'),
      journalCapacity: 10,
    });
    this.#throttle = createThrottle({}, clock);
  }

  /** Uses up a token of one of the account's buckets; false where EC2 would refuse. */
  takeToken(api: Api): boolean {
    return this.#throttle.take({ action: api, accountId: '1', isUnfiltered: false });
  }

  /** One request from a process. Its effect, if it has one, comes whether or not the process lives to hear of it. */
  call<Value>({ process, api, signal, run }: Call<Value>): Promise<Answer<Value>> {
    const random = this.#randomFor(`${process.label} ${api}`);
    const trouble = this.#troubleFor(process.name, api, random);
    const wayMs = this.#wayMs(process.name, random);
    const { requestTimeoutMs } = this.#script.fleet;
    return new Promise((resolve) => {
      const answer = (value: Answer<Value>): void => {
        timeout.cancel();
        signal.removeEventListener('abort', onAbort);
        resolve(value);
      };
      const fail = (error: unknown): void => answer({ ok: false, failure: classify(api, error) });
      const later = (delayMs: number, tell: () => void) =>
        this.#clock.after(delayMs, () => process.deliver(tell));
      const onAbort = (): void => fail({ name: 'AbortError' });
      const giveUp = (): void => fail({ code: 'timeout', message: 'no answer' });
      const timeout = this.#clock.after(requestTimeoutMs, () => process.deliver(giveUp, 'timer'));
      signal.addEventListener('abort', onAbort, { once: true });
      if (trouble === 'unreachable') {
        later(1, () => fail({ code: 'ECONNREFUSED', message: 'refused' }));
        return;
      }
      const lateMs = trouble === 'late' ? requestTimeoutMs + random() * 5_000 : 0;
      this.#clock.after(wayMs + lateMs, () => {
        if (trouble === 'stuck') return;
        if (trouble === 'reset') {
          later(wayMs, () => fail({ code: 'ECONNRESET', message: 'reset' }));
          return;
        }
        const refusal = this.#refusalFor(api, trouble);
        if (refusal !== undefined) {
          later(wayMs, () => fail(refusal));
          return;
        }
        const result = run(this.#seenBy(process.name, api, random));
        process.reached('executed');
        if (trouble === 'lose-answer') later(wayMs, () => fail({ code: 'ECONNRESET', message: 'reset' }));
        else if (result.ok) later(wayMs, () => answer({ ok: true, value: result.value }));
        else later(wayMs, () => fail(sdkError(result.error)));
      });
      process.reached('sent');
    });
  }

  /** The region as the process would read it now. */
  #seenBy(name: string, api: Api, random: Random): Seen {
    const nowMs = this.#clock.now();
    if (!api.startsWith('Describe')) return { atMs: nowMs, state: this.world.state() };
    let maxMs = 0;
    for (const each of this.conditions) {
      if (each.kind === 'stale' && isFor(each, name)) maxMs = Math.max(maxMs, each.maxMs);
    }
    // Each read is answered by some replica: now a lagging one, now one that is up to date.
    const ageMs = maxMs === 0 || random() < 0.3 ? 0 : random() * maxMs;
    return { atMs: nowMs - ageMs, state: this.world.stateAgo(ageMs) };
  }

  #refusalFor(api: Api, trouble: ApiTrouble | undefined): object | undefined {
    if (trouble === 'throttled' || !this.takeToken(api)) {
      return sdkError({ code: 'RequestLimitExceeded', message: 'Request limit exceeded.', httpStatus: 503 });
    }
    if (trouble === 'error') return sdkError({ code: 'InternalError', message: 'internal', httpStatus: 500 });
    if (trouble !== 'unauthorized') return undefined;
    return sdkError({ code: 'UnauthorizedOperation', message: 'not authorized', httpStatus: 403 });
  }

  #troubleFor(name: string, api: Api, random: Random): ApiTrouble | undefined {
    for (const each of this.conditions) {
      if (each.kind !== 'trouble' || !isFor(each, name)) continue;
      if ((each.api === '*' || each.api === api) && random() < each.share) return each.trouble;
    }
    return undefined;
  }

  /** One way of a call, in ms. */
  #wayMs(name: string, random: Random): number {
    let addMs = 0;
    for (const each of this.conditions) {
      if (each.kind === 'slow' && isFor(each, name)) addMs += each.addMs;
    }
    return ((this.#script.fleet.latencyMs + addMs) / 2) * (1 + random());
  }

  #randomFor(stream: string): Random {
    const known = this.#random.get(stream);
    if (known !== undefined) return known;
    const made = randomOf(this.#script.seed, stream);
    this.#random.set(stream, made);
    return made;
  }
}

/** What DescribeRouteTables shows. */
export function readTables(
  seen: Seen,
  ids: readonly string[] | undefined,
): readonly Omit<ObservedTable, 'readAtMs'>[] {
  const all = observedTables(seen.state);
  return ids === undefined ? all : all.filter((table) => ids.includes(table.id));
}

/** What DescribeNetworkInterfaces shows, as the agent's client reads it. */
export function readInterface(eni: NetworkInterface): InterfaceFacts {
  return {
    id: eni.id,
    instanceId: eni.attachment?.instanceId,
    deviceIndex: eni.attachment?.deviceIndex,
    primaryAddress: eni.primaryIp,
    sourceDestCheck: eni.sourceDestCheck,
    subnetId: eni.subnetId,
    vpcId: eni.vpcId,
    ownerId: eni.ownerId,
    availabilityZone: eni.availabilityZone,
    status: eni.attachment === undefined ? 'available' : 'in-use',
  };
}

/** What DescribeInstanceStatus comes to, as the agent's client reads it. */
export function readStatus(instance: Instance | undefined): InstanceStatus {
  if (instance === undefined) return 'unknown';
  if (instance.state !== 'running') return 'not-running';
  const checks = [instance.systemStatus, instance.instanceStatus];
  if (checks.includes('impaired')) return 'impaired';
  return checks.every((check) => check === 'ok') ? 'ok' : 'unknown';
}

function isFor({ agent }: Condition, name: string): boolean {
  return agent === '*' || agent === name;
}

function sdkError({
  code,
  message,
  httpStatus,
}: {
  code: string;
  message: string;
  httpStatus: number;
}): object {
  return { name: code, message, $metadata: { httpStatusCode: httpStatus } };
}
