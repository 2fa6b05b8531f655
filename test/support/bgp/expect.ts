import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { NotInTimeError, waitFor } from '../story/wait.ts';
import type { NeighbourView, RouterKind, TableEntry } from './router.ts';
import {
  endsOf,
  MODES,
  type Mode,
  ROUTER_ASN,
  ROUTER_KINDS,
  type SessionPlan,
  type Topology,
} from './topology.ts';

/** Generous: nothing here is judged by time. */
const LIMIT_MS = 30_000;

/** One session as a test sees it: the router's table of one family, of one neighbour. */
export interface Cell {
  readonly kind: RouterKind;
  readonly mode: Mode;
}

/** Every router in every mode; for a plan of some routers only these. */
export function cellsOf({ kinds = ROUTER_KINDS }: Pick<SessionPlan, 'kinds'> = {}): readonly Cell[] {
  return kinds.flatMap((kind) => (Object.keys(MODES) as Mode[]).map((mode) => ({ kind, mode })));
}

/** Every session: those of `v4-over-v6` are those of `ipv6`. */
export function sessionsOf(plan: Pick<SessionPlan, 'kinds'> = {}): readonly Cell[] {
  return cellsOf(plan).filter(({ mode }) => mode !== 'v4-over-v6');
}

/** Does something for all cells at once, and tells of every one that fails. */
export async function forEachCell(
  cells: readonly Cell[],
  act: (cell: Cell) => Promise<unknown>,
): Promise<void> {
  const results = await Promise.allSettled(cells.map(act));
  const failures = results.flatMap((result, index) => {
    const { kind, mode } = cells[index] ?? {};
    return result.status === 'rejected' ? [`${kind} by ${mode}: ${result.reason}`] : [];
  });
  if (failures.length > 0) throw new Error(failures.join('\n'), { cause: results });
}

/** The n-th prefix of the tests, of the cell's family. */
export function prefixOf({ mode }: Cell, n: number): string {
  return MODES[mode].family === 'ipv4' ? `10.200.0.${n}/32` : `fd77:200::${n.toString(16)}/128`;
}

/** What the n-th prefixes are announced as, IPv4 and IPv6: entries of `announcer.routes`. */
export function routes(n: number, more: Readonly<Record<string, unknown>> = {}): readonly unknown[] {
  return [`10.200.0.${n}/32`, `fd77:200::${n.toString(16)}/128`].map((prefix) => ({ prefix, ...more }));
}

/** How the n-th prefix stands in a router's table when nothing is said about it. */
export function entryOf(
  plan: SessionPlan,
  cell: Cell,
  n: number,
  more: Partial<TableEntry> = {},
): TableEntry {
  const isIbgp = plan.remoteAsn === (plan.localAsn ?? ROUTER_ASN);
  return {
    prefix: prefixOf(cell, n),
    nextHop: endsOf(plan, cell.kind, MODES[cell.mode].session).vpcast,
    origin: 'igp',
    asPath: isIbgp ? [] : [plan.remoteAsn],
    med: undefined,
    localPref: isIbgp ? 100 : undefined,
    communities: [],
    extendedCommunities: [],
    largeCommunities: [],
    ...more,
  };
}

/** What the router has from vpcast of the cell's family. */
export async function tableOf(
  { routers }: Topology,
  plan: SessionPlan,
  { kind, mode }: Cell,
): Promise<readonly TableEntry[]> {
  const { session, family } = MODES[mode];
  return await routers[kind].table(endsOf(plan, kind, session).vpcast, family);
}

export async function neighbourOf(
  { routers }: Topology,
  plan: SessionPlan,
  { kind, mode }: Cell,
): Promise<NeighbourView> {
  return await routers[kind].neighbour(endsOf(plan, kind, MODES[mode].session).vpcast);
}

/** Waits until the router's table is exactly this; fails with the difference when it does not come to that. */
export async function expectTable(
  topology: Topology,
  plan: SessionPlan,
  cell: Cell,
  expected: readonly TableEntry[],
): Promise<void> {
  const wanted = [...expected].sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
  let seen: readonly TableEntry[] = [];
  const look = async (): Promise<boolean> => {
    seen = await tableOf(topology, plan, cell);
    return isDeepStrictEqual(seen, wanted);
  };
  const what = `the table of ${cell.kind} by ${cell.mode}`;
  try {
    await waitFor(look, { limitMs: LIMIT_MS, what, everyMs: 50 });
  } catch (error) {
    if (!(error instanceof NotInTimeError)) throw error;
    const view = JSON.stringify(await neighbourOf(topology, plan, cell));
    expect(seen, `${what}; the session: ${view}`).toEqual(wanted);
  }
}

/** Waits until the router's own view of the session fits. */
export async function expectNeighbour(
  topology: Topology,
  plan: SessionPlan,
  cell: Cell,
  fits: (view: NeighbourView) => boolean,
): Promise<NeighbourView> {
  let seen: NeighbourView | undefined;
  const look = async (): Promise<NeighbourView | undefined> => {
    seen = await neighbourOf(topology, plan, cell);
    return fits(seen) ? seen : undefined;
  };
  try {
    return await waitFor(look, { limitMs: LIMIT_MS, what: 'a session', everyMs: 50 });
  } catch (error) {
    const what = `${cell.kind} by ${cell.mode}: ${JSON.stringify(seen)}\n${topology.routers[cell.kind].log().slice(-20).join('\n')}`;
    throw new Error(what, { cause: error });
  }
}
