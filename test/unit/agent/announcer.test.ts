import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Agent,
  type AgentDeps,
  type AgentEvent,
  type AgentSpec,
  type AnnouncerSpec,
} from '../../../src/agent/index.ts';
import { announcedRoute, announcerSpec, GRACEFUL_SHUTDOWN } from '../../support/announcements.ts';
import { FakeAnnouncer } from '../../support/fake-announcer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeCloud, fleetSpec } from '../../support/fake-cloud.ts';

const PREFIX = '10.0.0.128/32';

let clock: FakeClock;
let cloud: FakeCloud;
let announcer: FakeAnnouncer;
let agent: Agent;
let events: AgentEvent[];
let drain: string[];
/** Names of the functions that ask EC2 or the instance metadata, as they were called. */
let asked: string[];
let refusals: number;

beforeEach(() => {
  clock = new FakeClock();
  cloud = new FakeCloud(clock);
  cloud.addTable('rtb-a', { az: 'a' });
  cloud.services.add('a');
  announcer = new FakeAnnouncer(clock);
  cloud.announcers.set('a', announcer);
  events = [];
  asked = [];
  refusals = 0;
});

afterEach(async () => {
  const closing = agent.close('test');
  await clock.advance(60_000);
  await closing;
});

/** With routes of its own table, and a prefix that rests on the same check. */
function specWith(over: Partial<AnnouncerSpec> = {}, more: Partial<AgentSpec> = {}): AgentSpec {
  return fleetSpec('a', { announcer: announcerSpec([announcedRoute(PREFIX, 'local')], over), ...more });
}

/** The same without routes: what users outside AWS have. */
function aloneWith(over: Partial<AnnouncerSpec> = {}, more: Partial<AgentSpec> = {}): AgentSpec {
  return specWith(over, { tableGroups: [], remoteChecks: [], ...more });
}

function start(spec: AgentSpec, change: (deps: AgentDeps) => Partial<AgentDeps> = () => ({})): void {
  const deps = cloud.depsOf('a', (event) => events.push(event));
  drain = deps.drain;
  const noted = <Arguments extends unknown[], Result>(name: string, call: (...args: Arguments) => Result) => {
    return (...args: Arguments): Result => {
      asked.push(name);
      return call(...args);
    };
  };
  const { tables } = deps;
  agent = new Agent(spec, {
    deps: {
      ...deps,
      identity: noted('identity', deps.identity),
      tables: { describe: noted('describe', tables.describe), apply: noted('apply', tables.apply) },
      describeInterfaces: noted('interfaces', deps.describeInterfaces),
      describeInstanceStatus: noted('statuses', deps.describeInstanceStatus),
      disableSourceDestCheck: noted('modify', deps.disableSourceDestCheck),
      readOwnInterfaceIds: noted('own', deps.readOwnInterfaceIds),
      readDrainSignals: noted('signals', deps.readDrainSignals),
      ...change(deps),
    },
    onRefused: () => {
      refusals += 1;
    },
  });
  agent.start();
}

/** Starts it, and lets the prefix be announced. */
async function announced(spec: AgentSpec, change?: (deps: AgentDeps) => Partial<AgentDeps>): Promise<void> {
  start(spec, change);
  await clock.advance(2_000);
  expect(announcer.prefixes()).toEqual([PREFIX]);
  announcer.told.splice(0, announcer.told.length - 1);
  events.length = 0;
}

function has(type: AgentEvent['type']): boolean {
  return events.some((event) => event.type === type);
}

/** When each of these was told, relative to the first. */
function toldAtMs(type: AgentEvent['type']): Promise<number> {
  return clock.advanceUntil(() => has(type), 10_000).then(() => clock.now());
}

