import { beforeEach, describe, expect, it } from 'vitest';
import { Announcing } from '../../../src/agent/announcing.ts';
import type { AgentEvent, AnnouncerSpec } from '../../../src/agent/index.ts';
import type { CheckState, Health } from '../../../src/core/index.ts';
import { announcedRoute, announcerSpec, GRACEFUL_SHUTDOWN } from '../../support/announcements.ts';
import { FakeAnnouncer } from '../../support/fake-announcer.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const ONE = '10.0.0.1/32';
const TWO = '2001:db8::2/128';
const ROUTES = [announcedRoute(ONE, 'web'), announcedRoute(TWO, 'dns')];

let clock: FakeClock;
let announcer: FakeAnnouncer;
let current: FakeAnnouncer | undefined;
let events: AgentEvent[];
let states: Map<string, CheckState>;
let announcing: Announcing;

beforeEach(() => {
  clock = new FakeClock();
  announcer = new FakeAnnouncer(clock);
  current = announcer;
  events = [];
  states = new Map();
  const deps = { clock, announcer: () => current, report: (event: AgentEvent) => events.push(event) };
  announcing = new Announcing(deps, (name) => states.get(name));
});

function check(name: string, status: Health): void {
  states.set(name, { status, passes: 0, failures: 0, sinceMs: clock.now() });
  announcing.checkChanged(name);
}

/** Both prefixes announced, and what was told of that forgotten. */
function announced(over: Partial<AnnouncerSpec> = {}): void {
  announcing.setSpec(announcerSpec(ROUTES, over));
  check('web', 'healthy');
  check('dns', 'healthy');
  announcer.told.length = 0;
  events.length = 0;
  expect(announcing.view()?.prefixes.map(({ isAnnounced }) => isAnnounced)).toEqual([true, true]);
}

/** The prefixes of each `set` so far, and `closed`. */
function told(): readonly (readonly string[] | 'closed')[] {
  return announcer.told.map(({ all }) => all?.map(({ prefix }) => prefix) ?? 'closed');
}

function decisions(): readonly string[] {
  return events.flatMap((event) =>
    event.type === 'announcement' ? `${event.prefix} ${event.verdict} ${event.reason}` : [],
  );
}

