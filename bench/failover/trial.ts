import type { JournalEntry } from '../../src/sandbox/index.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import type { Arena } from '../vpc/arena.ts';
import type { SeenCall } from '../vpc/call-log.ts';
import { checkName } from '../vpc/configs.ts';
import { BACKUP, type Place } from '../vpc/scenario.ts';

/** One route that moved, and where the time went. All in ms. */
export interface Trial {
  readonly totalMs: number;
  /** From the event to the check that turned, or to the read that showed the route dead. */
  readonly detectionMs: number;
  /** In the API's hands: the read before the change, and the change until it took effect. */
  readonly apiMs: number;
  /** All else: deciding, the SDK, the sockets, the scheduler. */
  readonly decisionMs: number;
  /** How often the route came to the backup: more than once where the old holder took it away again. */
  readonly moves: number;
  /** The first change that its agent has made: code that has not run before is slow. */
  readonly isFirst: boolean;
  /** Why the agent moved it. */
  readonly reason: string;
}

const LIMIT_MS = 60_000;
const READ = 'DescribeRouteTables';
const CHANGES: readonly string[] = ['CreateRoute', 'ReplaceRoute'];

/** Makes the event happen and measures until EC2 has the route at the backup. */
export async function runTrial(
  arena: Arena,
  place: Place,
  options: { readonly act: () => void; readonly isWatched: boolean; readonly settleMs: number },
): Promise<Trial> {
  const { sandbox, calls, stage } = arena;
  const from = { log: stage.logs.mark(), call: calls.mark(), seq: sandbox.journal().at(-1)?.seq ?? 0 };
  const atMs = Date.now();
  options.act();
  const moves = () => sandbox.journal(from.seq).filter((entry) => isMove(entry, place));
  await waitFor(() => moves().length > 0, { limitMs: LIMIT_MS, what: `${place.tableId} moved`, everyMs: 5 });
  if (options.settleMs > 0) await settled(arena, place, options.settleMs);
  const move = moves().at(-1);
  if (move === undefined) throw new Error(`${place.tableId} did not stay moved`);
  const told = await stage.waitForEvent(
    from.log,
    { event: 'route-changed', zone: 'b', matches: ({ facts }) => facts.key === keyOf(place) },
    5_000,
  );
  const turned = stage.logs
    .since(from.log, { event: 'health', zone: 'b' })
    .find(
      ({ facts }) => facts.check === `${checkName(place)}@${place.interfaceId}` && facts.to === 'unhealthy',
    );
  const seen = calls.since(from.call).filter(({ accessKeyId }) => accessKeyId === arena.backupKey);
  const path = seen.filter(isOnPath).filter(({ beginMs }) => beginMs <= move.wallMs);
  const isTurned = turned !== undefined && options.isWatched;
  const seenAtMs = isTurned ? turned.atMs : lastSight(path, move.wallMs);
  const apiMs = apiTime(path, { seenAtMs, movedAtMs: move.wallMs });
  const isFirst = stage.logs.since(0, { event: 'route-changed', zone: 'b' })[0] === told;
  const totalMs = move.wallMs - atMs;
  const detectionMs = Math.min(totalMs, Math.max(0, seenAtMs - atMs));
  const decisionMs = Math.max(0, totalMs - detectionMs - apiMs);
  return {
    totalMs,
    detectionMs,
    apiMs,
    decisionMs,
    moves: moves().length,
    isFirst,
    reason: String(told.facts.reason),
  };
}

function isMove(entry: JournalEntry, { tableId, destination }: Place): boolean {
  const isPlace = entry.tableId === tableId && entry.destination === destination;
  return isPlace && entry.result === 'ok' && entry.to === BACKUP.interfaceId;
}

function keyOf({ tableId, destination }: Place): string {
  return `${tableId} ${destination}`;
}

/** Until the route has been at the backup for that long without a change. */
async function settled({ sandbox }: Arena, place: Place, settleMs: number): Promise<void> {
  const isAtBackup = () => {
    const last = sandbox
      .journal()
      .findLast((entry) => entry.tableId === place.tableId && entry.destination === place.destination);
    return last?.to === BACKUP.interfaceId && Date.now() - last.wallMs >= settleMs;
  };
  await waitFor(isAtBackup, { limitMs: LIMIT_MS, what: `${place.tableId} stays at the backup`, everyMs: 20 });
}

function isOnPath({ action }: SeenCall): boolean {
  return action === READ || CHANGES.includes(action);
}

/** When the read was answered that the change rests on. */
function lastSight(path: readonly SeenCall[], movedAtMs: number): number {
  const changeMs = path.findLast(({ action }) => action !== READ)?.beginMs ?? movedAtMs;
  return path.findLast(({ action, endMs }) => action === READ && endMs <= changeMs + 1)?.endMs ?? Number.NaN;
}

/**
 * What the API took of the time from the sight to the move: the read that the change waited for, if there was one, and
 * the change until it took effect. Where a change was lost to another agent, every call until the one that counted.
 */
function apiTime(
  path: readonly SeenCall[],
  { seenAtMs, movedAtMs }: { readonly seenAtMs: number; readonly movedAtMs: number },
): number {
  const since = path.filter(({ beginMs }) => beginMs >= seenAtMs - 2);
  const changes = since.filter(({ action }) => action !== READ);
  const last = changes.at(-1);
  if (last === undefined) return 0;
  const reads = since.filter(({ action, endMs }) => action === READ && endMs <= last.beginMs + 1);
  const waited = changes.length > 1 ? [...reads, ...changes.slice(0, -1)] : reads.slice(-1);
  return movedAtMs - last.beginMs + covered(waited, last.beginMs);
}

/** How much of the time before `untilMs` these calls cover, taken together. */
function covered(calls: readonly SeenCall[], untilMs: number): number {
  let sumMs = 0;
  let doneMs = Number.NEGATIVE_INFINITY;
  for (const { beginMs, endMs } of calls.toSorted((a, b) => a.beginMs - b.beginMs)) {
    const [fromMs, toMs] = [Math.max(beginMs, doneMs), Math.min(endMs, untilMs)];
    sumMs += Math.max(0, toMs - fromMs);
    doneMs = Math.max(doneMs, toMs);
  }
  return sumMs;
}
