import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent, type AgentEvent, type AgentSpec, type SourceDestRefusal } from '../../../src/agent/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeCloud, fleetSpec, troubles } from '../../support/fake-cloud.ts';

interface Member {
  readonly agent: Agent;
  readonly events: AgentEvent[];
  readonly deps: ReturnType<FakeCloud['depsOf']>;
  readonly refusals: SourceDestRefusal[];
}

let clock: FakeClock;
let cloud: FakeCloud;
let members: Member[];

beforeEach(() => {
  clock = new FakeClock();
  cloud = new FakeCloud(clock);
  members = [];
});

afterEach(async () => {
  const closing = Promise.all(members.map(({ agent }) => agent.close('test')));
  await clock.advance(30_000);
  await closing;
});

/** Starts the agent of `i-eni-<name>`; its service answers unless said otherwise. */
function start(name: string, over: Partial<AgentSpec> = {}): Member {
  const events: AgentEvent[] = [];
  const refusals: SourceDestRefusal[] = [];
  const deps = cloud.depsOf(name, (event) => events.push(event));
  const agent = new Agent(fleetSpec(name, over), { deps, onRefused: (found) => refusals.push(...found) });
  const member = { agent, events, deps, refusals };
  members.push(member);
  agent.start();
  return member;
}

/** Two zones, an agent each, settled: each holds its own table. */
async function settledPair(): Promise<{ a: Member; b: Member }> {
  cloud.addTable('rtb-a', { az: 'a' });
  cloud.addTable('rtb-b', { az: 'b' });
  cloud.services.add('a').add('b');
  const pair = { a: start('a'), b: start('b') };
  await clock.advance(25_000);
  expect([cloud.holder('rtb-a'), cloud.holder('rtb-b')]).toEqual(['eni-a', 'eni-b']);
  cloud.mutations.length = 0;
  return pair;
}

function eventsOf<T extends AgentEvent['type']>(member: Member, type: T): Extract<AgentEvent, { type: T }>[] {
  return member.events.filter((event) => event.type === type) as Extract<AgentEvent, { type: T }>[];
}

