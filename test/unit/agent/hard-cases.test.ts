import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Agent,
  type AgentDeps,
  type AgentEvent,
  type AgentSpec,
  type SourceDestRefusal,
} from '../../../src/agent/index.ts';
import type { RouteSpec } from '../../../src/core/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeCloud, fleetSpec, troubles } from '../../support/fake-cloud.ts';

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

function start(
  name: string,
  spec: Partial<AgentSpec> = {},
  more: (deps: AgentDeps) => Partial<AgentDeps> = () => ({}),
) {
  const events: AgentEvent[] = [];
  const refusals: SourceDestRefusal[] = [];
  const base = cloud.depsOf(name, (event) => events.push(event));
  const deps = { ...base, ...more(base) };
  const agent = new Agent(fleetSpec(name, spec), { deps, onRefused: (found) => refusals.push(...found) });
  agents.push(agent);
  agent.start();
  return { agent, events, refusals, deps, base };
}

function routesOf(name: string, over: Partial<RouteSpec>): AgentSpec['tableGroups'] {
  return fleetSpec(name).tableGroups.map((g) => ({ ...g, routes: g.routes.map((r) => ({ ...r, ...over })) }));
}
function of<T extends AgentEvent['type']>(events: AgentEvent[], type: T) {
  return events.filter((e) => e.type === type) as Extract<AgentEvent, { type: T }>[];
}

