/**
 * What an agent remembers of one route of one table beyond the last read: whom it took the route from, how often it
 * lost it again, and its own change that reads may not show yet. Everything else is read afresh each time.
 */
export interface RouteMemory {
  /** The last takeover by `holder-unhealthy` or `holder-impaired`. */
  readonly takeover: Takeover | undefined;
  readonly reclaim: BackOff | undefined;
  /** Times at which the route, seen as mine, was seen to be `holder`'s again, while this agent is its owner. */
  readonly losses: { readonly holder: string; readonly atMs: readonly number[] } | undefined;
  readonly conflict: BackOff | undefined;
  /** True when the last read showed the route as this agent's. */
  readonly wasMine: boolean;
  readonly change: OwnChange | undefined;
}

export interface Takeover {
  readonly from: string;
  readonly atMs: number;
  /** Set once a read has shown the route as mine; only then can it be reclaimed. */
  readonly wasSeen: boolean;
}

/** `count` doublings so far; nothing is taken from `holder` before `untilMs`. */
export interface BackOff {
  readonly holder: string;
  readonly count: number;
  readonly untilMs: number;
}

/** A change of ours that EC2 accepted. Reads may go on showing `before` for a while (eventual consistency). */
export interface OwnChange {
  /** The holder before the change; undefined: no route. */
  readonly before: string | undefined;
  readonly atMs: number;
}

export const EMPTY_MEMORY: RouteMemory = {
  takeover: undefined,
  reclaim: undefined,
  losses: undefined,
  conflict: undefined,
  wasMine: false,
  change: undefined,
};

/** A takeover that is undone within this long was a mistaken one. */
export const RECLAIM_WINDOW_MS = 600_000;
const RECLAIM_FIRST_MS = 30_000;
const RECLAIM_LAST_MS = 1_800_000;

/** This many losses to one holder within the window are a conflict of two owners. */
const CONFLICT_LOSSES = 5;
const CONFLICT_WINDOW_MS = 600_000;
const CONFLICT_FIRST_MS = 30_000;
const CONFLICT_LAST_MS = 300_000;

/** EC2's reads may be this stale: a read that shows the state before our own change is not believed so long. */
export const CONSISTENCY_MS = 10_000;

/** One read of the route, as far as the memory needs it. */
export interface RouteRead {
  readonly holder: string | undefined;
  readonly isMine: boolean;
  /** When the read was sent; a read sent before our own change says nothing about it. */
  readonly readAtMs: number;
  /** True where the config makes this agent the owner (no `if_unhealthy`). */
  readonly isOwner: boolean;
}

/**
 * True while a read shows just what was there before our own accepted change: as far as anyone can tell it is stale.
 * A missing route is never doubted: creating it anew is harmless, and waiting would be an outage.
 */
export function isSettling(memory: RouteMemory, read: Pick<RouteRead, 'holder' | 'readAtMs'>): boolean {
  const { change } = memory;
  if (change?.before === undefined) return false;
  return read.holder === change.before && read.readAtMs - change.atMs < CONSISTENCY_MS;
}

/** The memory after a read. One that may be stale (see `isSettling`) is no loss and no reclaim: it changes nothing. */
export function rememberRead(memory: RouteMemory, read: RouteRead): RouteMemory {
  const { change } = memory;
  if (change !== undefined && read.readAtMs < change.atMs) return memory;
  if (isSettling(memory, read)) return memory;
  const isOld = change !== undefined && read.readAtMs - change.atMs >= CONSISTENCY_MS;
  return {
    ...afterTakeover(memory, read),
    ...afterOwnership(memory, read),
    wasMine: read.isMine,
    // Kept after it was seen as well: another replica of EC2 may answer the next read.
    change: isOld ? undefined : change,
  };
}

/** The memory after EC2 accepted a change of ours. `isTakeover`: by `holder-unhealthy` or `holder-impaired`. */
export function rememberChange(
  memory: RouteMemory,
  change: OwnChange & { readonly isTakeover: boolean },
): RouteMemory {
  const takeover =
    change.isTakeover && change.before !== undefined
      ? { from: change.before, atMs: change.atMs, wasSeen: false }
      : undefined;
  return { ...memory, takeover, wasMine: false, change: { before: change.before, atMs: change.atMs } };
}

function afterTakeover(memory: RouteMemory, read: RouteRead): Pick<RouteMemory, 'takeover' | 'reclaim'> {
  const { takeover, reclaim } = memory;
  const kept = forgetReclaim(reclaim, read.readAtMs);
  if (takeover === undefined) return { takeover, reclaim: kept };
  const isRecent = read.readAtMs - takeover.atMs <= RECLAIM_WINDOW_MS;
  if (!isRecent) return { takeover: undefined, reclaim: read.isMine ? undefined : kept };
  if (read.isMine) return { takeover: { ...takeover, wasSeen: true }, reclaim: kept };
  const isReclaimed = takeover.wasSeen && read.holder === takeover.from;
  if (!isReclaimed) return { takeover: undefined, reclaim: kept };
  return { takeover: undefined, reclaim: doubled(kept, takeover.from, read.readAtMs) };
}

/** A back-off is forgotten when its window has passed after its end without another reclaim. */
function forgetReclaim(reclaim: BackOff | undefined, nowMs: number): BackOff | undefined {
  if (reclaim === undefined) return undefined;
  return nowMs - reclaim.untilMs > RECLAIM_WINDOW_MS ? undefined : reclaim;
}

function doubled(reclaim: BackOff | undefined, holder: string, nowMs: number): BackOff {
  const count = reclaim?.holder === holder ? reclaim.count + 1 : 1;
  const waitMs = Math.min(RECLAIM_FIRST_MS * 2 ** Math.min(count - 1, 10), RECLAIM_LAST_MS);
  return { holder, count, untilMs: nowMs + waitMs };
}

function afterOwnership(memory: RouteMemory, read: RouteRead): Pick<RouteMemory, 'losses' | 'conflict'> {
  const conflict = forgetConflict(memory.conflict, read.readAtMs);
  const isLoss = read.isOwner && memory.wasMine && !read.isMine && read.holder !== undefined;
  if (!isLoss || read.holder === undefined) return { losses: memory.losses, conflict };
  const earlier = memory.losses?.holder === read.holder ? memory.losses.atMs : [];
  const atMs = [...earlier.filter((at) => read.readAtMs - at < CONFLICT_WINDOW_MS), read.readAtMs];
  const isKnownFight = conflict?.holder === read.holder;
  const losses = { holder: read.holder, atMs: atMs.slice(-CONFLICT_LOSSES) };
  if (atMs.length < CONFLICT_LOSSES && !isKnownFight) return { losses, conflict };
  // Once there was a fight, each further loss doubles the wait at once.
  const count = isKnownFight ? conflict.count + 1 : 1;
  const waitMs = Math.min(CONFLICT_FIRST_MS * 2 ** Math.min(count - 1, 10), CONFLICT_LAST_MS);
  return { losses, conflict: { holder: read.holder, count, untilMs: read.readAtMs + waitMs } };
}

function forgetConflict(conflict: BackOff | undefined, nowMs: number): BackOff | undefined {
  if (conflict === undefined) return undefined;
  return nowMs - conflict.untilMs > CONFLICT_WINDOW_MS ? undefined : conflict;
}