describe('an agent', () => {
  it('creates its routes once its checks have settled, and then leaves them alone', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    start('a');
    await clock.advance(100);
    expect(cloud.mutations).toEqual([]);
    await clock.advance(60_000);
    expect(cloud.mutations.map((m) => [m.kind, m.to])).toEqual([['create', 'eni-a']]);
  });

  it('does nothing for ever when its checks have never passed and there is no route of its own', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    start('a');
    await clock.advance(60_000);
    expect(cloud.mutations).toEqual([]);
  });

  it('moves no route when it is restarted', async () => {
    await settledPair();
    await Promise.all([members[0]?.agent.close('restart'), clock.advance(11_000)]);
    start('a');
    await clock.advance(30_000);
    expect(cloud.mutations).toEqual([]);
  });

  it('gives its routes away at exit where told to, and by a plan that is empty afterwards', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const { agent } = start('a', { onExit: 'release' });
    await clock.advance(5_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    const closing = agent.close('SIGTERM');
    await clock.advance(2_000);
    expect(await closing).toBe(true);
    expect(cloud.holder('rtb-a')).toBeUndefined();
    members.length = 0;
  });

  it('gives away a route that it took so lately that no read shows it yet', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const { agent } = start('a', { onExit: 'release' });
    cloud.staleMs = 3_000;
    await clock.advanceUntil(() => cloud.holder('rtb-a') === 'eni-a', 5_000);
    await clock.advance(cloud.latencyMs / 2);
    const closing = agent.close('SIGTERM');
    await clock.advance(10_000);
    expect(await closing).toBe(true);
    expect(cloud.holder('rtb-a')).toBeUndefined();
    members.length = 0;
  });

  it('stops within 10 s though EC2 has become unreachable while releasing', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const { agent } = start('a', { onExit: 'release' });
    await clock.advance(5_000);
    cloud.troubles.push(...troubles({ api: 'describe', by: '*', kind: 'transient' }, 1_000));
    const startedMs = clock.now();
    let endedMs = 0;
    const closing = agent.close('SIGTERM').then((isClean) => {
      endedMs = clock.now();
      return isClean;
    });
    await clock.advance(15_000);
    expect(await closing).toBe(false);
    expect(endedMs - startedMs).toBeLessThanOrEqual(10_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    members.length = 0;
  });

  it('refuses to go on when its interface would drop routed traffic, and writes nothing', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.sourceDestChecked.add('eni-a');
    const { refusals } = start('a');
    await clock.advance(30_000);
    expect(refusals).toEqual([{ interfaceId: 'eni-a', instance: 'i-eni-a' }]);
    expect(cloud.mutations).toEqual([]);
  });

  it('points routes at another instance where the configuration names one, without waiting for its own interfaces', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const target = { instance: 'i-eni-x', interface: undefined };
    const tableGroups = fleetSpec('a').tableGroups.map((group) => ({
      ...group,
      routes: group.routes.map((route) => ({ ...route, target })),
    }));
    start('a', { tableGroups });
    await clock.advance(3_000);
    expect(cloud.holder('rtb-a')).toBe('eni-x');
  });

  it('switches the source/dest check off by itself where told to', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.sourceDestChecked.add('eni-a');
    const { refusals } = start('a', { manageSourceDestCheck: true });
    await clock.advance(5_000);
    expect(refusals).toEqual([]);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('drains when the instance is about to go, and comes back when that is called off', async () => {
    const { a } = await settledPair();
    a.agent.reload(fleetSpec('a', { drainOn: ['spot'] }));
    a.deps.drain.push('spot');
    await clock.advance(7_000);
    expect(eventsOf(a, 'draining').map((event) => event.signals)).toEqual([['spot']]);
    expect(cloud.holder('rtb-a')).not.toBe('eni-a');
    a.deps.drain.length = 0;
    await clock.advance(30_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('keeps the state of unchanged checks over a reload', async () => {
    const { a } = await settledPair();
    const before = eventsOf(a, 'health').length;
    a.agent.reload(fleetSpec('a', { pollMs: 5_000 }));
    await clock.advance(30_000);
    expect(eventsOf(a, 'health').length).toBe(before);
    expect(cloud.mutations).toEqual([]);
  });
});

describe('a takeover', () => {
  it('happens within detection and two round trips when only the service of the holder dies', async () => {
    const { a } = await settledPair();
    // The agent of the holder dies with its service: nobody deletes the route for us.
    await Promise.all([a.agent.close('died'), clock.advance(1)]);
    cloud.services.delete('a');
    const diedMs = clock.now();
    await clock.advance(3_000);
    const taken = cloud.mutations.find((m) => m.tableId === 'rtb-a');
    expect(taken).toMatchObject({ by: 'b', kind: 'replace', from: 'eni-a', to: 'eni-b' });
    expect((taken?.atMs ?? 0) - diedMs).toBeLessThanOrEqual(3 * 200 + 2 * cloud.latencyMs + 20);
  });

  it('is done by creating when the unhealthy holder has deleted its route already', async () => {
    await settledPair();
    cloud.services.delete('a');
    await clock.advance(3_000);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
    expect(cloud.mutations.every((m) => m.tableId === 'rtb-a')).toBe(true);
  });

  it('ends when the owner is healthy again', async () => {
    const { a } = await settledPair();
    cloud.services.delete('a');
    await clock.advance(3_000);
    cloud.services.add('a');
    await clock.advance(3_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    const owned = eventsOf(a, 'route-changed').filter((event) => event.action.reason === 'owner');
    expect(owned).toHaveLength(1);
  });

  it('follows EC2 where there is no remote check', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('b');
    const spec = fleetSpec('b');
    const tableGroups = spec.tableGroups.map((group) => ({
      ...group,
      routes: group.routes.map((route) => ({ ...route, remoteCheck: undefined })),
    }));
    start('b', { tableGroups });
    await clock.advance(30_000);
    expect(cloud.mutations).toEqual([]);
    cloud.statuses.set('i-eni-a', 'impaired');
    await clock.advance(25_000);
    expect(cloud.mutations.map((m) => [m.kind, m.from, m.to])).toEqual([['replace', 'eni-a', 'eni-b']]);
  });

  it('is not repeated against an owner that takes its route back: it backs off', async () => {
    const { b } = await settledPair();
    // One-way fault: b cannot reach a, though a is well.
    const reach = b.deps.makeProbe;
    const blind = (spec: Parameters<typeof reach>[0]) =>
      spec.destination === 'a'
        ? {
            attempt: async () => ({ ok: false, reason: 'timeout', latencyMs: 0, detail: undefined }) as const,
            close: async () => {},
          }
        : reach(spec);
    await Promise.all([b.agent.close('replaced'), clock.advance(1)]);
    members.pop();
    const events: AgentEvent[] = [];
    const deps = { ...cloud.depsOf('b', (event) => events.push(event)), makeProbe: blind };
    const agent = new Agent(fleetSpec('b'), { deps, onRefused: () => {} });
    members.push({ agent, events, deps, refusals: [] });
    agent.start();
    await clock.advance(10 * 60_000);
    const takeovers = cloud.mutations.filter((m) => m.by === 'b' && m.tableId === 'rtb-a');
    // 30 s, 60 s, 120 s, 240 s … and the polls between them.
    expect(takeovers.length).toBeGreaterThanOrEqual(2);
    expect(takeovers.length).toBeLessThanOrEqual(6);
    expect(events.some((event) => event.type === 'owner-reclaimed')).toBe(true);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });
});

describe('trouble with EC2', () => {
  it('is told once, changes nothing, and is over by itself', async () => {
    const { a } = await settledPair();
    cloud.troubles.push(
      ...troubles({ api: 'describe', by: 'a', kind: 'transient', code: 'ECONNREFUSED' }, 30),
    );
    await clock.advance(120_000);
    expect(cloud.mutations).toEqual([]);
    expect(eventsOf(a, 'api-failing')).toHaveLength(1);
    await clock.advance(300_000);
    expect(eventsOf(a, 'api-recovered')).toHaveLength(1);
  });

  it('does not stop the probes', async () => {
    const { a } = await settledPair();
    cloud.troubles.push(...troubles({ api: 'describe', by: 'a', kind: 'transient' }, 1_000));
    const before = eventsOf(a, 'probe').length;
    await clock.advance(10_000);
    expect(eventsOf(a, 'probe').length - before).toBeGreaterThanOrEqual(49);
  });

  it('that is a missing permission is tried again slowly', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.troubles.push(...troubles({ api: 'apply', by: 'a', kind: 'unauthorized' }, 3));
    const a = start('a');
    await clock.advance(50_000);
    expect(cloud.mutations.length).toBeLessThanOrEqual(3);
    expect(eventsOf(a, 'api-failing')).toHaveLength(1);
    await clock.advance(240_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    expect(eventsOf(a, 'api-recovered')).toHaveLength(1);
  });

  it('that loses the answer of a change that was made leads to no second change', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.troubles.push({ api: 'apply', by: 'a', kind: 'transient', isAfter: true });
    start('a');
    await clock.advance(60_000);
    expect(cloud.mutations).toHaveLength(1);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('that makes reads stale leads to no second takeover and no reclaim', async () => {
    const { a, b } = await settledPair();
    cloud.staleMs = 5_000;
    await Promise.all([a.agent.close('died'), clock.advance(1)]);
    cloud.services.delete('a');
    await clock.advance(60_000);
    expect(cloud.mutations.filter((m) => m.result === 'ok')).toHaveLength(1);
    expect(eventsOf(b, 'owner-reclaimed')).toEqual([]);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  });

  it('that makes reads stale does not lose races at the speed of the network', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.staleMs = 10_000;
    start('a');
    await clock.advance(30_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    expect(cloud.mutations.length).toBeLessThanOrEqual(12);
  });
});

describe('many changes at once', () => {
  it('are finished though EC2 is asked for the holders only at each poll, and these are far apart', async () => {
    for (let index = 0; index < 100; index += 1) {
      cloud.addTable(`rtb-${index}`, { az: 'b' });
      cloud.setHolder(`rtb-${index}`, 'eni-b');
    }
    cloud.services.add('a');
    cloud.statuses.set('i-eni-b', 'impaired');
    const tableGroups = fleetSpec('a').tableGroups.map((group) => ({
      ...group,
      routes: group.routes.map((route) => ({ ...route, remoteCheck: undefined })),
    }));
    start('a', { tableGroups, pollMs: 300_000 });
    await clock.advance(60_000);
    expect(cloud.mutations.filter((m) => m.result === 'ok')).toHaveLength(100);
  });

  it('stay under the client-side bucket and are finished at its rate', async () => {
    for (let index = 0; index < 100; index += 1) cloud.addTable(`rtb-${index}`, { az: 'a' });
    cloud.services.add('a');
    const a = start('a');
    await clock.advance(1_000);
    expect(cloud.mutations.length).toBeLessThanOrEqual(44);
    await clock.advance(16_000);
    expect(cloud.mutations.filter((m) => m.result === 'ok')).toHaveLength(100);
    expect(eventsOf(a, 'throttled-by-us').length).toBeGreaterThanOrEqual(1);
  });
});
