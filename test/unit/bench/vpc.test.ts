import { describe, expect, it } from 'vitest';
import { peakPerSecond } from '../../../bench/vpc/call-log.ts';
import { backupConfig, backupOfAllConfig, holderConfig } from '../../../bench/vpc/configs.ts';
import { BACKUP, benchVpc, HOLDER } from '../../../bench/vpc/scenario.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { createWorld, parseScenario } from '../../../src/sandbox/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const PACE = { everyMs: 200, timeoutMs: 150, fall: 3 };

function specOf(text: string) {
  const loaded = loadConfig({ text, file: 'bench.yaml', variables: { env: {} }, readFile: () => '' });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  expect(loaded.warnings).toEqual([]);
  return loaded.spec;
}

describe('the VPC of the benches', () => {
  it.each([
    { tables: 200, routesPerTable: 5, holders: 'one' },
    { tables: 40, routesPerTable: 1, holders: 'each', isSecondInterface: true },
    { tables: 1, routesPerTable: 1, holders: 'each' },
  ] as const)('%j is a scenario whose routes are all at their holders', (shape) => {
    const { scenario, places } = benchVpc(shape);
    expect(parseScenario(scenario)).toMatchObject({ ok: true });
    const world = createWorld(scenario, { clock: new FakeClock(), random: () => 0.5 });
    expect(places).toHaveLength(shape.tables * shape.routesPerTable);
    for (const { tableId, destination, interfaceId, instanceId } of places) {
      expect(world.targetOf(tableId, destination)).toBe(interfaceId);
      expect(world.state().interfaces.get(interfaceId)?.attachment?.instanceId).toBe(instanceId);
    }
    world.close();
  });

  it('has one holder of all, or a holder for each', () => {
    const one = benchVpc({ tables: 3, routesPerTable: 1, holders: 'one' }).places;
    expect(new Set(one.map((place) => place.interfaceId))).toEqual(new Set([HOLDER.interfaceId]));
    const each = benchVpc({ tables: 3, routesPerTable: 1, holders: 'each' }).places;
    expect(new Set(each.map((place) => place.address)).size).toBe(3);
  });
});

describe('the configurations of the benches', () => {
  const { places } = benchVpc({ tables: 2, routesPerTable: 1, holders: 'one' });
  const watched = places.map((place, index) => ({ place, port: 8000 + index, isWatched: true }));

  it('have a remote check for each place at the backup, a local one at the holder', () => {
    const backup = specOf(backupConfig({ pace: PACE, watched, ownPort: 9000 }));
    expect(backup.remoteChecks.map(({ name }) => name)).toEqual(['service-0', 'service-1']);
    expect(backup.checks).toMatchObject([
      { name: 'own', destination: BACKUP.address, everyMs: 200, fall: 3 },
    ]);
    const routes = backup.tableGroups.flatMap((group) => group.routes);
    expect(routes).toMatchObject([
      { remoteCheck: 'service-0', ifUnhealthy: true },
      { remoteCheck: 'service-1' },
    ]);
    const holder = specOf(holderConfig({ pace: PACE, watched, neverDelete: true, isWatched: false }));
    expect(holder.checks).toHaveLength(2);
    expect(holder.tableGroups.flatMap((group) => group.routes)).toMatchObject([
      { neverDelete: true, ifUnhealthy: false },
      { neverDelete: true, remoteCheck: undefined },
    ]);
  });

  it('have no remote check where EC2 is to tell, and a poll time where one is given', () => {
    const unwatched = watched.map((one) => ({ ...one, isWatched: false }));
    const spec = specOf(backupConfig({ pace: PACE, watched: unwatched, ownPort: 9000, pollMs: 2_000 }));
    expect(spec.remoteChecks).toEqual([]);
    expect(spec.pollMs).toBe(2_000);
  });

  it('are one group for all tables where all are alike', () => {
    const destinations = ['192.168.0.1/32', '192.168.1.1/32'];
    const spec = specOf(backupOfAllConfig({ pace: PACE, port: 8000, ownPort: 9000, destinations }));
    expect(spec.tableGroups).toHaveLength(1);
    expect(spec.tableGroups[0]?.routes).toHaveLength(2);
    expect(spec.remoteChecks).toHaveLength(1);
  });
});

describe('the most calls in a window', () => {
  it.each([
    [[], 1_000, 0],
    [[5], 1_000, 1],
    [[0, 999, 1_000], 1_000, 2],
    [[0, 500, 999, 5_000], 1_000, 3],
    [[9_000, 0, 4_000], 10_000, 0.3],
  ])('of %j in %d ms is %d a second', (moments, windowMs, expected) => {
    expect(peakPerSecond(moments, windowMs)).toBe(expected);
  });
});