describe('announcing', () => {
  it('tells a new announcer at once what it knows, be it nothing', () => {
    announcing.setSpec(announcerSpec(ROUTES));
    expect(told()).toEqual([[]]);
    expect(decisions()).toEqual([`${ONE} hold checks-unsettled`, `${TWO} hold checks-unsettled`]);
  });

  it('follows a check before anything else can happen, and tells of it afterwards', () => {
    announcing.setSpec(announcerSpec(ROUTES));
    events.length = 0;
    check('web', 'healthy');
    expect(told().at(-1)).toEqual([ONE]);
    check('dns', 'healthy');
    expect(told().at(-1)).toEqual([ONE, TWO]);
    check('web', 'unhealthy');
    expect(told().at(-1)).toEqual([TWO]);
    expect(events).toMatchObject([
      {
        type: 'announcement',
        prefix: ONE,
        previous: 'checks-unsettled',
        wasAnnounced: false,
        isAnnounced: true,
      },
      { type: 'announcement', prefix: TWO, verdict: 'announce', reason: 'healthy' },
      { type: 'announcement', prefix: ONE, verdict: 'withdraw', previous: 'healthy', wasAnnounced: true },
    ]);
  });

  it('says nothing twice: neither for checks that it does not rest on, nor for the same again', () => {
    announced();
    check('web', 'healthy');
    check('other', 'unhealthy');
    check('dns', 'unknown');
    announcing.setSpec(announcerSpec(structuredClone(ROUTES)));
    expect(told()).toEqual([]);
    expect(decisions()).toEqual([`${TWO} hold checks-unsettled`]);
  });

  it('follows a reload: withdraws what is gone, announces what is new and healthy, leaves what is not known', () => {
    announced();
    states.set('new', { status: 'healthy', passes: 2, failures: 0, sinceMs: 0 });
    states.delete('dns');
    announcing.setSpec(
      announcerSpec([
        announcedRoute('10.0.0.3/32', 'new'),
        announcedRoute(TWO, 'replaced'),
        announcedRoute('10.0.0.4/32', 'replaced'),
      ]),
    );
    expect(told()).toEqual([['10.0.0.3/32', TWO]]);
    expect(decisions()).toEqual([
      '10.0.0.3/32 announce healthy',
      `${TWO} hold checks-unsettled`,
      '10.0.0.4/32 hold checks-unsettled',
      `${ONE} withdraw removed`,
    ]);
  });

  it('announces anew with other attributes after a reload', () => {
    announced();
    announcing.setSpec(announcerSpec([announcedRoute(ONE, 'web', { med: 5 }), announcedRoute(TWO, 'dns')]));
    expect(announcer.now().map(({ attributes }) => attributes.med)).toEqual([5, undefined]);
    expect(events).toMatchObject([{ prefix: ONE, wasAnnounced: true, isAnnounced: true }]);
  });

  it('tells an announcer that a reload brings everything, and does without one', () => {
    announced();
    current = undefined;
    announcing.setSpec(undefined);
    check('web', 'unhealthy');
    expect(announcing.view()).toBeUndefined();
    check('web', 'healthy');
    current = new FakeAnnouncer(clock);
    announcing.setSpec(announcerSpec(ROUTES));
    expect(current.prefixes()).toEqual([ONE, TWO]);
    const other = new FakeAnnouncer(clock);
    current = other;
    announcing.setSpec(announcerSpec(ROUTES));
    expect(other.prefixes()).toEqual([ONE, TWO]);
  });

  it('shows what is decided beside what the backend says', () => {
    announced();
    expect(announcing.view()).toMatchObject({
      status: { backend: 'embedded' },
      prefixes: [{ prefix: ONE, reason: 'healthy' }, { prefix: TWO }],
    });
  });

  it('outlives an announcer that throws, says so, and tells it again what it has missed', async () => {
    announced();
    announcer.fault = new Error('a bug');
    check('web', 'unhealthy');
    expect(announcing.view()).toBeUndefined();
    await clock.advance(2_500);
    const crashes = events.filter(({ type }) => type === 'crash');
    expect(crashes).toHaveLength(4);
    expect(crashes[0]).toMatchObject({ where: 'announcer' });
    announcer.fault = undefined;
    await clock.advance(1_000);
    expect(told()).toEqual([[TWO]]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a drain', () => {
  const isGraceful = () =>
    announcer.now().map(({ attributes }) => attributes.communities.includes(GRACEFUL_SHUTDOWN));

  it('announces with GRACEFUL_SHUTDOWN for its time, then withdraws all, and ends as health says', async () => {
    announced();
    announcing.setDraining(true);
    announcing.setDraining(true);
    expect([told(), isGraceful()]).toEqual([[[ONE, TWO]], [true, true]]);
    await clock.advance(9_999);
    expect(told()).toHaveLength(1);
    await clock.advance(1);
    expect(told()).toEqual([[ONE, TWO], []]);
    check('web', 'unhealthy');
    check('web', 'healthy');
    expect(told()).toHaveLength(2);
    announcing.setDraining(false);
    expect([told().at(-1), isGraceful()]).toEqual([
      [ONE, TWO],
      [false, false],
    ]);
    expect(decisions().filter((line) => line.startsWith(ONE))).toEqual([
      `${ONE} announce draining`,
      `${ONE} withdraw drained`,
      `${ONE} announce healthy`,
    ]);
  });

  it('withdraws at once what falls ill meanwhile, and does not take it back before the end', async () => {
    announced();
    announcing.setDraining(true);
    check('web', 'unhealthy');
    expect(told().at(-1)).toEqual([TWO]);
    check('web', 'healthy');
    expect(told()).toHaveLength(2);
    announcing.setDraining(false);
    expect(told().at(-1)).toEqual([ONE, TWO]);
    await clock.advance(60_000);
    expect(told()).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not announce what was not announced when it began', () => {
    announcing.setSpec(announcerSpec(ROUTES));
    announcing.setDraining(true);
    check('web', 'healthy');
    expect(announcer.prefixes()).toEqual([]);
  });

  it('takes the time of a reload, counted from its beginning', async () => {
    announced();
    announcing.setDraining(true);
    await clock.advance(3_000);
    announcing.setSpec(announcerSpec(ROUTES, { drainMs: 5_000 }));
    await clock.advance(1_999);
    expect(announcer.prefixes()).toEqual([ONE, TWO]);
    await clock.advance(1);
    expect(announcer.prefixes()).toEqual([]);
    announcing.setDraining(false);
    announcing.setDraining(true);
    announcing.setSpec(announcerSpec(ROUTES, { drainMs: 0 }));
    expect(announcer.prefixes()).toEqual([]);
  });

  it('of no time at all withdraws without announcing first', () => {
    announced({ drainMs: 0 });
    announcing.setDraining(true);
    expect(told()).toEqual([[]]);
  });
});

describe('stopping', () => {
  it('closes the announcer before it returns, whatever takes how long, and changes nothing any more', async () => {
    announced();
    announcer.closeMs = 1_500;
    const stopped = announcing.stop('SIGTERM');
    expect([told(), announcer.closedWhy]).toEqual([['closed'], 'vpcast stops: SIGTERM']);
    check('web', 'unhealthy');
    check('web', 'healthy');
    announcing.setSpec(announcerSpec(ROUTES));
    announcing.setDraining(true);
    await clock.advance(1_500);
    expect(await stopped).toBe(true);
    expect(told()).toEqual(['closed']);
    expect(decisions()).toEqual([`${ONE} withdraw stopping`, `${TWO} withdraw stopping`]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('drains first where it is to, beginning before it returns', async () => {
    announced({ onExit: 'drain' });
    expect(announcing.stopDrainMs()).toBe(10_000);
    const stopped = announcing.stop('SIGTERM');
    expect(told()).toEqual([[ONE, TWO]]);
    await clock.advance(9_999);
    expect(told()).toHaveLength(1);
    check('web', 'unhealthy');
    await clock.advance(1);
    expect(await stopped).toBe(true);
    expect(told()).toEqual([[ONE, TWO], [TWO], [], 'closed']);
  });

  it('does not wait for the end of a drain that has nothing left', async () => {
    announced({ onExit: 'drain' });
    const stopped = announcing.stop('SIGTERM');
    await clock.advance(1_000);
    check('web', 'unhealthy');
    check('dns', 'unhealthy');
    await settle();
    expect(await stopped).toBe(true);
    expect(told().at(-1)).toBe('closed');
  });

  it('goes on with a drain that has begun, instead of beginning anew', async () => {
    announced({ onExit: 'drain' });
    announcing.setDraining(true);
    await clock.advance(8_000);
    const stopped = announcing.stop('SIGTERM');
    await clock.advance(2_000);
    expect(await stopped).toBe(true);
    expect(told()).toEqual([[ONE, TWO], [], 'closed']);
  });

  it('is told as not clean where the announcer throws', async () => {
    announced();
    announcer.fault = new Error('a bug');
    expect(await announcing.stop('SIGTERM')).toBe(false);
    expect(events).toMatchObject([{ type: 'crash', where: 'announcer' }, {}, {}]);
  });

  it('has nothing to do where nothing is announced', async () => {
    current = undefined;
    announcing.setSpec(undefined);
    expect(await announcing.stop('SIGTERM')).toBe(true);
  });
});
