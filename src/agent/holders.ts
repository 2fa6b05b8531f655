import type { InterfaceFacts } from '../aws/index.ts';
import type { InstanceStatus } from '../core/index.ts';
import type { ApiHealth } from './api-health.ts';
import type { AgentDeps } from './deps.ts';

/** EC2's status is asked again after this long, and not believed beyond it. */
const STATUS_MS = 10_000;

/** An ENI's primary address never changes, but the instance that it is attached to may. */
const INTERFACE_MS = 60_000;

/** One that EC2 does not show may be new, or another account's: it is not asked for at every turn. */
const MISSING_MS = 5_000;

/** What asking for statuses came to; `retryAtMs` (monotonic) where EC2 did not answer. */
export interface StatusReport {
  readonly isNew: boolean;
  readonly retryAtMs: number | undefined;
}

/** Who holds routes now: the address to probe and the instance to ask EC2 about. */
export class Holders {
  readonly #deps: AgentDeps;
  readonly #apiHealth: ApiHealth;
  readonly #interfaces = new Map<
    string,
    { readonly facts: InterfaceFacts | undefined; readonly untilMs: number }
  >();
  readonly #statuses = new Map<string, { readonly status: InstanceStatus; readonly atMs: number }>();

  constructor(deps: AgentDeps, apiHealth: ApiHealth) {
    this.#deps = deps;
    this.#apiHealth = apiHealth;
  }

  /** The last known facts of an interface; its address stays right, its attachment may be a minute old. */
  interface(interfaceId: string): InterfaceFacts | undefined {
    return this.#interfaces.get(interfaceId)?.facts;
  }

  /** EC2's word on an instance, if it is fresh enough to act on. */
  status(instanceId: string | undefined): InstanceStatus {
    const known = instanceId === undefined ? undefined : this.#statuses.get(instanceId);
    if (known === undefined || this.#deps.clock.now() - known.atMs > STATUS_MS) return 'unknown';
    return known.status;
  }

  /**
   * Asks for the interfaces that are not known or grew old, and forgets the ones not named any more. Returns when to
   * ask again if EC2 did not answer (monotonic ms).
   */
  async resolve(interfaceIds: readonly string[], signal: AbortSignal): Promise<number | undefined> {
    const nowMs = this.#deps.clock.now();
    forgetOthers(this.#interfaces, interfaceIds);
    const wanted = interfaceIds.filter(
      (id) => (this.#interfaces.get(id)?.untilMs ?? Number.NEGATIVE_INFINITY) <= nowMs,
    );
    const subject = 'DescribeNetworkInterfaces';
    if (wanted.length === 0) return this.#missingUntilMs();
    if (!this.#apiHealth.isReady(subject)) return this.#apiHealth.readyAtMs(subject);
    const answer = await this.#deps.describeInterfaces(
      { by: 'interface', ids: wanted, roleArn: undefined },
      signal,
    );
    if (!answer.ok) return this.#apiHealth.failed(subject, answer.failure);
    this.#apiHealth.succeeded(subject);
    const found = new Map(answer.interfaces.map((facts) => [facts.id, facts]));
    for (const id of wanted) {
      const facts = found.get(id);
      // One that was known and is not shown now is believed a little longer: a read may be stale.
      const known = facts ?? this.#interfaces.get(id)?.facts;
      this.#interfaces.set(id, {
        facts: known,
        untilMs: nowMs + (facts === undefined ? MISSING_MS : INTERFACE_MS),
      });
    }
    return this.#missingUntilMs();
  }

  /** When to ask again for what EC2 has not shown yet. */
  #missingUntilMs(): number | undefined {
    const missing = [...this.#interfaces.values()].filter(({ facts }) => facts === undefined);
    return missing.length === 0 ? undefined : Math.min(...missing.map(({ untilMs }) => untilMs));
  }

  /** True where EC2 has never answered for one of these. */
  hasUnasked(instanceIds: readonly string[]): boolean {
    return instanceIds.some((id) => !this.#statuses.has(id));
  }

  /** Asks for the statuses that are not fresh, and forgets instances not named any more. */
  async ask(instanceIds: readonly string[], signal: AbortSignal): Promise<StatusReport> {
    const nowMs = this.#deps.clock.now();
    forgetOthers(this.#statuses, instanceIds);
    // Half the lifetime: an answer must still be fresh when the decision after the next poll wants it.
    const wanted = instanceIds.filter(
      (id) => nowMs - (this.#statuses.get(id)?.atMs ?? -STATUS_MS) >= STATUS_MS / 2,
    );
    const subject = 'DescribeInstanceStatus';
    if (wanted.length === 0) return { isNew: false, retryAtMs: undefined };
    if (!this.#apiHealth.isReady(subject))
      return { isNew: false, retryAtMs: this.#apiHealth.readyAtMs(subject) };
    const answer = await this.#deps.describeInstanceStatus(wanted, signal);
    if (!answer.ok) return { isNew: false, retryAtMs: this.#apiHealth.failed(subject, answer.failure) };
    this.#apiHealth.succeeded(subject);
    for (const [id, status] of answer.statuses) this.#statuses.set(id, { status, atMs: nowMs });
    return { isNew: true, retryAtMs: undefined };
  }
}

function forgetOthers(map: Map<string, unknown>, ids: readonly string[]): void {
  const named = new Set(ids);
  for (const id of map.keys()) if (!named.has(id)) map.delete(id);
}
