import type { InterfaceFacts } from '../aws/index.ts';
import type { CheckTemplate } from '../checks/index.ts';
import type { InstanceStatus } from '../core/index.ts';
import type { ApiHealth } from './api-health.ts';
import type { AgentDeps } from './deps.ts';
import type { RemoteTarget } from './health-view.ts';

/** EC2's status is asked again after this long, and not believed beyond it. */
const STATUS_MS = 10_000;

/**
 * Where the remote check passes, EC2's status is a second opinion, and its own checks run once a minute: it is asked no
 * more often.
 */
const SECOND_OPINION_MS = 60_000;

/** An ENI's primary address never changes; the instance that it is attached to hardly ever does. */
const INTERFACE_MS = 300_000;

/** One that EC2 does not show may be new, or another account's: it is not asked for at every turn. */
const MISSING_MS = 5_000;

/** An instance whose status could change a decision. `isWatched`: a remote check passes on all that it holds. */
export interface AskedInstance {
  readonly id: string;
  readonly isWatched: boolean;
}

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

  /** The remote checks that can run: those whose holder's address is known. */
  targets(
    templates: readonly CheckTemplate[],
    wanted: readonly { readonly name: string; readonly interfaceId: string }[],
  ): readonly RemoteTarget[] {
    const byName = new Map(templates.map((template) => [template.name, template]));
    return wanted.flatMap(({ name, interfaceId }) => {
      const template = byName.get(name);
      const address = this.interface(interfaceId)?.primaryAddress;
      return template === undefined || address === undefined ? [] : [{ template, interfaceId, address }];
    });
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
  hasUnasked(asked: readonly AskedInstance[]): boolean {
    return asked.some(({ id }) => !this.#statuses.has(id));
  }

  /** Asks for the statuses that are not fresh, and forgets instances not named any more. */
  async ask(asked: readonly AskedInstance[], signal: AbortSignal): Promise<StatusReport> {
    const nowMs = this.#deps.clock.now();
    forgetOthers(
      this.#statuses,
      asked.map(({ id }) => id),
    );
    const wanted = asked.filter((each) => this.#isDue(each, nowMs)).map(({ id }) => id);
    const subject = 'DescribeInstanceStatus';
    if (wanted.length === 0) return { isNew: false, retryAtMs: this.#nextAtMs() };
    if (!this.#apiHealth.isReady(subject))
      return { isNew: false, retryAtMs: this.#apiHealth.readyAtMs(subject) };
    const answer = await this.#deps.describeInstanceStatus(wanted, signal);
    if (!answer.ok) return { isNew: false, retryAtMs: this.#apiHealth.failed(subject, answer.failure) };
    this.#apiHealth.succeeded(subject);
    for (const [id, status] of answer.statuses) this.#statuses.set(id, { status, atMs: nowMs });
    return { isNew: true, retryAtMs: this.#nextAtMs() };
  }

  #isDue({ id, isWatched }: AskedInstance, nowMs: number): boolean {
    const known = this.#statuses.get(id);
    if (known === undefined) return true;
    const ageMs = nowMs - known.atMs;
    if (isWatched && known.status === 'ok') return ageMs >= SECOND_OPINION_MS;
    // Half the lifetime: an answer must still be fresh when the decision after the next poll wants it.
    return ageMs >= STATUS_MS / 2;
  }

  /** A bad word is kept fresh for as long as it stands: what is decided on it may have to be tried again. */
  #nextAtMs(): number | undefined {
    const bad = [...this.#statuses.values()].filter(({ status }) => isBad(status));
    return bad.length === 0 ? undefined : Math.min(...bad.map(({ atMs }) => atMs)) + STATUS_MS;
  }
}

function isBad(status: InstanceStatus): boolean {
  return status === 'impaired' || status === 'not-running';
}

function forgetOthers(map: Map<string, unknown>, ids: readonly string[]): void {
  const named = new Set(ids);
  for (const id of map.keys()) if (!named.has(id)) map.delete(id);
}
