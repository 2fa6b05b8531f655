import { STORY_DESTINATIONS } from './agent-config.ts';
import type { AgentLogEvent } from './agent-log.ts';
import type { StoryZone } from './region.ts';
import type { Stage } from './stage.ts';

/** A route that moved, and where the time went. All from the log of the agent that moved it. */
export interface Move {
  /** Zone of the table. */
  readonly table: string;
  readonly destination: string;
  /** Zone of the agent that did it. */
  readonly by: string;
  readonly action: string;
  readonly reason: string;
  /** From the event (a process killed or started) to the check that turned. */
  readonly detectionMs: number;
  /** From there to the call: deciding, and reading the table again before acting. */
  readonly decisionMs: number;
  /** The one call that moved it. */
  readonly apiMs: number;
  readonly totalMs: number;
}

/** What a move is measured from. */
export interface Moment {
  readonly mark: number;
  /** Ms since the epoch. */
  readonly atMs: number;
}

export function now(stage: Stage): Moment {
  return { mark: stage.logs.mark(), atMs: Date.now() };
}

/** How each route of the zone's table came to whom it is at now, since the moment. */
export function movesOf(stage: Stage, zone: StoryZone, since: Moment): readonly Move[] {
  const events = stage.logs.since(since.mark);
  return STORY_DESTINATIONS.flatMap((destination) => {
    const last = events.findLast(
      ({ event, facts }) =>
        event === 'route-changed' &&
        facts.key === `${zone.tableId} ${destination}` &&
        facts.action !== 'delete',
    );
    return last === undefined ? [] : [measure(last, { zone, destination, events, since })];
  });
}

function measure(
  change: AgentLogEvent,
  of: {
    readonly zone: StoryZone;
    readonly destination: string;
    readonly events: readonly AgentLogEvent[];
    readonly since: Moment;
  },
): Move {
  const { zone, destination, events, since } = of;
  const apiMs = Number(change.facts.tookMs);
  const sentAtMs = change.atMs - apiMs;
  // What the agent that acted saw of the zone whose routes moved. A blackhole is seen in a read: then no check turned.
  const turned = events.findLast(
    ({ atMs, event, zone: by, facts }) =>
      event === 'health' && by === change.zone && facts.destination === zone.address && atMs <= sentAtMs + 1,
  );
  const seenAtMs = Math.min(turned?.atMs ?? sentAtMs, sentAtMs);
  return {
    table: zone.name,
    destination,
    by: change.zone,
    action: String(change.facts.action),
    reason: String(change.facts.reason),
    detectionMs: Math.max(0, Math.round(seenAtMs - since.atMs)),
    decisionMs: Math.round(sentAtMs - seenAtMs),
    apiMs: Math.round(apiMs),
    totalMs: Math.round(change.atMs - since.atMs),
  };
}

/** `anycast 192.168.99.1/32 → b: holder-unhealthy, 512 ms (seen 480 + decided 20 + call 12)`. */
export function moveText(move: Move): string {
  const { table, destination, by, reason, detectionMs, decisionMs, apiMs, totalMs } = move;
  return `${table} ${destination} → ${by}: ${reason}, ${totalMs} ms (seen ${detectionMs} + decided ${decisionMs} + call ${apiMs})`;
}