describe('own interfaces', () => {
  it("a reload that changes a route's interface is taken up within two polls", async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const { agent } = start('a');
    await clock.advance(5_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    agent.reload(
      fleetSpec('a', { tableGroups: routesOf('a', { target: { instance: 'SELF', interface: 'eni-a' } }) }),
    );
    await clock.advance(1_000);
    cloud.setHolder('rtb-a', 'eni-x');
    await clock.advance(30_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('after such a reload the dead route is still deleted', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const { agent } = start('a');
    await clock.advance(5_000);
    agent.reload(
      fleetSpec('a', { tableGroups: routesOf('a', { target: { instance: 'SELF', interface: 0 } }) }),
    );
    await clock.advance(1_000);
    cloud.services.delete('a');
    await clock.advance(30_000);
    expect(cloud.holder('rtb-a')).toBeUndefined();
  });

  it('one empty answer of DescribeNetworkInterfaces (eventual consistency at boot) costs no 5 minutes', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    let calls = 0;
    start('a', {}, (d) => ({
      describeInterfaces: async (q, s) =>
        q.by === 'instance' && ++calls === 1 ? { ok: true, interfaces: [] } : d.describeInterfaces(q, s),
    }));
    await clock.advance(60_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('an empty first answer does not switch off the refusal', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.sourceDestChecked.add('eni-a');
    let calls = 0;
    const { refusals } = start('a', {}, (d) => ({
      describeInterfaces: async (q, s) =>
        q.by === 'instance' && ++calls === 1 ? { ok: true, interfaces: [] } : d.describeInterfaces(q, s),
    }));
    await clock.advance(700_000);
    expect([refusals.length, cloud.mutations.length]).toEqual([1, 0]);
  });

  it('a throttled ModifyNetworkInterfaceAttribute at start does not end the agent with 78', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.sourceDestChecked.add('eni-a');
    let calls = 0;
    const { refusals } = start('a', { manageSourceDestCheck: true }, (d) => ({
      disableSourceDestCheck: async (id, s) =>
        ++calls === 1
          ? {
              ok: false,
              failure: {
                kind: 'throttled',
                api: 'ModifyNetworkInterfaceAttribute',
                code: 'RequestLimitExceeded',
                message: '',
                requestId: undefined,
              },
            }
          : d.disableSourceDestCheck(id, s),
    }));
    await clock.advance(30_000);
    expect(refusals).toEqual([]);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });
});

describe('loops', () => {
  it('one crash in a poll does not end polling', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    let calls = 0;
    const { events } = start('a', {}, (d) => ({
      describeInterfaces: async (q, s) => {
        if (++calls === 1) throw new Error('bug');
        return d.describeInterfaces(q, s);
      },
    }));
    await clock.advance(60_000);
    expect(of(events, 'crash')).toHaveLength(1);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it("a holder that a cycle's own read discovers is watched at once, whatever the poll time", async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('a').add('b').add('c');
    start('c', { pollMs: 300_000 });
    await clock.advance(5_000);
    // a dies; b (another backup) is faster.
    cloud.services.delete('a');
    await clock.advance(300);
    cloud.setHolder('rtb-a', 'eni-b');
    await clock.advance(5_000);
    // then b dies too.
    cloud.services.delete('b');
    await clock.advance(30_000);
    expect(cloud.holder('rtb-a')).toBe('eni-c');
  });

  it('a reload that drops drain_on while the metadata is being read ends draining', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const { agent } = start('a', { drainOn: ['rebalance'] }, () => ({
      readDrainSignals: () =>
        new Promise((resolve) => {
          clock.after(2_000, () => resolve(['rebalance']));
        }),
    }));
    await clock.advance(8_000); // second look under way (2 s + 5 s)
    agent.reload(fleetSpec('a', { drainOn: [] }));
    await clock.advance(120_000);
    expect(agent.status()).not.toContain('draining');
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('with on_exit keep a hanging EC2 does not make the stop unclean', async () => {
    cloud.addTable('rtb-b', { az: 'b' });
    cloud.setHolder('rtb-b', 'eni-b');
    cloud.services.add('a').add('b');
    const { agent } = start('a');
    await clock.advance(9_000);
    cloud.latencyMs = 4_900;
    await clock.advance(3_000);
    const closing = agent.close('SIGTERM');
    agents.length = 0;
    await clock.advance(20_000);
    expect(await closing).toBe(true);
  });

  it('a refused agent with on_exit release stops at once and cleanly (exit 78, not 1)', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('a');
    cloud.sourceDestChecked.add('eni-a');
    const { agent, refusals } = start('a', { onExit: 'release' });
    await clock.advance(3_000);
    expect(refusals).toHaveLength(1);
    const closing = agent.close('refused');
    agents.length = 0;
    await clock.advance(15_000);
    expect(await closing).toBe(true);
  });
});

describe('lost answers', () => {
  it('a delete whose answer was lost is not repeated on a stale read against the new holder', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    start('a');
    await clock.advance(15_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    cloud.staleMs = 5_000;
    cloud.troubles.push({ api: 'apply', by: 'a', kind: 'transient', code: 'timeout', isAfter: true });
    cloud.services.delete('a');
    await clock.advanceUntil(() => cloud.mutations.some((m) => m.kind === 'delete'), 5_000);
    cloud.setHolder('rtb-a', 'eni-b'); // another agent creates it at once
    await clock.advance(20_000);
    expect(cloud.mutations.filter((m) => m.kind === 'delete')).toHaveLength(1);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  });

  it('a change whose answer was lost is not repeated on a stale read once another has shown it', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-b');
    await clock.advance(20_000);
    cloud.services.add('a');
    cloud.troubles.push({ api: 'apply', by: 'a', kind: 'transient', code: 'timeout', isAfter: true });
    const { events } = start('a');
    await clock.advanceUntil(() => of(events, 'route-changed').length > 0, 15_000);
    cloud.staleMs = 5_000;
    await clock.advance(4_900);
    expect(cloud.mutations).toHaveLength(1);
    cloud.staleMs = 0;
    await clock.advance(20_000);
    expect([cloud.mutations.length, cloud.holder('rtb-a')]).toEqual([1, 'eni-a']);
  });

  it('the after-hook and the route-changed event are not lost with the answer', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.troubles.push({ api: 'apply', by: 'a', kind: 'transient', code: 'timeout', isAfter: true });
    const hooks: string[] = [];
    const { events } = start(
      'a',
      { tableGroups: routesOf('a', { hooks: { run_after_add_route: ['x'] } }) },
      () => ({
        runHook: async (_a, v) => {
          hooks.push(v.VPCAST_HOOK ?? '');
          return undefined;
        },
      }),
    );
    await clock.advance(60_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    expect([hooks.length, of(events, 'route-changed').length]).toEqual([1, 1]);
  });
});

describe('hooks', () => {
  it('after-hooks of one route run in order, one at a time', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const log: string[] = [];
    start(
      'a',
      {
        tableGroups: routesOf('a', { hooks: { run_after_add_route: ['x'], run_after_delete_route: ['y'] } }),
      },
      () => ({
        runHook: (_a, v) =>
          new Promise((resolve) => {
            const h = v.VPCAST_HOOK ?? '';
            log.push(`start ${h}`);
            clock.after(h.includes('add') ? 8_000 : 100, () => {
              log.push(`end ${h}`);
              resolve(undefined);
            });
          }),
      }),
    );
    await clock.advance(2_000);
    cloud.services.delete('a');
    await clock.advance(20_000);
    expect(log).toEqual([
      'start run_after_add_route',
      'end run_after_add_route',
      'start run_after_delete_route',
      'end run_after_delete_route',
    ]);
  });

  it('before-hooks are bounded in number, and run once per change', async () => {
    for (let i = 0; i < 200; i += 1) cloud.addTable(`rtb-${i}`, { az: 'a' });
    cloud.services.add('a');
    let running = 0;
    let most = 0;
    let total = 0;
    start('a', { tableGroups: routesOf('a', { hooks: { run_before_add_route: ['x'] } }) }, () => ({
      runHook: () =>
        new Promise((resolve) => {
          running += 1;
          total += 1;
          most = Math.max(most, running);
          clock.after(1_000, () => {
            running -= 1;
            resolve(undefined);
          });
        }),
    }));
    await clock.advance(120_000);
    expect(total).toBe(200);
    expect(most).toBeLessThanOrEqual(50);
  });
});

