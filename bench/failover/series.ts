import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '../../test/support/story/wait.ts';
import type { BenchOptions } from '../figure.ts';
import { type Arena, openArena } from '../vpc/arena.ts';
import { backupConfig, type CheckPace, checkName, holderConfig, type WatchedPlace } from '../vpc/configs.ts';
import { BACKUP, benchVpc, type Place } from '../vpc/scenario.ts';
import { BareLoop } from './bare-loop.ts';
import { runTrial, type Trial } from './trial.ts';

/** What happens to the holder of a route. */
export type Cause = 'service-dies' | 'instance-stops' | 'interface-detached';

export type HolderAgent = 'none' | 'keeps' | 'deletes' | 'yields';

/** Whether the holder's agent gives its route away when its check fails. */
export function mayDelete(agent: HolderAgent): boolean {
  return agent === 'deletes' || agent === 'yields';
}

export interface SeriesSpec {
  readonly cause: Cause;
  readonly pace: CheckPace;
  readonly apiLatencyMs: number;
  /** The holder's own agent: none; or it runs, and keeps (`never_delete`) or deletes a route whose service died. */
  /** `yields`: deletes too, but its route has a remote check, so that it leaves the route to backups first. */
  readonly holderAgent: HolderAgent;
  /** The holder's agent is killed before the first trial, and watched for that long. */
  readonly killHolderAgentForMs?: number;
  /** Without a remote check it is only EC2 that tells of the holder. */
  readonly isWatched: boolean;
  readonly pollMs?: number;
  readonly trials: number;
}

export interface SeriesResult {
  readonly trials: readonly Trial[];
  /** The bare loop's time of each trial, where one ran beside it. */
  readonly bareMs: readonly number[];
  /** Changes of routes while nothing was wrong but the holder's agent being gone. */
  readonly idleChanges: number;
}

/** So many routes in one VPC: a route is taken from one holder once only, or back-off would be measured. */
const PER_STAGE = 20;

export async function runSeries(spec: SeriesSpec, say: BenchOptions['say']): Promise<SeriesResult> {
  const results: SeriesResult[] = [];
  for (let done = 0; done < spec.trials; done += PER_STAGE) {
    results.push(await runStage(spec, Math.min(PER_STAGE, spec.trials - done)));
    say(`${Math.min(done + PER_STAGE, spec.trials)} of ${spec.trials} trials`);
  }
  return {
    trials: results.flatMap(({ trials }) => trials),
    bareMs: results.flatMap(({ bareMs }) => bareMs),
    idleChanges: results.reduce((sum, { idleChanges }) => sum + idleChanges, 0),
  };
}

async function runStage(spec: SeriesSpec, count: number): Promise<SeriesResult> {
  const isOne = spec.holderAgent !== 'none';
  const vpc = benchVpc({
    tables: 2 * count,
    routesPerTable: 1,
    holders: isOne ? 'one' : 'each',
    isSecondInterface: spec.cause === 'interface-detached',
  });
  // Every other table is the bare loop's: no agent manages it.
  const places = vpc.places.slice(0, count);
  const spares = vpc.places.slice(count);
  const arena = await openArena({
    vpc,
    listenAt: places.map(({ address }) => address),
    configOf(zone, { services, ownPort }) {
      const watched: readonly WatchedPlace[] = places.map((place, index) => ({
        place,
        port: services[index]?.port ?? 0,
        isWatched: spec.isWatched,
      }));
      const options = { pace: spec.pace, watched, pollMs: spec.pollMs };
      if (zone.name === 'b') return backupConfig({ ...options, ownPort });
      return holderConfig({
        ...options,
        neverDelete: spec.holderAgent === 'keeps',
        isWatched: spec.holderAgent === 'yields',
      });
    },
  });
  try {
    await startAgents(arena, spec, places);
    const idleChanges = await loseHolderAgent(arena, spec);
    arena.sandbox.faults.add({ kind: 'latency', latencyMs: spec.apiLatencyMs });
    const trials: Trial[] = [];
    const bareMs: number[] = [];
    for (const [index, place] of places.entries()) {
      const { trial, bare } = await runOne(arena, spec, { place, index, spare: spares[index] });
      trials.push(trial);
      if (bare !== undefined) bareMs.push(bare);
    }
    return { trials, bareMs, idleChanges };
  } finally {
    await arena.close();
  }
}

