import { assertNever } from '../../../src/lib/assert-never.ts';
import type { Undo } from './faults.ts';
import type { Fleet } from './fleet.ts';
import type { FaultKind } from './kinds.ts';
import { HUB_ADDRESS, type Obstacle } from './network.ts';
import type { ChaosNode } from './node.ts';
import type { Fault } from './schedule.ts';

type NetFaultKind = Extract<FaultKind, `net-${string}`>;

export function isNetFault(kind: FaultKind): kind is NetFaultKind {
  return kind.startsWith('net-');
}

/** Packets are lost on the way. */
export function beginNetFault(fleet: Fleet, fault: Fault & { readonly kind: NetFaultKind }): Undo {
  const { network, spans, sandbox } = fleet;
  const addresses = fleet.nodes.map(({ facts }) => facts.address);
  const obstacles = obstaclesOf(fault, addresses, Number(new URL(sandbox.url).port));
  const ends = obstacles.map(({ from, to }) => spans.open(`path ${from} ${to}`));
  const remove = network.obstruct(obstacles);
  return () => {
    remove();
    for (const end of ends) end();
  };
}

/** Takes the node's cable out: no path of its own is whole then. */
export function cutLink({ network, spans }: Fleet, { facts }: ChaosNode): () => void {
  const end = spans.open(`link ${facts.index}`);
  network.setLink(facts.name, facts.address, false);
  return () => {
    network.setLink(facts.name, facts.address, true);
    end();
  };
}

/** The names under which a path in both directions is on record. */
export function pathsBetween(a: string, b: string): readonly string[] {
  return [`path ${a} ${b}`, `path ${b} ${a}`];
}

function obstaclesOf(
  { kind, node, other, size, choice }: Fault & { readonly kind: NetFaultKind },
  addresses: readonly string[],
  apiPort: number,
): readonly Obstacle[] {
  const own = addresses[node] ?? '';
  const peer = addresses[other] ?? '';
  const others = addresses.filter((address) => address !== own);
  const bothWays = (to: string, lossPercent: number): readonly Obstacle[] => [
    { from: own, to, lossPercent },
    { from: to, to: own, lossPercent },
  ];
  const api = { lossPercent: size < 0.7 ? 100 : 50, hubPort: apiPort };
  switch (kind) {
    case 'net-isolated':
      // With or without the API and the metadata.
      return [...others, ...(choice < 0.5 ? [HUB_ADDRESS] : [])].flatMap((to) => bothWays(to, 100));
    case 'net-lossy':
      return [...others, HUB_ADDRESS].flatMap((to) => bothWays(to, 30));
    case 'net-one-way': {
      // One node no longer hears another, or any other.
      const deaf = choice < 0.6 ? [peer] : others;
      return deaf.map((from) => ({ from, to: own, lossPercent: 100 }));
    }
    case 'net-no-api':
      return [{ from: own, to: HUB_ADDRESS, ...api }];
    case 'net-no-answers':
      return [{ from: HUB_ADDRESS, to: own, ...api }];
    default:
      return assertNever(kind);
  }
}