describe('prefixes beside routes', () => {
  it('are announced and withdrawn in the moment that a check changes, though EC2 hangs', async () => {
    cloud.latencyMs = 3_600_000;
    start(specWith());
    const upMs = await toldAtMs('health');
    expect(announcer.told.at(-1)).toMatchObject({ atMs: upMs, all: [{ prefix: PREFIX }] });
    events.length = 0;
    cloud.services.delete('a');
    const downMs = await toldAtMs('health');
    expect(announcer.told.at(-1)).toEqual({ atMs: downMs, all: [] });
    expect(cloud.mutations).toEqual([]);
    expect(agent.snapshot().notReady).toBe('route tables and interfaces are not known yet');
  });

  it('are told of after they were announced', async () => {
    start(specWith());
    await toldAtMs('health');
    const types = events
      .map(({ type }) => type)
      .filter((type) => type === 'announcement' || type === 'health');
    expect(types).toEqual(['announcement', 'announcement', 'health']);
  });

  it('do not move for EC2, and are not set again while nothing changes', async () => {
    await announced(specWith());
    await clock.advance(60_000);
    agent.reload(specWith({}, { pollMs: 5_000 }));
    await clock.advance(60_000);
    expect(announcer.told).toHaveLength(1);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('drain with the routes when the instance is about to go, and come back when that is called off', async () => {
    await announced(specWith({}, { drainOn: ['spot'] }));
    announcer.told.length = 0;
    drain.push('spot');
    await clock.advanceUntil(() => has('draining'), 6_000);
    const drainedMs = clock.now();
    await clock.advance(12_000);
    expect(cloud.holder('rtb-a')).toBeUndefined();
    expect(announcer.told).toMatchObject([
      { atMs: drainedMs, all: [{ attributes: { communities: [GRACEFUL_SHUTDOWN] } }] },
      { atMs: drainedMs + 10_000, all: [] },
    ]);
    drain.length = 0;
    await clock.advance(10_000);
    expect(announcer.now()).toMatchObject([{ prefix: PREFIX, attributes: { communities: [] } }]);
  });

  it('do not suffer from each other: an announcer that throws leaves the routes alone', async () => {
    announcer.fault = new Error('a bug');
    start(specWith());
    await clock.advance(5_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    expect(agent.snapshot().announcer).toBeUndefined();
    expect(agent.isAlive()).toBe(true);
  });

  it('are in the status line', async () => {
    await announced(specWith());
    announcer.peers.set('other', 'Active');
    expect(agent.status()).toBe('1 of 1 managed routes held, 1 of 1 prefixes announced to 1 of 2 peers');
    expect(agent.snapshot().announcer?.prefixes).toMatchObject([{ prefix: PREFIX, reason: 'healthy' }]);
  });
});

describe('a reload', () => {
  it('withdraws what is gone, announces what is new and healthy, and holds what is not known yet', async () => {
    await announced(specWith());
    const [local] = specWith().checks;
    if (local === undefined) throw new Error('there is no check');
    const checks = [local, { ...local, name: 'new' }];
    const routes = [announcedRoute('10.0.0.2/32', 'local'), announcedRoute('10.0.0.3/32', 'new')];
    agent.reload(specWith({ routes }, { checks }));
    expect(announcer.prefixes()).toEqual(['10.0.0.2/32']);
    await clock.advance(1_000);
    expect(announcer.prefixes()).toEqual(['10.0.0.2/32', '10.0.0.3/32']);
    // The same check in another way is another check: what is known of it is forgotten, and nothing else.
    agent.reload(specWith({ routes }, { checks: checks.map((check) => ({ ...check, everyMs: 300 })) }));
    await clock.advance(1_000);
    expect(announcer.told).toHaveLength(3);
  });

  it('may take the announcer away, and bring another', async () => {
    await announced(specWith());
    cloud.announcers.delete('a');
    agent.reload(fleetSpec('a'));
    await clock.advance(5_000);
    expect(agent.snapshot().announcer).toBeUndefined();
    expect(agent.status()).toBe('1 of 1 managed routes held');
    const other = new FakeAnnouncer(clock);
    cloud.announcers.set('a', other);
    agent.reload(specWith());
    expect(other.prefixes()).toEqual([PREFIX]);
  });
});

describe('a stop', () => {
  it('withdraws before anything else, though EC2 hangs, and is over within 10 s', async () => {
    await announced(specWith({}, { onExit: 'release' }));
    cloud.latencyMs = 3_600_000;
    const stoppedMs = clock.now();
    const closing = agent.close('SIGTERM');
    expect(announcer.told.at(-1)).toEqual({ atMs: stoppedMs, all: undefined });
    expect([announcer.closedWhy, events.map(({ type }) => type)]).toEqual([
      'vpcast stops: SIGTERM',
      ['stopping'],
    ]);
    await clock.advance(10_000);
    expect(await closing).toBe(false);
    expect(announcer.told).toHaveLength(2);
  });

  it('withdraws prefixes, then ends the probes, then releases the routes', async () => {
    const order: string[] = [];
    const close = announcer.close.bind(announcer);
    announcer.close = async (why) => {
      order.push('announcer');
      return close(why);
    };
    await announced(specWith({}, { onExit: 'release' }), (deps) => ({
      makeProbe: (spec) => ({
        ...deps.makeProbe(spec),
        close: async () => {
          order.push('probe');
        },
      }),
      tables: {
        describe: deps.tables.describe,
        apply: (action, signal) => {
          order.push(action.kind);
          return deps.tables.apply(action, signal);
        },
      },
    }));
    order.length = 0;
    const closing = agent.close('SIGTERM');
    await clock.advance(5_000);
    expect(await closing).toBe(true);
    expect(order).toEqual(['announcer', 'probe', 'delete']);
  });

  it('drains where it is to, keeps probing meanwhile, and takes that much longer', async () => {
    await announced(specWith({ onExit: 'drain', drainMs: 30_000 }));
    expect(agent.stopsWithinMs()).toBe(40_000);
    const stoppedMs = clock.now();
    const closing = agent.close('SIGTERM');
    expect(announcer.now()).toMatchObject([{ attributes: { communities: [GRACEFUL_SHUTDOWN] } }]);
    await clock.advance(10_000);
    cloud.services.delete('a');
    await clock.advance(1_000);
    expect(announcer.told.slice(1)).toMatchObject([{ all: [{}] }, { all: [] }, { all: undefined }]);
    expect(await closing).toBe(true);
    expect(announcer.told.at(-1)?.atMs).toBeLessThan(stoppedMs + 11_000);
    expect(cloud.mutations).toHaveLength(1);
  });

  it('closes the announcer when the drain is over', async () => {
    await announced(specWith({ onExit: 'drain', drainMs: 30_000 }, { onExit: 'release' }));
    const stoppedMs = clock.now();
    const closing = agent.close('SIGTERM');
    await clock.advance(29_999);
    expect(announcer.prefixes()).toEqual([PREFIX]);
    // Routes need not wait for it.
    expect(cloud.holder('rtb-a')).toBeUndefined();
    await clock.advance(2_000);
    expect(await closing).toBe(true);
    expect(announcer.told.slice(-2)).toMatchObject([
      { atMs: stoppedMs + 30_000, all: [] },
      { atMs: stoppedMs + 30_000, all: undefined },
    ]);
  });
});

describe('an agent with an announcer alone', () => {
  it('asks neither EC2 nor the instance metadata for anything, and is ready when its checks have settled', async () => {
    const [local] = specWith().checks;
    if (local === undefined) throw new Error('there is no check');
    start(aloneWith({}, { checks: [local, { ...local, name: 'slow', everyMs: 10_000 }] }));
    await clock.advance(2_000);
    expect(agent.snapshot().notReady).toBe('checks that have not settled yet: slow');
    expect(announcer.prefixes()).toEqual([PREFIX]);
    expect(has('ready')).toBe(false);
    announcer.peers.set('router', 'Active');
    await clock.advance(90_000);
    expect(agent.snapshot().notReady).toBeUndefined();
    expect(events.filter(({ type }) => type === 'ready')).toMatchObject([{ managed: false }]);
    expect(agent.isAlive()).toBe(true);
    expect(agent.status()).toBe('0 of 1 prefixes announced to 0 of 1 peers');
    const closing = agent.close('SIGTERM');
    await clock.advance(1_000);
    expect(await closing).toBe(true);
    expect(asked).toEqual([]);
    expect(events.filter(({ type }) => type === 'crash')).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is ready at once without a check', async () => {
    const always = announcedRoute(PREFIX, { kind: 'all', of: [] });
    start(aloneWith({ routes: [always] }, { checks: [] }));
    expect([announcer.prefixes(), has('ready')]).toEqual([[PREFIX], true]);
  });

  it('asks for nothing but signs to drain where it is to heed them', async () => {
    await announced(aloneWith({}, { drainOn: ['spot'] }));
    await clock.advance(60_000);
    expect(new Set(asked)).toEqual(new Set(['signals']));
  });

  it('takes up routes that a reload brings, and leaves them when one takes them away', async () => {
    await announced(aloneWith());
    agent.reload(specWith());
    expect(agent.snapshot().notReady).toBe('route tables and interfaces are not known yet');
    await clock.advance(5_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    expect(events.filter(({ type }) => type === 'ready')).toMatchObject([{ managed: true }]);
    agent.reload(aloneWith());
    await clock.advance(60_000);
    asked.length = 0;
    await clock.advance(90_000);
    expect([asked, agent.isAlive(), agent.snapshot().notReady]).toEqual([[], true, undefined]);
    expect([cloud.holder('rtb-a'), announcer.told.length]).toEqual(['eni-a', 1]);
  });

  it('does not stop for a source/dest check that a reload makes matter', async () => {
    await announced(aloneWith());
    cloud.sourceDestChecked.add('eni-a');
    agent.reload(specWith());
    await clock.advance(30_000);
    expect([refusals, has('source-dest-check'), cloud.mutations]).toEqual([0, true, []]);
    expect(announcer.prefixes()).toEqual([PREFIX]);
  });
});