async function startAgents(arena: Arena, spec: SeriesSpec, places: readonly Place[]): Promise<void> {
  const { stage, holder, backup } = arena;
  if (spec.holderAgent !== 'none') await stage.startAgent(holder);
  await stage.startAgent(backup);
  const isWell = (zone: string, check: string) => stage.logs.healthOf(zone, check) === 'healthy';
  const isReady = () =>
    isWell('b', 'own') &&
    stage.logs.since(0, { event: 'ready', zone: 'b' }).length > 0 &&
    places.every((place) => {
      const isKnown = !spec.isWatched || isWell('b', `${checkName(place)}@${place.interfaceId}`);
      return isKnown && (spec.holderAgent === 'none' || isWell('a', checkName(place)));
    });
  await waitFor(isReady, { limitMs: 30_000, what: 'the agents know every service well', everyMs: 50 });
}

/** Kills the holder's agent where the series is about that, and counts what moves for it: nothing should. */
async function loseHolderAgent(arena: Arena, spec: SeriesSpec): Promise<number> {
  if (spec.killHolderAgentForMs === undefined) return 0;
  const seq = arena.sandbox.journal().at(-1)?.seq ?? 0;
  await arena.stage.endAgent(arena.holder, 'SIGKILL');
  await pause(spec.killHolderAgentForMs);
  return arena.sandbox.journal(seq).length;
}

interface OneTrial {
  readonly place: Place;
  readonly index: number;
  /** The route of the bare loop. */
  readonly spare: Place | undefined;
}

async function runOne(
  arena: Arena,
  spec: SeriesSpec,
  { place, index, spare }: OneTrial,
): Promise<{ trial: Trial; bare: number | undefined }> {
  const held = arena.services[index];
  if (held === undefined || spare === undefined) throw new Error(`no service ${index}`);
  const bareLoop = spec.isWatched ? openBareLoop(arena, spec, { place, spare, port: held.port }) : undefined;
  try {
    // The last trial ended at one and the same point of the checks' period: begin anywhere in it.
    await pause(spec.pace.everyMs * (1 + Math.random()));
    const atMs = Date.now();
    const settleMs = mayDelete(spec.holderAgent) ? 1_000 : 0;
    const act = () => strike(arena, spec.cause, { place, index });
    const trial = await runTrial(arena, place, { act, isWatched: spec.isWatched, settleMs });
    const movedAtMs = await bareLoop?.movedAtMs();
    return { trial, bare: movedAtMs === undefined ? undefined : movedAtMs - atMs };
  } finally {
    bareLoop?.close();
  }
}

function openBareLoop(
  { sandbox }: Arena,
  { pace }: SeriesSpec,
  at: { readonly place: Place; readonly spare: Place; readonly port: number },
): BareLoop {
  const { address } = at.place;
  const { tableId, destination } = at.spare;
  const target = BACKUP.interfaceId;
  return new BareLoop({ sandbox, address, port: at.port, pace, tableId, destination, target });
}

function strike(arena: Arena, cause: Cause, { place, index }: Pick<OneTrial, 'place' | 'index'>): void {
  const { services, sandbox } = arena;
  const service = services[index]?.service;
  switch (cause) {
    case 'service-dies':
      return void service?.die();
    case 'instance-stops':
      service?.fallSilent();
      return void sandbox.world.stop(place.instanceId);
    case 'interface-detached':
      service?.fallSilent();
      return void sandbox.world.detachInterface(place.interfaceId);
  }
}
