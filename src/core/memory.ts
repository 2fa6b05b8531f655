/**
 * What an agent remembers of one route of one table beyond the last read: whom it took the route from, how often it
 * lost it again, and its own change that reads may not show yet. Everything else is read afresh each time.
 */
export interface RouteMemory {
  /** The last takeover by `holder-unhealthy` or `holder-impaired`. */
  readonly takeover: Takeover | undefined;
  readonly reclaim: ReclaimBackOff | undefined;
  /** When a takeover was last lost to another backup in the moment in which it was made. */
  readonly raceAtMs: number | undefined;
  /** Times at which the route, seen as mine, was seen to be `holder`'s again, while this agent is its owner. */
  readonly losses: { readonly holder: string; readonly atMs: readonly number[] } | undefined;
  readonly conflict: BackOff | undefined;
  /** True when the last read showed the route as this agent's. */
  readonly wasMine: boolean;
  /**
   * Own changes of the last seconds, oldest first, one for each holder that there was before. Several, because a read
   * may lag behind more than one of them: with the last alone, two stale reads in turn would have us change the route
   * over and over.
   */
  readonly changes: readonly OwnChange[];
}

export interface Takeover {
  readonly from: string;
  readonly atMs: number;
  /** Known to be made, because EC2 said so or a read has shown the route as mine; only then can it be reclaimed. */
  readonly wasSeen: boolean;
}

/** `count` doublings so far; nothing is taken from `holder` before `untilMs`. */
export interface BackOff {
  readonly holder: string;
  readonly count: number;
  readonly untilMs: number;
}

/**
 * `holder` is the last one that took the route; nothing is taken before `untilMs` from any of `holders`: those that took
 * it, and those it was taken from.
 */
export interface ReclaimBackOff extends BackOff {
  readonly holders: readonly string[];
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
  raceAtMs: undefined,
  losses: undefined,
  conflict: undefined,
  wasMine: false,
  changes: [],
};

/** Of a route that was this agent's at the last read, and nothing more. */
const HELD_MEMORY: RouteMemory = { ...EMPTY_MEMORY, wasMine: true };

/** A takeover that is undone within this long was a mistaken one. */
export const RECLAIM_WINDOW_MS = 600_000;
/** Facts up to a second old may be acted on: two backups that do so are no further apart. */
const RACE_MS = 1_500;
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
 * The own change that a read does not show yet, as far as anyone can tell: it shows just what was there before it.
 * Undefined for a read to be believed. A missing route is never doubted: creating it anew is harmless, and waiting
 * would be an outage.
 */
export function settling(
  memory: RouteMemory,
  read: Pick<RouteRead, 'holder' | 'readAtMs'>,
): OwnChange | undefined {
  if (read.holder === undefined) return undefined;
  return memory.changes.find(
    ({ before, atMs }) => before === read.holder && read.readAtMs - atMs < CONSISTENCY_MS,
  );
}

/** Monotonic ms of the last own change; undefined where none was made in the last seconds. */
export function changedAtMs({ changes }: RouteMemory): number | undefined {
  return changes.at(-1)?.atMs;
}

/**
 * The memory after a read: the same object where the read brings nothing new, as nearly all do. One that may be stale
 * (see `settling`) is no loss and no reclaim: it changes nothing.
 */
export function rememberRead(memory: RouteMemory, read: RouteRead): RouteMemory {
  if (read.isMine === memory.wasMine && isUneventful(memory)) return memory;
  if (read.readAtMs < (changedAtMs(memory) ?? Number.NEGATIVE_INFINITY)) return memory;
  if (settling(memory, read) !== undefined) return memory;
  const after = {
    ...afterTakeover(memory, read),
    ...afterOwnership(memory, read),
    wasMine: read.isMine,
    // Kept after they were seen as well: another replica of EC2 may answer the next read.
    changes: recent(seenChanges(memory, read), read.readAtMs),
  };
  if (!isUneventful(after)) return after;
  return after.wasMine ? HELD_MEMORY : EMPTY_MEMORY;
}

/** A takeover whose answer was lost is an own change like any other as soon as a read shows that it was made. */
function seenChanges(memory: RouteMemory, { isMine, holder }: RouteRead): readonly OwnChange[] {
  const { takeover, changes } = memory;
  if (!isMine || takeover === undefined || takeover.wasSeen) return changes;
  return withChange(memory, { before: takeover.from, after: holder, atMs: takeover.atMs });
}

