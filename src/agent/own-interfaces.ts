import type { InterfaceFacts } from '../aws/index.ts';
import type { OwnInterfaces, SelfTarget } from '../core/index.ts';
import type { ApiHealth } from './api-health.ts';
import type { AgentDeps } from './deps.ts';
import type { AgentSpec } from './spec.ts';

const API = 'DescribeNetworkInterfaces';
const MODIFY_API = 'ModifyNetworkInterfaceAttribute';

/** How long the interfaces are believed without a hint that they changed. */
const REFRESH_MS = 300_000;

/** EC2's reads may be this stale. */
const LAG_MS = 10_000;
const LAG_RETRY_MS = 1_000;

const NONE: OwnInterfaces = { interfaceIds: new Set(), instanceId: undefined, target: undefined };

/** A source/dest check that is on: traffic for other addresses than the interface's own would be dropped. */
export interface SourceDestRefusal {
  readonly interfaceId: string;
  readonly instance: string;
}

/** Which ENIs are this agent's, and which one its routes point at. */
export class OwnInterfacesView {
  readonly #deps: AgentDeps;
  readonly #apiHealth: ApiHealth;
  #byTarget: ReadonlyMap<string, OwnInterfaces> = new Map();
  #refusals: readonly SourceDestRefusal[] = [];
  #lastIds: readonly string[] | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #isDoubted = true;
  /** True while a source/dest check that we are to switch off is still on. */
  #isUnmended = false;
  #lagSinceMs: number | undefined;

  constructor(deps: AgentDeps, apiHealth: ApiHealth) {
    this.#deps = deps;
    this.#apiHealth = apiHealth;
  }

  /** The interfaces for a route's target; nothing is mine and nothing can be taken before the first answer. */
  lookup(target: SelfTarget): OwnInterfaces {
    return this.#byTarget.get(targetKey(target)) ?? NONE;
  }

  /** False until EC2 has answered once. */
  isKnown(): boolean {
    return this.#byTarget.size > 0;
  }

  /** Interfaces whose source/dest check is on and was not to be disabled by us. */
  refusals(): readonly SourceDestRefusal[] {
    return this.#refusals;
  }

  /** Says that the interfaces may have changed: the next `refresh` asks EC2. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** True when the interfaces are known and none of them is still to have its source/dest check switched off. */
  isSettled(): boolean {
    return this.isKnown() && !this.#isUnmended;
  }