describe('telling', () => {
  it('a failure in a later, separate incident is told again', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.addTable('rtb-z', { az: 'z' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.setHolder('rtb-z', 'eni-z');
    cloud.services.add('a').add('z').add('b');
    cloud.troubles.push({ api: 'apply', by: 'b', kind: 'unauthorized', code: 'UnauthorizedOperation' });
    const { events } = start('b');
    await clock.advance(5_000);
    cloud.services.delete('a');
    await clock.advance(2_000); // refused once
    cloud.services.add('a'); // incident over by itself
    await clock.advance(3_600_000);
    cloud.troubles.push(
      ...troubles({ api: 'apply', by: 'b', kind: 'unauthorized', code: 'UnauthorizedOperation' }, 100),
    );
    cloud.services.delete('z');
    await clock.advance(600_000);
    expect(of(events, 'route-failed').length).toBeGreaterThan(2);
    expect(of(events, 'api-failing')).toHaveLength(2);
  }, 60_000);
});

describe('owner conflict', () => {
  it('a route that became a blackhole is saved though a conflict is on', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    start('a');
    await clock.advance(5_000);
    // Another owner takes it again and again.
    for (let i = 0; i < 7; i += 1) {
      await clock.advance(25_000);
      if (cloud.holder('rtb-a') === 'eni-a') cloud.setHolder('rtb-a', 'eni-x');
    }
    await clock.advance(15_000);
    expect(cloud.holder('rtb-a')).toBe('eni-x');
    cloud.setHolder('rtb-a', 'eni-x', { state: 'blackhole' }); // its instance was stopped
    await clock.advance(15_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });
});

describe('several roles', () => {
  const two = (): AgentSpec['tableGroups'] => {
    const [own] = fleetSpec('a').tableGroups;
    if (own === undefined) throw new Error();
    return [
      { ...own, name: 'mine', find: { kind: 'by-tag', key: 'az', value: 'a', not: false } },
      {
        ...own,
        name: 'theirs',
        assumeRole: 'arn:x',
        find: { kind: 'by-tag', key: 'az', value: 'b', not: false },
      },
    ];
  };
  it('a table that two roles can read is still managed by the group that means it', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.addTable('rtb-b', { az: 'b' });
    cloud.services.add('a');
    start('a', { tableGroups: two() }, (d) => ({
      tables: {
        apply: d.tables.apply,
        describe: async (q, s) => {
          const r = await d.tables.describe(q, s);
          return r.ok ? { ok: true, tables: r.tables.map((t) => ({ ...t, roleArn: q.roleArn })) } : r;
        },
      },
    }));
    await clock.advance(60_000);
    expect([cloud.holder('rtb-a'), cloud.holder('rtb-b')]).toEqual(['eni-a', 'eni-a']);
  });

  it('a role whose read hangs delays no other role, and no delete rests on a read that waited for it', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.addTable('rtb-b', { az: 'b' });
    cloud.services.add('a');
    let hangs = false;
    const roleOf = (id: string) => (id === 'rtb-b' ? 'arn:x' : undefined);
    start('a', { tableGroups: two(), pollMs: 60_000 }, (d) => ({
      tables: {
        apply: d.tables.apply,
        describe: async (q, s) => {
          if (q.roleArn === 'arn:x' && hangs) {
            await new Promise<void>((r) => {
              clock.after(5_000, r);
            });
            return {
              ok: false,
              failure: {
                kind: 'transient',
                api: 'DescribeRouteTables',
                code: 'timeout',
                message: '',
                requestId: undefined,
              },
            };
          }
          const r = await d.tables.describe(q, s);
          return r.ok
            ? {
                ok: true,
                tables: r.tables
                  .filter((t) => roleOf(t.id) === q.roleArn)
                  .map((t) => ({ ...t, roleArn: q.roleArn })),
              }
            : r;
        },
      },
    }));
    await clock.advance(15_000);
    expect([cloud.holder('rtb-a'), cloud.holder('rtb-b')]).toEqual(['eni-a', 'eni-a']);
    hangs = true;
    cloud.services.delete('a');
    // The own table is read and acted on at once; the other role's read hangs for seconds.
    await clock.advance(1_500);
    expect(cloud.holder('rtb-a')).toBeUndefined();
    cloud.setHolder('rtb-a', 'eni-b'); // a backup creates the route
    await clock.advance(20_000);
    expect(cloud.mutations.filter((m) => m.kind === 'delete' && m.tableId === 'rtb-a')).toHaveLength(1);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  });
});

