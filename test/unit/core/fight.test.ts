import { describe, expect, it } from 'vitest';
import {
  decide,
  EMPTY_MEMORY,
  isTakeover,
  type ObservedRoute,
  type RouteMemory,
  rememberChange,
  rememberRead,
} from '../../../src/core/index.ts';
import { routeSpec } from '../../support/facts.ts';

const SEC = 1_000;

/** Who acts after whom. */
type Order = readonly string[];

interface Turn {
  readonly agent: string;
  readonly atMs: number;
}

/** One route and agents that all think themselves healthy. No backup sees that another holder is healthy. */
class Fight {
  readonly #memories = new Map<string, RouteMemory>();
  holder = 'eni-a';
  exchanges = 0;

  /** Reads, decides, changes. The change's answer comes at once. */
  act({ agent, atMs }: Turn): void {
    const before = this.holder;
    const verdict = this.#decide({ agent, atMs });
    if (verdict.verdict !== 'replace') return;
    const memory = this.#memories.get(agent) ?? EMPTY_MEMORY;
    const change = { before, after: agent, atMs, isTakeover: isTakeover(verdict.reason), isMine: true };
    this.#memories.set(agent, rememberChange(memory, change));
    this.holder = agent;
    this.exchanges += 1;
  }

  read({ agent, atMs }: Turn): void {
    const memory = this.#memories.get(agent) ?? EMPTY_MEMORY;
    const { holder } = this;
    const read = { holder, isMine: holder === agent, readAtMs: atMs, isOwner: agent === 'eni-a' };
    this.#memories.set(agent, rememberRead(memory, read));
  }

  #decide({ agent, atMs }: Turn) {
    this.read({ agent, atMs });
    const observed: ObservedRoute = {
      destination: { kind: 'ipv4', cidr: '10.0.0.0/24' },
      target: { kind: 'network-interface', id: this.holder },
      instanceId: undefined,
      interfaceId: this.holder,
      origin: 'CreateRoute',
      state: 'active',
    };
    return decide({
      spec: routeSpec({ ifUnhealthy: agent !== 'eni-a', neverDelete: true }),
      observed,
      readAtMs: atMs,
      own: {
        interfaceIds: new Set([agent]),
        instanceId: undefined,
        target: { kind: 'network-interface', id: agent },
      },
      health: { health: 'healthy', healthySinceMs: 0, unhealthySinceMs: undefined },
      isDraining: false,
      holderHealth: 'unhealthy',
      holderStatus: 'ok',
      memory: this.#memories.get(agent) ?? EMPTY_MEMORY,
      nowMs: atMs,
    });
  }
}

/** Exchanges in an hour: each 10 s have their order of turns; the last ones go on in turn. */
function exchangesInAnHour(verifies: boolean, last: readonly Order[], first: readonly Order[] = []): number {
  const fight = new Fight();
  for (let index = 0; index < 360; index += 1) {
    const atMs = index * 10 * SEC;
    const order = first[index] ?? last[index % last.length] ?? [];
    for (const agent of order) {
      fight.act({ agent, atMs });
      if (verifies) fight.read({ agent, atMs });
    }
  }
  return fight.exchanges;
}

describe('agents whose checks of each other fail', () => {
  it('end a fight of two', () => {
    expect(exchangesInAnHour(true, [['eni-b', 'eni-a']])).toBeLessThan(20);
  });

  it('end a fight of two though the owner is back before a read shows the takeover', () => {
    expect(exchangesInAnHour(false, [['eni-b', 'eni-a']])).toBeLessThan(20);
  });

  it('end a fight of three in which each loses the route to another than it took it from', () => {
    expect(exchangesInAnHour(true, [['eni-c', 'eni-b', 'eni-a']])).toBeLessThan(60);
  });

  it('end a fight in which two backups take the route from its owner in turn', () => {
    const first: readonly Order[] = [
      ['eni-c', 'eni-a', 'eni-b'],
      ['eni-c', 'eni-a'],
    ];
    const last: readonly Order[] = [
      ['eni-c', 'eni-b', 'eni-a'],
      ['eni-b', 'eni-c', 'eni-a'],
    ];
    expect(exchangesInAnHour(true, last, first)).toBeLessThan(60);
  });
});