/** A change of ours as it was made: from `before` to `after` (holders; undefined: no route). */
export interface MadeChange extends OwnChange {
  readonly after: string | undefined;
}

/**
 * The memory after EC2 accepted a change of ours, which is thereby known to be made: whatever a settled read shows came
 * after it, even if no read ever showed the change itself. `isTakeover`: by `holder-unhealthy` or `holder-impaired`;
 * `isMine`: the route points at this agent now.
 */
export function rememberChange(
  memory: RouteMemory,
  change: MadeChange & { readonly isTakeover: boolean; readonly isMine: boolean },
): RouteMemory {
  const takeover =
    change.isTakeover && change.before !== undefined
      ? { from: change.before, atMs: change.atMs, wasSeen: true }
      : undefined;
  return { ...memory, takeover, wasMine: change.isMine, changes: withChange(memory, change) };
}

/** The own changes with one more. What the route points at now is to be believed from now on. */
export function withChange(
  { changes }: Pick<RouteMemory, 'changes'>,
  { before, after, atMs }: MadeChange,
): readonly OwnChange[] {
  const others = recent(changes, atMs).filter((own) => own.before !== before && own.before !== after);
  return [...others, { before, atMs }];
}

function recent(changes: readonly OwnChange[], nowMs: number): readonly OwnChange[] {
  const isRecent = ({ atMs }: OwnChange): boolean => nowMs - atMs < CONSISTENCY_MS;
  return changes.every(isRecent) ? changes : changes.filter(isRecent);
}

/** Nothing is under way with the route, and nothing ever was. */
function isUneventful({ takeover, reclaim, raceAtMs, losses, conflict, changes }: RouteMemory): boolean {
  return (
    takeover === undefined &&
    reclaim === undefined &&
    raceAtMs === undefined &&
    losses === undefined &&
    conflict === undefined &&
    changes.length === 0
  );
}

function afterTakeover(
  memory: RouteMemory,
  read: RouteRead,
): Pick<RouteMemory, 'takeover' | 'reclaim' | 'raceAtMs'> {
  const { takeover } = memory;
  const kept = forgetReclaim(memory.reclaim, read.readAtMs);
  const isRaceOld = read.readAtMs - (memory.raceAtMs ?? Number.NEGATIVE_INFINITY) > RECLAIM_WINDOW_MS;
  const raceAtMs = isRaceOld ? undefined : memory.raceAtMs;
  if (takeover === undefined) return { takeover, reclaim: kept, raceAtMs };
  const isRecent = read.readAtMs - takeover.atMs <= RECLAIM_WINDOW_MS;
  if (!isRecent) return { takeover: undefined, reclaim: read.isMine ? undefined : kept, raceAtMs };
  if (read.isMine) return { takeover: { ...takeover, wasSeen: true }, reclaim: kept, raceAtMs };
  // Whoever took it, the earlier holder or a third one that sees neither: it is my view that others do not share.
  if (!takeover.wasSeen || read.holder === undefined) return { takeover: undefined, reclaim: kept, raceAtMs };
  // Once in a while two backups see one failure and take the route in one moment: that says nothing of either's view.
  const isRace = read.holder !== takeover.from && read.readAtMs - takeover.atMs < RACE_MS;
  if (isRace && raceAtMs === undefined)
    return { takeover: undefined, reclaim: kept, raceAtMs: read.readAtMs };
  return {
    takeover: undefined,
    reclaim: doubled(kept, { from: takeover.from, by: read.holder }, read.readAtMs),
    raceAtMs,
  };
}

/** A back-off is forgotten when its window has passed after its end without another reclaim. */
function forgetReclaim(reclaim: ReclaimBackOff | undefined, nowMs: number): ReclaimBackOff | undefined {
  if (reclaim === undefined) return undefined;
  return nowMs - reclaim.untilMs > RECLAIM_WINDOW_MS ? undefined : reclaim;
}

/** Taking it from the former holder again is what two backups would do in turn for ever: it counts like the taker. */
function doubled(
  reclaim: ReclaimBackOff | undefined,
  { from, by }: { readonly from: string; readonly by: string },
  nowMs: number,
): ReclaimBackOff {
  const count = (reclaim?.count ?? 0) + 1;
  const waitMs = Math.min(RECLAIM_FIRST_MS * 2 ** Math.min(count - 1, 10), RECLAIM_LAST_MS);
  const holders = [...new Set([...(reclaim?.holders ?? []), from, by])];
  return { holder: by, holders, count, untilMs: nowMs + waitMs };
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