describe('tokens', () => {
  it('creations that always fail do not starve a takeover', async () => {
    for (let i = 0; i < 100; i += 1) cloud.addTable(`rtb-${i}`, { az: 'b' });
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('a').add('b');
    start('b', {}, (d) => ({
      tables: {
        describe: d.tables.describe,
        apply: async (action, s) => {
          if (action.kind !== 'create') return d.tables.apply(action, s);
          await new Promise<void>((r) => {
            clock.after(10, r);
          });
          return {
            ok: false,
            failure: {
              kind: 'not-ready',
              api: 'CreateRoute',
              code: 'IncorrectState',
              message: '',
              requestId: undefined,
            },
          };
        },
      },
    }));
    await clock.advance(60_000);
    cloud.services.delete('a');
    await clock.advance(60_000);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  }, 60_000);
});

describe('under trouble', () => {
  it('one failed look-up of a new holder is tried again soon, whatever the poll time', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('b');
    let calls = 0;
    start('b', { pollMs: 300_000 }, (d) => ({
      describeInterfaces: async (q, s) =>
        q.by === 'interface' && ++calls === 1
          ? {
              ok: false,
              failure: {
                kind: 'throttled',
                api: 'DescribeNetworkInterfaces',
                code: 'RequestLimitExceeded',
                message: '',
                requestId: undefined,
              },
            }
          : d.describeInterfaces(q, s),
    }));
    await clock.advance(60_000); // a's service is dead from the start
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  });

  it('SIGTERM (keep) with changes due spins no cycles', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    let _describes = 0;
    const { agent } = start('a', {}, (d) => ({
      tables: {
        apply: d.tables.apply,
        describe: (q, s) => {
          _describes += 1;
          return d.tables.describe(q, s);
        },
      },
      makeProbe: (spec) => ({
        ...d.makeProbe(spec),
        close: () =>
          new Promise((r) => {
            clock.after(900, r);
          }),
      }),
    }));
    await clock.advance(15_000);
    cloud.setHolder('rtb-a', 'eni-x');
    cloud.troubles.push(...troubles({ api: 'apply', by: 'a', kind: 'throttled' }, 1));
    await clock.advanceUntil(() => cloud.mutations.some((m) => m.result === 'throttled'), 20_000);
    _describes = 0;
    const stoppedMs = clock.now();
    const closing = agent.close('SIGTERM');
    agents.length = 0;
    let timers = 0;
    const after = clock.after.bind(clock);
    clock.after = (ms, run) => {
      timers += 1;
      if (timers > 5_000)
        throw new Error(`more than 5,000 timers set within ${clock.now() - stoppedMs} ms of stopping`);
      return after(ms, run);
    };
    await clock.advance(2_000);
    await closing;
    expect(timers).toBeLessThan(500);
  });

  it('a poisoned route group read by a failing role does not hold "ready" and "tables" back', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const [own] = fleetSpec('a').tableGroups;
    if (own === undefined) throw new Error();
    const { events } = start(
      'a',
      { tableGroups: [own, { ...own, name: 'x', assumeRole: 'arn:x' }] },
      (d) => ({
        tables: {
          apply: d.tables.apply,
          describe: async (q, s) =>
            q.roleArn === undefined
              ? d.tables.describe(q, s)
              : {
                  ok: false,
                  failure: {
                    kind: 'unauthorized',
                    api: 'AssumeRole',
                    code: 'AccessDenied',
                    message: '',
                    requestId: undefined,
                  },
                },
        },
      }),
    );
    await clock.advance(120_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    expect(events.some((e) => e.type === 'tables')).toBe(true);
  });

  it('waiting for the own rate limit is told once per episode', async () => {
    for (let i = 0; i < 300; i += 1) cloud.addTable(`rtb-${i}`, { az: 'a' });
    cloud.services.add('a');
    const { events } = start('a');
    await clock.advance(70_000);
    const told = events.filter((e) => e.type === 'throttled-by-us').length;
    expect(told).toBeLessThanOrEqual(3);
  }, 60_000);

  it('a fallback that does not exist does not make the agent poll at every attempt', async () => {
    for (let i = 0; i < 30; i += 1) {
      cloud.addTable(`rtb-${i}`, { az: 'a' });
      cloud.setHolder(`rtb-${i}`, 'eni-a');
    }
    let full = 0;
    const groups = fleetSpec('a').tableGroups.map((g) => ({
      ...g,
      routes: g.routes.map((r) => ({ ...r, fallback: { kind: 'nat-gateway' as const, id: 'nat-gone' } })),
    }));
    start('a', { tableGroups: groups }, (d) => ({
      tables: {
        describe: (q, s) => {
          if (q.ids === undefined) full += 1;
          return d.tables.describe(q, s);
        },
        apply: async () => {
          await new Promise<void>((r) => {
            clock.after(10, r);
          });
          return {
            ok: false,
            failure: {
              kind: 'target-missing',
              api: 'ReplaceRoute',
              code: 'InvalidNatGatewayID.NotFound',
              message: '',
              requestId: undefined,
            },
          };
        },
      },
    }));
    await clock.advance(120_000);
    expect(full).toBeLessThanOrEqual(30);
  }, 60_000);

  it('a new holder that EC2 does not show at once is asked for again, whatever the poll time', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('b');
    let calls = 0;
    start('b', { pollMs: 300_000 }, (d) => ({
      describeInterfaces: async (q, s) =>
        q.by === 'interface' && ++calls === 1 ? { ok: true, interfaces: [] } : d.describeInterfaces(q, s),
    }));
    await clock.advance(60_000);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  });

  it('a known holder that one read does not show stays watched', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('a').add('b');
    let calls = 0;
    const { events } = start('b', {}, (d) => ({
      describeInterfaces: async (q, s) =>
        q.by === 'interface' && ++calls === 2 ? { ok: true, interfaces: [] } : d.describeInterfaces(q, s),
    }));
    await clock.advance(700_000);
    expect(calls).toBeGreaterThanOrEqual(2);
    expect(events.filter((e) => e.type === 'remote-check' && e.change === 'stopped')).toEqual([]);
  });

  it('a read from a replica that lags, after one that did not, is no reclaim', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('a').add('b');
    const { events } = start('b');
    await clock.advance(15_000);
    cloud.services.delete('a');
    await clock.advanceUntil(() => cloud.holder('rtb-a') === 'eni-b', 5_000);
    await clock.advance(500); // reads have shown the route as ours
    cloud.staleMs = 3_000; // another replica answers the next ones
    await clock.advance(1_000);
    cloud.staleMs = 0;
    await clock.advance(60_000);
    expect(events.filter((e) => e.type === 'owner-reclaimed')).toEqual([]);
  });
});

