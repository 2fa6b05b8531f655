import { STORY_DESTINATIONS } from './agent-config.ts';
import { type Moment, type Move, movesOf, now } from './moves.ts';
import type { StoryZone } from './region.ts';
import type { Expectation, Stage } from './stage.ts';
import { waitFor } from './wait.ts';

/** Something that happens to a stage, and what has to come of it. */
export interface Scene {
  readonly title: string;
  /** Longer than this, and it counts as not having happened. Generous: this finds faults, not slowness. */
  readonly limitMs: number;
  /** The zones whose routes are to move. */
  readonly zones: (stage: Stage) => readonly StoryZone[];
  /** Who may hold the routes of such a zone afterwards. */
  readonly holders: (stage: Stage, zone: StoryZone) => readonly StoryZone[];
  /** What has to be so before; it is not measured. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** Makes it happen. */
  readonly act: (stage: Stage) => Promise<void>;
}

/** A scene that came about. */
export interface SceneReport {
  readonly title: string;
  readonly moves: readonly Move[];
  /** Until the last of its routes had moved. */
  readonly tookMs: number;
  readonly limitMs: number;
}

/** Plays one scene. Rejects with a NotInTimeError, which says what there was instead, if it does not come about. */
export async function playScene(stage: Stage, scene: Scene): Promise<SceneReport> {
  await scene.prepare?.(stage);
  const started = now(stage);
  await scene.act(stage);
  const zones = scene.zones(stage);
  const expected = zones.map((zone) => ({ zone, holders: scene.holders(stage, zone) }));
  await stage.waitForHolders(expected, scene.limitMs);
  const moves = await toldMoves(stage, expected, started);
  return {
    title: scene.title,
    moves,
    tookMs: Math.max(0, ...moves.map((move) => move.totalMs)),
    limitMs: scene.limitMs,
  };
}

/** A route is at its new holder before that one has read the answer and said so; until then the log is an older story. */
async function toldMoves(
  stage: Stage,
  expected: readonly Expectation[],
  since: Moment,
): Promise<readonly Move[]> {
  const look = () => {
    const moves = expected.flatMap(({ zone, holders }) =>
      movesOf(stage, zone, since).filter((move) => holders.some((holder) => holder.name === move.by)),
    );
    return moves.length === expected.length * STORY_DESTINATIONS.length && moves;
  };
  return await waitFor(look, { limitMs: 5_000, what: 'a line in the log for every route that moved' });
}

const owner = (_stage: Stage, zone: StoryZone) => [zone];
const backups = (stage: Stage, zone: StoryZone) => stage.others(zone);

/** Everything starts: each zone's routes come to its own instance. */
export const opening: Scene = {
  title: 'all agents start: every zone takes its own routes from the gateway',
  limitMs: 20_000,
  zones: (stage) => stage.region.zones,
  holders: owner,
  act: (stage) => stage.startEverything(),
};

/** The service of a zone dies; its instance and its agent go on, and EC2 says that all is well. */
export function serviceDies(name: string): Scene {
  return {
    title: `the service of zone ${name} is killed: a backup takes its routes`,
    limitMs: 8_000,
    zones: (stage) => [stage.zone(name)],
    holders: backups,
    prepare: (stage) => stage.waitForBackups(stage.zone(name)),
    act: (stage) => stage.killService(stage.zone(name)),
  };
}

export function serviceReturns(name: string): Scene {
  return {
    title: `the service of zone ${name} is back: its routes return`,
    limitMs: 8_000,
    zones: (stage) => [stage.zone(name)],
    holders: owner,
    act: (stage) => stage.startService(stage.zone(name)),
  };
}

/** The whole instance goes: its processes at once, and EC2 stops it. */
export function instanceStops(name: string): Scene {
  return {
    title: `the instance of zone ${name} is stopped: a backup takes its routes`,
    limitMs: 8_000,
    zones: (stage) => [stage.zone(name)],
    holders: backups,
    prepare: (stage) => stage.waitForBackups(stage.zone(name)),
    async act(stage) {
      const zone = stage.zone(name);
      await Promise.all([stage.killService(zone), stage.endAgent(zone, 'SIGKILL')]);
      await stage.region.stopInstance(zone);
    },
  };
}

/** The instance starts again, and with it its service and its agent. */
export function instanceReturns(name: string): Scene {
  return {
    title: `the instance of zone ${name} is started again: its routes return`,
    limitMs: 20_000,
    zones: (stage) => [stage.zone(name)],
    holders: owner,
    async act(stage) {
      const zone = stage.zone(name);
      await stage.region.startInstance(zone);
      await stage.startService(zone);
      await stage.startAgent(zone);
    },
  };
}

/**
 * The whole story. The instance that stops is another than the one whose service died: a route that came back to its
 * owner once is left to it by the backup that had taken it, for half a minute (reclaim back-off).
 */
export const STORY: readonly Scene[] = [
  opening,
  serviceDies('a'),
  serviceReturns('a'),
  instanceStops('b'),
  instanceReturns('b'),
];
