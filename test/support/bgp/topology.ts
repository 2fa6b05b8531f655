import { type Family, linkAddress } from './addresses.ts';
import { BirdRouter } from './bird.ts';
import { FrrRouter } from './frr.ts';
import { GobgpRouter } from './gobgp.ts';
import { Lab } from './lab.ts';
import type { NeighbourSpec, Router, RouterKind, RouterSpec } from './router.ts';

/** The routers of a topology, in the order of their links, which count from 1. */
export const ROUTER_KINDS = ['frr', 'bird', 'gobgp', 'gobgp-newest'] as const satisfies readonly RouterKind[];

/** What the routers' own AS is, unless a session says otherwise. */
export const ROUTER_ASN = 65_000;

/** What a session is: over which protocol it runs, and of which family its routes are. */
export const MODES = {
  ipv4: { session: 'ipv4', family: 'ipv4' },
  ipv6: { session: 'ipv6', family: 'ipv6' },
  'v4-over-v6': { session: 'ipv6', family: 'ipv4' },
} as const satisfies Readonly<Record<string, { session: Family; family: Family }>>;

export type Mode = keyof typeof MODES;

/** Sessions of one vpcast with every router: one over IPv4 with IPv4 routes, one over IPv6 with both. */
export interface SessionPlan
  extends Omit<Partial<NeighbourSpec>, 'name' | 'address' | 'localAddress' | 'families' | 'remoteAsn'> {
  readonly name: string;
  /** Of vpcast's address on every link: 10 and above. */
  readonly host: number;
  /** Vpcast's. */
  readonly remoteAsn: number;
  /** Of the router's address on the link. Default 1. */
  readonly routerHost?: 1 | 2 | 3;
  /** Default: all. */
  readonly kinds?: readonly RouterKind[];
}

/** Four routers beside each other, each linked to vpcast's namespace. */
export interface Topology {
  readonly lab: Lab;
  readonly routers: Readonly<Record<RouterKind, Router>>;
  close(): Promise<void>;
}

/** What routers offer, in seconds, unless a test says otherwise: the least that RFC 4271 allows. */
export const HOLD_SEC = 3;

/** Starts the routers that have a session of these. */
export async function openTopology(
  plans: readonly SessionPlan[],
  holdTimeSec: number = HOLD_SEC,
): Promise<Topology> {
  const lab = await Lab.open(ROUTER_KINDS.length);
  try {
    const specs = ROUTER_KINDS.map((kind) => [kind, routerSpec(kind, plans, holdTimeSec)] as const);
    const routers = Object.fromEntries(
      specs.map(([kind, spec]) => [kind, makeRouter(kind, lab, spec)]),
    ) as Record<RouterKind, Router>;
    const needed = specs.filter(([, { neighbours }]) => neighbours.length > 0);
    await Promise.all(needed.map(([kind]) => routers[kind].start()));
    return { lab, routers, close: () => lab.close() };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** The number of a router's link. */
export function linkOf(kind: RouterKind): number {
  return ROUTER_KINDS.indexOf(kind) + 1;
}

/** Both ends of the session of a plan with a router. */
export function endsOf(
  plan: SessionPlan,
  kind: RouterKind,
  session: Family,
): { readonly vpcast: string; readonly router: string } {
  const link = linkOf(kind);
  return {
    vpcast: linkAddress(link, plan.host, session),
    router: linkAddress(link, plan.routerHost ?? 1, session),
  };
}

function makeRouter(kind: RouterKind, lab: Lab, spec: RouterSpec): Router {
  switch (kind) {
    case 'frr':
      return new FrrRouter(lab, linkOf(kind), spec);
    case 'bird':
      return new BirdRouter(lab, linkOf(kind), spec);
    case 'gobgp':
    case 'gobgp-newest':
      return new GobgpRouter(kind, lab, linkOf(kind), spec);
  }
}

function routerSpec(kind: RouterKind, plans: readonly SessionPlan[], holdTimeSec: number): RouterSpec {
  const own = plans.filter(({ kinds }) => kinds === undefined || kinds.includes(kind));
  return {
    routerId: linkAddress(linkOf(kind), 1, 'ipv4'),
    asn: ROUTER_ASN,
    holdTimeSec,
    neighbours: own.flatMap((plan) => [neighbour(plan, kind, 'ipv4'), neighbour(plan, kind, 'ipv6')]),
  };
}

function neighbour(plan: SessionPlan, kind: RouterKind, session: Family): NeighbourSpec {
  const { host: _host, routerHost: _routerHost, kinds: _kinds, name, ...rest } = plan;
  const { vpcast, router } = endsOf(plan, kind, session);
  return {
    localAsn: ROUTER_ASN,
    ...rest,
    name: `${name}_${session}`,
    address: vpcast,
    localAddress: router,
    families: session === 'ipv4' ? ['ipv4'] : ['ipv4', 'ipv6'],
  };
}
