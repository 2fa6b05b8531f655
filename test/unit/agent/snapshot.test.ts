import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent, type AgentSpec } from '../../../src/agent/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeCloud, fleetSpec } from '../../support/fake-cloud.ts';

let clock: FakeClock;
let cloud: FakeCloud;
let agents: Agent[];

beforeEach(() => {
  clock = new FakeClock();
  cloud = new FakeCloud(clock);
  agents = [];
});

afterEach(async () => {
  const closing = Promise.all(agents.map((agent) => agent.close('test')));
  await clock.advance(30_000);
  await closing;
});

function start(name: string, over: Partial<AgentSpec> = {}): Agent {
  const agent = new Agent(fleetSpec(name, over), { deps: cloud.depsOf(name, () => {}), onRefused: () => {} });
  agents.push(agent);
  agent.start();
  return agent;
}

describe('a snapshot of the agent', () => {
  it('says why the agent is not ready until tables, interfaces and its own checks are known', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const agent = start('a');
    expect(agent.snapshot().notReady).toBe('route tables and interfaces are not known yet');
    await clock.advanceUntil(() => agent.snapshot().notReady === undefined, 5_000);
    expect(agent.snapshot().checks.map(({ key, health }) => [key, health])).toEqual([['local', 'healthy']]);
  });

  it('names checks that have not settled, and takes a failing one as settled', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    const [check] = fleetSpec('a').checks;
    if (check === undefined) throw new Error('the fleet has no check');
    const slow = Array.from({ length: 7 }, (_, at) => ({ ...check, name: `slow-${at}`, everyMs: 3_600_000 }));
    const agent = start('a', { checks: [check, ...slow] });
    await clock.advance(5_000);
    expect(agent.snapshot().notReady).toBe(
      'checks that have not settled yet: slow-0, slow-1, slow-2, slow-3, slow-4 and 2 more',
    );
    agent.reload(fleetSpec('a'));
    expect(agent.snapshot().notReady).toBeUndefined();
    expect(agent.snapshot().checks.map(({ health }) => health)).toEqual(['unhealthy']);
  });

  it('shows routes with their decision, groups with their tables, and the checks of holders', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.addTable('rtb-b', { az: 'b' });
    cloud.services.add('a').add('b');
    const [agent] = [start('a'), start('b')];
    await clock.advance(25_000);
    const { routes, groups, checks, notReady } = agent.snapshot();
    expect(notReady).toBeUndefined();
    expect(groups).toEqual([
      { name: 'own', tables: 1 },
      { name: 'others', tables: 1 },
    ]);
    const facts = routes.map(({ group, tableId, isHeld, decision }) => [
      group,
      tableId,
      isHeld,
      decision?.reason,
    ]);
    expect(facts).toEqual([
      ['own', 'rtb-a', true, 'already-held'],
      ['others', 'rtb-b', false, 'holder-healthy'],
    ]);
    expect(routes[0]?.destination).toMatch(/^\d+\.\d+\.\d+\.\d+\/\d+$/);
    expect(checks.map(({ key, isRemote, health }) => [key, isRemote, health])).toEqual([
      ['local', false, 'healthy'],
      ['service@eni-b', true, 'healthy'],
    ]);
    expect(agent.status()).toBe('1 of 2 managed routes held');
  });

  it('evaluates named health expressions', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    const local = { kind: 'check', name: 'local' } as const;
    const health = [
      { name: 'site', expression: local },
      { name: 'none', expression: { kind: 'all', of: [] } as const },
    ];
    const agent = start('a', { health });
    expect(agent.snapshot().health).toEqual([
      { name: 'site', health: 'unknown' },
      { name: 'none', health: 'healthy' },
    ]);
    await clock.advance(5_000);
    expect(agent.snapshot().health[0]).toEqual({ name: 'site', health: 'unhealthy' });
  });
});