  /**
   * Asks EC2 again where something hints at a change (or it was long ago). Returns when to ask again (monotonic ms)
   * where the answer failed, or lacks what the metadata lists; a failure keeps the last view. Without routes nobody is
   * asked.
   */
  async refresh(spec: AgentSpec, signal: AbortSignal): Promise<number | undefined> {
    if (spec.tableGroups.length === 0) return undefined;
    await this.#compareWithMetadata();
    const nowMs = this.#deps.clock.now();
    if (!this.#isDoubted && nowMs - this.#readAtMs < REFRESH_MS) return undefined;
    if (!this.#apiHealth.isReady(API)) return this.#apiHealth.readyAtMs(API);
    const targets = spec.tableGroups.flatMap((group) => group.routes.map((route) => route.target));
    const ids = [...new Set(targets.map((target) => this.#instanceIdOf(target)))];
    const answer = await this.#deps.describeInterfaces({ by: 'instance', ids, roleArn: undefined }, signal);
    if (!answer.ok) return this.#apiHealth.failed(API, answer.failure);
    this.#apiHealth.succeeded(API);
    // EC2's reads lag behind the instance itself: what is attached and not shown yet will be.
    const shown = new Set(answer.interfaces.map((facts) => facts.id));
    const isAsked = ids.includes(this.#deps.identity().instanceId);
    const isLagging = isAsked && this.#lastIds?.some((id) => !shown.has(id)) === true;
    if (isLagging && !this.#isLate(nowMs)) return nowMs + LAG_RETRY_MS;
    this.#readAtMs = nowMs;
    this.#lagSinceMs = undefined;
    const unusable = await this.#mendSourceDestCheck(spec, this.#chosen(targets, answer.interfaces), signal);
    this.#take(targets, answer.interfaces, unusable);
    // Until every target has an interface that works, each poll asks again.
    this.#isDoubted = [...this.#byTarget.values()].some((own) => own.target === undefined);
    return this.#isUnmended ? this.#apiHealth.readyAtMs(MODIFY_API) : undefined;
  }

  /** A lag is waited out for as long as EC2's reads can be stale, then EC2's word is taken. */
  #isLate(nowMs: number): boolean {
    this.#lagSinceMs ??= nowMs;
    return nowMs - this.#lagSinceMs >= LAG_MS;
  }

  /** The instance metadata costs nothing: a change of the ENI list there is the hint to ask EC2. */
  async #compareWithMetadata(): Promise<void> {
    const ids = await this.#deps.readOwnInterfaceIds();
    if (ids === undefined) return;
    const sorted = [...ids].sort();
    if (this.#lastIds !== undefined && sorted.join() !== this.#lastIds.join()) this.#isDoubted = true;
    this.#lastIds = sorted;
  }

  #chosen(
    targets: readonly SelfTarget[],
    interfaces: readonly InterfaceFacts[],
  ): ReadonlyMap<string, InterfaceFacts> {
    const chosen = targets.flatMap((target) => {
      const instanceId = this.#instanceIdOf(target);
      const own = interfaces.filter((facts) => facts.instanceId === instanceId);
      return chooseInterface(target, own) ?? [];
    });
    return new Map(chosen.map((facts) => [facts.id, facts]));
  }

  /** An interface that would drop routed traffic is mine, but nothing is pointed at it. */
  #take(
    targets: readonly SelfTarget[],
    interfaces: readonly InterfaceFacts[],
    unusable: ReadonlySet<string>,
  ): void {
    const next = new Map<string, OwnInterfaces>();
    for (const target of targets) {
      const instanceId = this.#instanceIdOf(target);
      const own = interfaces.filter((facts) => facts.instanceId === instanceId);
      const id = chooseInterface(target, own)?.id;
      const isUsable = id !== undefined && !unusable.has(id);
      next.set(targetKey(target), {
        interfaceIds: new Set(own.map((facts) => facts.id)),
        instanceId,
        target: isUsable ? { kind: 'network-interface', id } : undefined,
      });
    }
    this.#tell(next);
    this.#byTarget = next;
  }

  #tell(next: ReadonlyMap<string, OwnInterfaces>): void {
    for (const [key, own] of next) {
      const before = this.#byTarget.get(key);
      if (before !== undefined && before.target?.id === own.target?.id) continue;
      this.#deps.report({
        type: 'own-interface',
        instance: own.instanceId ?? 'SELF',
        interfaceId: own.target?.id,
        why: own.target === undefined ? `no interface fits (${key})` : key,
      });
    }
  }

  /** Returns the interfaces that drop routed traffic all the same. */
  async #mendSourceDestCheck(
    spec: AgentSpec,
    chosen: ReadonlyMap<string, InterfaceFacts>,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const unusable = new Set<string>();
    const refusals: SourceDestRefusal[] = [];
    this.#isUnmended = false;
    for (const { id, instanceId, sourceDestCheck } of chosen.values()) {
      if (!sourceDestCheck) continue;
      const mended = spec.manageSourceDestCheck ? await this.#disable(id, signal) : 'refused';
      if (mended === 'done') continue;
      unusable.add(id);
      if (mended === 'later') this.#isUnmended = true;
      else refusals.push({ interfaceId: id, instance: instanceId ?? 'SELF' });
    }
    const told = new Set(this.#refusals.map((refusal) => refusal.interfaceId));
    for (const { interfaceId } of refusals) if (!told.has(interfaceId)) this.#deps.report(isOn(interfaceId));
    this.#refusals = refusals;
    return unusable;
  }

  /** Only a missing permission is final: all else is tried again, and no route is touched meanwhile. */
  async #disable(interfaceId: string, signal: AbortSignal): Promise<'done' | 'later' | 'refused'> {
    if (!this.#apiHealth.isReady(MODIFY_API)) return 'later';
    const answer = await this.#deps.disableSourceDestCheck(interfaceId, signal);
    if (!answer.ok) {
      this.#apiHealth.failed(MODIFY_API, answer.failure);
      return answer.failure.kind === 'unauthorized' ? 'refused' : 'later';
    }
    this.#apiHealth.succeeded(MODIFY_API);
    this.#deps.report({ type: 'source-dest-check', interfaceId, state: 'disabled' });
    return 'done';
  }

  #instanceIdOf(target: SelfTarget): string {
    return target.instance === 'SELF' ? this.#deps.identity().instanceId : target.instance;
  }
}

/**
 * The interface that routes point at: the configured one, else the one with source/dest check off (the lowest device
 * index among several), else the primary.
 */
export function chooseInterface(
  target: SelfTarget,
  own: readonly InterfaceFacts[],
): InterfaceFacts | undefined {
  const byIndex = [...own].sort((a, b) => (a.deviceIndex ?? 99) - (b.deviceIndex ?? 99));
  if (typeof target.interface === 'string') return byIndex.find((facts) => facts.id === target.interface);
  if (target.interface !== undefined) return byIndex.find((facts) => facts.deviceIndex === target.interface);
  return byIndex.find((facts) => !facts.sourceDestCheck) ?? byIndex[0];
}

function targetKey(target: SelfTarget): string {
  return `instance ${target.instance}, interface ${target.interface ?? 'default'}`;
}

function isOn(interfaceId: string): { type: 'source-dest-check'; interfaceId: string; state: 'on' } {
  return { type: 'source-dest-check', interfaceId, state: 'on' };
}
