import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../src/sandbox/index.ts';
import { STORY_DESTINATIONS, STORY_TIMING, type StoryTiming } from '../../support/story/agent-config.ts';
import { routeText } from '../../support/story/region.ts';
import { openSandboxRegion, type SandboxRegion } from '../../support/story/sandbox-region.ts';
import {
  instanceReturns,
  instanceStops,
  opening,
  playScene,
  serviceDies,
  serviceReturns,
} from '../../support/story/scenes.ts';
import { openStage, type Stage } from '../../support/story/stage.ts';
import { countBySubject, observe, restartAgent } from '../../support/story/trials.ts';

const FAST: StoryTiming = { ...STORY_TIMING, everyMs: 100, timeoutMs: 90, pollMs: 1_000 };

/** Three `vpcast run` processes and their services, against the embedded sandbox, which journals every call. */
describe('three agents against the sandbox', { timeout: 60_000 }, () => {
  let region: SandboxRegion;
  let stage: Stage;
  let foreign: readonly string[];

  const foreignRoutes = async () => {
    const zones = region.zones.map((zone) => zone.tableId);
    const routes = await region.readRoutes();
    return routes
      .filter((route) => !zones.includes(route.tableId) || !STORY_DESTINATIONS.includes(route.destination))
      .map(routeText);
  };
  const journalOf = (after: number) =>
    region.sandbox.journal(after).filter((entry) => entry.action.endsWith('Route'));
  const lastSeq = () => region.sandbox.journal().at(-1)?.seq ?? 0;

  beforeAll(async () => {
    region = await openSandboxRegion({ azs: 3, addressOf: (index) => `127.62.${index + 1}.10` });
    // Routes that are nobody's business: in the zones' own tables and in the main one.
    for (const tableId of [region.zones[0]?.tableId ?? '', 'rtb-0d000000000000000']) {
      region.sandbox.world.createRoute({
        tableId,
        destination: '203.0.113.0/24',
        target: 'eni-0b00000000000000b',
      });
    }
    foreign = await foreignRoutes();
    stage = await openStage({ region, timing: FAST });
  });

  afterAll(async () => {
    await stage?.close();
  });

  test('the routes settle at the owners of their zones', async () => {
    const report = await playScene(stage, opening);
    expect(report.moves.map(({ table, by, reason }) => `${table} ${by} ${reason}`)).toEqual(
      ['a', 'a', 'b', 'b', 'c', 'c'].map((name) => `${name} ${name} owner`),
    );
  });

  test.each([
    'SIGTERM',
    'SIGKILL',
  ] as const)('an agent that ends by %s and starts again makes no change at all', async (signal) => {
    await stage.waitForBackups(stage.zone('c'));
    const seq = lastSeq();
    const trial = await restartAgent(stage, stage.zone('c'), signal);
    expect(journalOf(seq)).toEqual([]);
    expect(trial.after).toEqual(trial.before);
  });

  test('an agent that is told to stop while it is still reading everything ends by itself', async () => {
    const zone = stage.zone('c');
    expect(await stage.endAgent(zone, 'SIGTERM')).toBe(0);
    const mark = stage.logs.mark();
    const id = region.sandbox.faults.add({
      kind: 'latency',
      latencyMs: 300,
      accessKeyIds: [region.sandbox.accessKeyOf(zone.instanceId)],
    });
    await stage.startAgent(zone);
    await stage.waitForEvent(mark, { event: 'tables', zone: 'c' }, 10_000);
    expect(await stage.endAgent(zone, 'SIGTERM')).toBe(0);
    region.sandbox.faults.remove(id);
    await stage.startAgent(zone);
    await stage.waitUntilWatching(zone);
  });

  test('when only the service of a holder dies, a backup takes its routes', async () => {
    const report = await playScene(stage, serviceDies('a'));
    for (const { by, reason } of report.moves) {
      expect(['b', 'c']).toContain(by);
      expect(['holder-unhealthy', 'absent']).toContain(reason);
    }
  });

  test('when the service is back, its owner takes the routes back', async () => {
    const report = await playScene(stage, serviceReturns('a'));
    expect(report.moves.map((move) => move.by)).toEqual(['a', 'a']);
  });

  test('an agent that may not replace routes says so once, and another takes over in its place', async () => {
    const [zone, denied] = [stage.zone('b'), stage.zone('a')];
    await stage.waitForBackups(zone);
    const id = region.sandbox.faults.add({
      kind: 'deny',
      actions: ['ReplaceRoute', 'CreateRoute'],
      accessKeyIds: [region.sandbox.accessKeyOf(denied.instanceId)],
    });
    // The other backup comes later, so that the one that may not is the first to try.
    const late = region.sandbox.faults.add({
      kind: 'latency',
      latencyMs: 400,
      accessKeyIds: [region.sandbox.accessKeyOf(stage.zone('c').instanceId)],
    });
    const mark = stage.logs.mark();
    await stage.killService(zone);
    await stage.waitForHolders([{ zone, holders: [stage.zone('c')] }], 8_000);
    await stage.waitForEvent(mark, { event: 'api-failing', zone: 'a' }, 5_000);
    const refusals = stage.logs.since(mark, { event: 'api-failing', zone: 'a' });
    expect(refusals.map(({ facts }) => facts.kind)).toEqual(refusals.map(() => 'unauthorized'));
    for (const count of Object.values(countBySubject(refusals, 'api-failing'))) expect(count).toBe(1);
    region.sandbox.faults.remove(late);
    region.sandbox.faults.remove(id);
    await playScene(stage, serviceReturns('b'));
  });

  test('when an instance dies whole while the API throttles, a backup takes its routes all the same', async () => {
    // Every second call is refused as throttled: with real buckets it would take minutes to empty them.
    const id = region.sandbox.faults.add({
      kind: 'error',
      code: 'RequestLimitExceeded',
      httpStatus: 503,
      message: 'Request limit exceeded.',
      probability: 0.5,
    });
    const report = await playScene(stage, { ...instanceStops('c'), limitMs: 20_000 });
    region.sandbox.faults.remove(id);
    for (const { by } of report.moves) expect(['a', 'b']).toContain(by);
  });

  test('when the instance runs again, it takes its routes back', async () => {
    const report = await playScene(stage, instanceReturns('c'));
    expect(report.moves.map((move) => move.by)).toEqual(['c', 'c']);
  });

  test('nothing moves while the API is away, though the agents see what happens', async () => {
    const zone = stage.zone('c');
    await stage.waitForBackups(zone);
    const mark = stage.logs.mark();
    const outage = await observe(stage, async () => {
      const id = region.sandbox.faults.add({ kind: 'unreachable' });
      await stage.killService(zone);
      for (const other of stage.others(zone)) {
        const matches = seesUnhealthy(`service@${zone.interfaceId}`);
        await stage.waitForEvent(mark, { event: 'health', zone: other.name, matches }, 5_000);
        await stage.waitForEvent(mark, { event: 'api-failing', zone: other.name }, 10_000);
      }
      region.sandbox.faults.remove(id);
    });
    expect(outage.after).toEqual(outage.before);
    // Where a backup took the route by its own view in the scene before, the owner's return counts as a reclaim: 30 s.
    await stage.waitForHolders([{ zone, holders: stage.others(zone) }], 45_000);
  }, 60_000);

  test('the journal shows that only the configured routes were ever written, and none but one’s own deleted', async () => {
    const tables = region.zones.map((zone) => zone.tableId);
    const calls = journalOf(0).filter((entry) => entry.accessKeyId.startsWith('ASIA'));
    expect(calls.length).toBeGreaterThan(0);
    for (const call of calls) {
      expect(tables).toContain(call.tableId);
      expect(STORY_DESTINATIONS).toContain(call.destination);
    }
    expect(calls.filter(isForeignDelete)).toEqual([]);
    expect(await foreignRoutes()).toEqual(foreign);
    expect(stage.logs.since(0, { event: 'crash' })).toEqual([]);
  });

  /**
   * A delete of what somebody else held, other than by the one race that EC2 leaves open: it has no compare-and-set, so a
   * backup can take a route between its holder's last read and its holder's delete.
   */
  const isForeignDelete = (call: JournalEntry): boolean => {
    const own = region.zones.find((zone) => region.sandbox.accessKeyOf(zone.instanceId) === call.accessKeyId);
    if (call.action !== 'DeleteRoute' || call.result !== 'ok' || call.from === own?.interfaceId) return false;
    const before = region.sandbox
      .journal()
      .findLast(
        ({ seq, tableId, destination, result }) =>
          seq < call.seq && tableId === call.tableId && destination === call.destination && result === 'ok',
      );
    return before === undefined || before.from !== own?.interfaceId || call.atMs - before.atMs > 1_000;
  };
});

function seesUnhealthy(check: string) {
  return ({ facts }: { readonly facts: Readonly<Record<string, unknown>> }) =>
    facts.check === check && facts.to === 'unhealthy';
}
