import type { AgentLogEvent } from '../../test/support/story/agent-log.ts';
import type { Ending } from '../../test/support/story/stage.ts';
import type { PathChange, RouterPath } from './paths.ts';

/** What a change of a path came of. */
export interface PathCause {
  readonly what: 'its check passed' | 'its check failed' | 'kill -9' | 'SIGTERM';
  /** Ms since the epoch. */
  readonly atMs: number;
}

/** A change of a path with what it came of, and how long after that. Undefined: that is not known. */
export interface ToldChange extends PathChange {
  readonly cause: PathCause['what'] | undefined;
  /** 0 also where the router was faster than the agent's log: an agent withdraws first, and then writes of it. */
  readonly afterMs: number | undefined;
}

/** What is known of a zone's agent. */
export interface ZoneHistory {
  /** Its health by its own check, oldest first. */
  readonly health: readonly AgentLogEvent[];
  readonly ending: Ending | undefined;
}

/** What a scene did to the router's table. */
export interface RouterReport {
  /** What the table has in the end. */
  readonly paths: readonly RouterPath[];
  /** `totalMs`: since the event. */
  readonly changes: readonly (ToldChange & { readonly totalMs: number })[];
}

/** How late an agent may write of what it has done. */
const LOG_LATE_MS = 250;

/** A path comes and goes by its zone's check, or goes with its agent: by whichever was last, since it changed before. */
export function tellChange(
  change: PathChange,
  earlier: readonly PathChange[],
  history: ZoneHistory,
): ToldChange {
  const before = earlier.findLast(({ zone, kind }) => zone === change.zone && kind !== 'drains');
  const cause = causeOf(change, before?.atMs ?? 0, history);
  const afterMs = cause && Math.max(0, Math.round(change.atMs - cause.atMs));
  return { ...change, cause: cause?.what, afterMs };
}

function causeOf(
  { kind, atMs }: PathChange,
  sinceMs: number,
  { health, ending }: ZoneHistory,
): PathCause | undefined {
  const isEnding = ending !== undefined && ending.atMs > sinceMs && ending.atMs <= atMs;
  if (kind !== 'came' && isEnding) {
    return { what: ending.signal === 'SIGKILL' ? 'kill -9' : 'SIGTERM', atMs: ending.atMs };
  }
  if (kind === 'drains') return undefined;
  const last = health.findLast((event) => event.atMs > sinceMs && event.atMs <= atMs + LOG_LATE_MS);
  const wanted = kind === 'came' ? 'healthy' : 'unhealthy';
  if (last?.facts.to !== wanted) return undefined;
  return { what: kind === 'came' ? 'its check passed' : 'its check failed', atMs: last.atMs };
}

const SCENE_WORDS = { came: 'got', drains: 'saw GRACEFUL_SHUTDOWN on', gone: 'lost' } as const;

/** `the router lost the path of zone a 0 ms after its check failed (561 ms in all); it has those of b and c`. */
export function reportText({ changes, paths }: RouterReport): string {
  // Of several zones the last one tells how long it took.
  const kinds = (['came', 'drains', 'gone'] as const).flatMap((kind) => {
    // One that came and went again is not what the scene comes to.
    const lasting = changes.filter((change) => {
      const isThere = paths.some(({ zone }) => zone === change.zone);
      return change.kind === kind && (kind === 'drains' || isThere === (kind === 'came'));
    });
    return lasting.toSorted((a, b) => a.atMs - b.atMs).slice(-1);
  });
  const clauses = kinds
    .sort((a, b) => a.atMs - b.atMs)
    .map((change, index, all) => {
      const what = all[index - 1]?.zone === change.zone ? 'it' : `the path of zone ${change.zone}`;
      return `${SCENE_WORDS[change.kind]} ${what}${afterText(change)}${totalText(change)}`;
    });
  const zones = listText(paths.map(({ zone }) => zone));
  const has = zones === '' ? 'it has none' : `it has ${paths.length === 1 ? 'that' : 'those'} of ${zones}`;
  return `the router ${listText(clauses.length === 0 ? ['saw no change'] : clauses)}; ${has}`;
}

/** Where a check stands between the event and the change. */
function totalText({ cause, totalMs }: RouterReport['changes'][number]): string {
  const isByCheck = cause === 'its check passed' || cause === 'its check failed';
  return isByCheck ? ` (${totalMs} ms in all)` : '';
}

const TABLE_WORDS = { came: 'here', drains: 'drains', gone: 'gone' } as const;

/** `gone 9 ms after kill -9`, for the line of a zone. */
export function changeText(change: ToldChange): string {
  return `${TABLE_WORDS[change.kind]}${afterText(change)}`;
}

function afterText({ afterMs, cause }: ToldChange): string {
  return cause === undefined ? '' : ` ${afterMs} ms after ${cause}`;
}

function listText(parts: readonly string[]): string {
  return parts.length < 2
    ? parts.join('')
    : `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}