describe('what says nothing of a holder', () => {
  it('probes that fail by our own trouble take no route, and make a check unknown in the end', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('a').add('b');
    let isExhausted = false;
    const { events } = start('b', {}, (d) => ({
      makeProbe: (spec) => {
        const probe = d.makeProbe(spec);
        const broken = { ok: false, reason: 'internal-error', latencyMs: 0, detail: 'EMFILE' } as const;
        return {
          attempt: async (timeoutMs, signal) =>
            isExhausted ? broken : await probe.attempt(timeoutMs, signal),
          close: () => probe.close(),
        };
      },
    }));
    await clock.advance(15_000);
    isExhausted = true;
    await clock.advance(60_000);
    expect(cloud.mutations).toEqual([]);
    const ignorance = events.filter((e) => e.type === 'health' && e.to === 'unknown');
    expect(ignorance).toHaveLength(2);
    isExhausted = false;
    cloud.services.delete('a');
    await clock.advance(5_000);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  });

  it('an agent that was cut off itself takes nothing until probes fail anew', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('a').add('b');
    start('b', { pollMs: 1_000 });
    await clock.advance(15_000);
    // The way out breaks: the holder falls silent and EC2 can't be reached. Then EC2 comes back a moment sooner.
    cloud.services.delete('a');
    cloud.troubles.push(...troubles({ api: 'describe', by: 'b', kind: 'transient', code: 'ENETUNREACH' }, 8));
    await clock.advanceUntil(() => cloud.troubles.length === 0, 120_000);
    const asked = cloud.describes.length;
    await clock.advanceUntil(() => cloud.describes.length > asked, 120_000);
    await clock.advance(1);
    cloud.services.add('a');
    await clock.advance(20_000);
    expect(cloud.mutations).toEqual([]);
    cloud.services.delete('a');
    await clock.advance(5_000);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  });
});
