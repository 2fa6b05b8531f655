import type { InterfaceFacts } from '../aws/index.ts';
import type { OwnInterfaces, SelfTarget } from '../core/index.ts';
import type { ApiHealth } from './api-health.ts';
import type { AgentDeps } from './deps.ts';
import type { AgentSpec } from './spec.ts';

const API = 'DescribeNetworkInterfaces';
const MODIFY_API = 'ModifyNetworkInterfaceAttribute';

/** How long the interfaces are believed without a hint that they changed. */
const REFRESH_MS = 300_000;

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

  /**
   * Asks EC2 again where something hints at a change (or it was long ago). True when the view is usable. A failure
   * keeps the last view.
   */
  async refresh(spec: AgentSpec, signal: AbortSignal): Promise<boolean> {
    await this.#compareWithMetadata();
    const nowMs = this.#deps.clock.now();
    if (!this.#isDoubted && nowMs - this.#readAtMs < REFRESH_MS) return true;
    if (!this.#apiHealth.isReady(API)) return this.isKnown();
    const targets = spec.tableGroups.flatMap((group) => group.routes.map((route) => route.target));
    const instanceIds = [...new Set(targets.map((target) => this.#instanceIdOf(target)))];
    const answer = await this.#deps.describeInterfaces(
      { by: 'instance', ids: instanceIds, roleArn: undefined },
      signal,
    );
    if (!answer.ok) {
      this.#apiHealth.failed(API, answer.failure);
      return this.isKnown();
    }
    this.#apiHealth.succeeded(API);
    this.#readAtMs = nowMs;
    this.#isDoubted = false;
    this.#choose(targets, answer.interfaces);
    await this.#mendSourceDestCheck(spec, answer.interfaces, signal);
    return true;
  }

  /** The instance metadata costs nothing: a change of the ENI list there is the hint to ask EC2. */
  async #compareWithMetadata(): Promise<void> {
    const ids = await this.#deps.readOwnInterfaceIds();
    if (ids === undefined) return;
    const sorted = [...ids].sort();
    if (this.#lastIds !== undefined && sorted.join() !== this.#lastIds.join()) this.#isDoubted = true;
    this.#lastIds = sorted;
  }

  #choose(targets: readonly SelfTarget[], interfaces: readonly InterfaceFacts[]): void {
    const next = new Map<string, OwnInterfaces>();
    for (const target of targets) {
      const instanceId = this.#instanceIdOf(target);
      const own = interfaces.filter((facts) => facts.instanceId === instanceId);
      const chosen = chooseInterface(target, own);
      next.set(targetKey(target), {
        interfaceIds: new Set(own.map((facts) => facts.id)),
        instanceId,
        target: chosen === undefined ? undefined : { kind: 'network-interface', id: chosen.id },
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

  async #mendSourceDestCheck(
    spec: AgentSpec,
    interfaces: readonly InterfaceFacts[],
    signal: AbortSignal,
  ): Promise<void> {
    const used = new Set([...this.#byTarget.values()].flatMap((own) => own.target?.id ?? []));
    const checked = interfaces.filter((facts) => used.has(facts.id) && facts.sourceDestCheck);
    const refusals: SourceDestRefusal[] = [];
    for (const facts of checked) {
      if (spec.manageSourceDestCheck && (await this.#disable(facts.id, signal))) continue;
      if (!spec.manageSourceDestCheck) this.#deps.report(isOn(facts.id));
      refusals.push({ interfaceId: facts.id, instance: facts.instanceId ?? 'SELF' });
    }
    this.#refusals = refusals;
  }

  async #disable(interfaceId: string, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#deps.disableSourceDestCheck(interfaceId, signal);
    if (!answer.ok) {
      this.#apiHealth.failed(MODIFY_API, answer.failure);
      this.#isDoubted = true;
      return false;
    }
    this.#apiHealth.succeeded(MODIFY_API);
    this.#deps.report({ type: 'source-dest-check', interfaceId, state: 'disabled' });
    return true;
  }

  #instanceIdOf(target: SelfTarget): string {
    return target.instance === 'SELF' ? this.#deps.identity.instanceId : target.instance;
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
