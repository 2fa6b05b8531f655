import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MOTO_REGION, type Moto, startMoto } from '../support/moto.ts';
import { detectionBoundMs, STORY_TIMING } from '../support/story/agent-config.ts';
import { openEc2Region } from '../support/story/ec2-region.ts';
import { seedVpc } from '../support/story/ec2-vpc.ts';
import { moveText } from '../support/story/moves.ts';
import { routeText } from '../support/story/region.ts';
import {
  instanceReturns,
  instanceStops,
  opening,
  playScene,
  type Scene,
  type SceneReport,
  serviceDies,
  serviceReturns,
} from '../support/story/scenes.ts';
import { openStage, type Stage } from '../support/story/stage.ts';
import { startTcpProxy, type TcpProxy } from '../support/story/tcp-proxy.ts';
import { countBySubject, observe, restartAgent } from '../support/story/trials.ts';

/** What a busy machine may add to a measured time before the test doubts it. */
const MARGIN_MS = 3_000;

/** Three `vpcast run` processes and their services, against moto behind a proxy that can be shut. */
describe('three agents against moto', () => {
  let moto: Moto;
  let proxy: TcpProxy;
  let stage: Stage;

  beforeAll(async () => {
    moto = await startMoto();
    proxy = await startTcpProxy(moto.endpoint);
    const vpc = await seedVpc(moto.ec2, { region: MOTO_REGION, zones: ['a', 'b', 'c'], octet: 61 });
    const region = await openEc2Region({ ec2: moto.ec2, endpoint: proxy.url, vpc });
    stage = await openStage({ region, timing: STORY_TIMING });
  });

  afterAll(async () => {
    await stage?.close();
    await proxy?.close();
    await moto?.close();
  });

  const play = async (scene: Scene): Promise<SceneReport> => {
    const report = await playScene(stage, scene);
    console.log([report.title, ...report.moves.map(moveText)].join('\n    '));
    return report;
  };
  const reasonsOf = (report: SceneReport) => report.moves.map((move) => move.reason);
  /** The bound on a takeover by two round trips and the detection; what a round trip takes was measured with it. */
  const expectInTime = (report: SceneReport) => {
    for (const move of report.moves) {
      expect(move.totalMs).toBeLessThan(detectionBoundMs(STORY_TIMING) + 2 * move.apiMs + MARGIN_MS);
    }
  };

  test('the routes settle at the owners of their zones', async () => {
    const report = await play(opening);
    expect(new Set(reasonsOf(report))).toEqual(new Set(['owner']));
    expect(report.moves.map(({ table, by }) => `${table} ${by}`)).toEqual([
      'a a',
      'a a',
      'b b',
      'b b',
      'c c',
      'c c',
    ]);
  });

  test('when only the service of a holder dies, a backup takes its routes, though EC2 says the instance is well', async () => {
    const report = await play(serviceDies('a'));
    // The owner gives up the one route that it may delete, so that one is either absent or taken from under it.
    for (const { destination, reason } of report.moves) {
      expect(destination === '0.0.0.0/0' ? ['holder-unhealthy'] : ['holder-unhealthy', 'absent']).toContain(
        reason,
      );
    }
    expectInTime(report);
  });

  test('when the service is back, its owner takes the routes back', async () => {
    const report = await play(serviceReturns('a'));
    // What a late delete of its own left absent, it creates; what a backup holds, it replaces.
    for (const reason of reasonsOf(report)) expect(['owner', 'absent']).toContain(reason);
    expectInTime(report);
  });

  test.each([
    'SIGTERM',
    'SIGKILL',
  ] as const)('an agent that ends by %s and starts again moves no route', async (signal) => {
    const zone = stage.zone('c');
    await stage.waitForBackups(zone);
    const trial = await restartAgent(stage, zone, signal);
    expect(trial.changes).toEqual([]);
    expect(trial.after).toEqual(trial.before);
    const stops = trial.events.filter(({ event }) => event === 'stopped').map(({ facts }) => facts.isClean);
    expect(stops).toEqual(signal === 'SIGTERM' ? [true] : []);
  });

  test('when an instance dies whole, a backup takes its routes', async () => {
    const report = await play(instanceStops('b'));
    for (const reason of reasonsOf(report))
      expect(['holder-unhealthy', 'holder-impaired', 'blackhole']).toContain(reason);
    expectInTime(report);
  });

  test('when the instance runs again, it takes its routes back', async () => {
    expect(reasonsOf(await play(instanceReturns('b')))).toEqual(['owner', 'owner']);
  });

  test.each([
    'refuse',
    'blackhole',
  ] as const)('while the API is away (%s) agents go on probing, keep the routes, say so once, and catch up afterwards', async (mode) => {
    const zone = stage.zone('c');
    await stage.waitForBackups(zone);
    const mark = stage.logs.mark();
    const outage = await observe(stage, async () => {
      proxy.setMode(mode);
      for (const { name } of stage.region.zones) {
        await stage.waitForEvent(mark, { event: 'api-failing', zone: name }, 15_000);
      }
      await stage.killService(zone);
      await stage.waitForEvent(mark, isHealth('c', 'service', 'unhealthy'), 5_000);
      for (const other of stage.others(zone)) {
        await stage.waitForEvent(
          mark,
          isHealth(other.name, `service@${zone.interfaceId}`, 'unhealthy'),
          5_000,
        );
      }
    });
    expect(outage.changes).toEqual([]);
    expect(outage.after).toEqual(outage.before);
    proxy.setMode('pass');
    await stage.waitForHolders([{ zone, holders: stage.others(zone) }], 30_000);
    for (const { name } of stage.region.zones) {
      await stage.waitForEvent(mark, { event: 'api-recovered', zone: name }, 30_000);
    }
    const said = countBySubject(stage.logs.since(mark), 'api-failing');
    console.log(`${mode}: ${JSON.stringify(said)}`);
    for (const count of Object.values(said)) expect(count).toBeLessThanOrEqual(2);
    await play(serviceReturns('c'));
  });

  test('no route was written but the configured ones, and none of the others is gone', async () => {
    const zones = new Set(stage.region.zones.map((zone) => zone.tableId));
    const routes = await stage.region.readRoutes();
    expect(routes.filter((route) => !zones.has(route.tableId)).map(routeText)).toEqual([]);
    const written = stage.logs.since(0, { event: 'route-changed' }).map(({ facts }) => String(facts.key));
    const managed = [...zones].flatMap((id) => [`${id} 192.168.99.1/32`, `${id} 0.0.0.0/0`]);
    expect(managed).toEqual(expect.arrayContaining([...new Set(written)]));
    expect(routes).toHaveLength(managed.length);
  });

  test('no agent reported an error of its own', () => {
    expect(stage.logs.since(0, { event: 'crash' }).map(({ message }) => message)).toEqual([]);
  });
});

function isHealth(zone: string, check: string, to: string) {
  return {
    event: 'health',
    zone,
    matches: ({ facts }: { readonly facts: Readonly<Record<string, unknown>> }) =>
      facts.check === check && facts.to === to,
  };
}
