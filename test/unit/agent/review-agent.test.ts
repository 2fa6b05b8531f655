import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent, type AgentDeps, type AgentEvent, type AgentSpec, Engine, type SourceDestRefusal } from '../../../src/agent/index.ts';
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

function start(name: string, spec: Partial<AgentSpec> = {}, more: (deps: AgentDeps) => Partial<AgentDeps> = () => ({})) {
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
  it('P1 a reload that changes a route\'s interface is taken up within two polls', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const { agent } = start('a');
    await clock.advance(5_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    agent.reload(fleetSpec('a', { tableGroups: routesOf('a', { target: { instance: 'SELF', interface: 'eni-a' } }) }));
    await clock.advance(1_000);
    cloud.setHolder('rtb-a', 'eni-x');
    await clock.advance(30_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('P1b after such a reload the dead route is still deleted', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const { agent } = start('a');
    await clock.advance(5_000);
    agent.reload(fleetSpec('a', { tableGroups: routesOf('a', { target: { instance: 'SELF', interface: 0 } }) }));
    await clock.advance(1_000);
    cloud.services.delete('a');
    await clock.advance(30_000);
    expect(cloud.holder('rtb-a')).toBeUndefined();
  });

  it('P2 one empty answer of DescribeNetworkInterfaces (eventual consistency at boot) costs no 5 minutes', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    let calls = 0;
    start('a', {}, (d) => ({
      describeInterfaces: async (q, s) => (q.by === 'instance' && ++calls === 1 ? { ok: true, interfaces: [] } : d.describeInterfaces(q, s)),
    }));
    await clock.advance(60_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('P2b an empty first answer does not switch off the refusal', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.sourceDestChecked.add('eni-a');
    let calls = 0;
    const { refusals } = start('a', {}, (d) => ({
      describeInterfaces: async (q, s) => (q.by === 'instance' && ++calls === 1 ? { ok: true, interfaces: [] } : d.describeInterfaces(q, s)),
    }));
    await clock.advance(700_000);
    expect([refusals.length, cloud.mutations.length]).toEqual([1, 0]);
  });

  it('P3 a throttled ModifyNetworkInterfaceAttribute at start does not end the agent with 78', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.sourceDestChecked.add('eni-a');
    let calls = 0;
    const { refusals } = start('a', { manageSourceDestCheck: true }, (d) => ({
      disableSourceDestCheck: async (id, s) =>
        ++calls === 1
          ? { ok: false, failure: { kind: 'throttled', api: 'ModifyNetworkInterfaceAttribute', code: 'RequestLimitExceeded', message: '', requestId: undefined } }
          : d.disableSourceDestCheck(id, s),
    }));
    await clock.advance(30_000);
    expect(refusals).toEqual([]);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });
});

describe('loops', () => {
  it('P4 one crash in a poll does not end polling', async () => {
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

  it('P10 a holder that a cycle\'s own read discovers is watched at once, whatever the poll time', async () => {
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

  it('P14 a reload that drops drain_on while the metadata is being read ends draining', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const { agent } = start('a', { drainOn: ['rebalance'] }, () => ({
      readDrainSignals: () => new Promise((resolve) => { clock.after(2_000, () => resolve(['rebalance'])); }),
    }));
    await clock.advance(8_000); // second look under way (2 s + 5 s)
    agent.reload(fleetSpec('a', { drainOn: [] }));
    await clock.advance(120_000);
    expect(agent.status()).not.toContain('draining');
    expect(cloud.holder('rtb-a')).toBe('eni-a');
  });

  it('P17 with on_exit keep a hanging EC2 does not make the stop unclean', async () => {
    cloud.addTable('rtb-b', { az: 'b' });
    cloud.setHolder('rtb-b', 'eni-b');
    cloud.services.add('a').add('b');
    const { agent } = start('a');
    await clock.advance(9_000);
    cloud.latencyMs = 4_900;
    await clock.advance(3_000);
    const closing = agent.close('SIGTERM');
    agents.length = 0;
    const t0 = clock.now();
    let took = -1;
    void closing.then(() => { took = clock.now() - t0; });
    await clock.advance(20_000);
    console.log('P17 took', took);
    expect(await closing).toBe(true);
  });

  it('P18 a refused agent with on_exit release stops at once and cleanly (exit 78, not 1)', async () => {
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
  it('P8 a delete whose answer was lost is not repeated on a stale read against the new holder', async () => {
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

  it('P15a the after-hook and the route-changed event are not lost with the answer', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    cloud.troubles.push({ api: 'apply', by: 'a', kind: 'transient', code: 'timeout', isAfter: true });
    const hooks: string[] = [];
    const { events } = start('a', { tableGroups: routesOf('a', { hooks: { run_after_add_route: ['x'] } }) }, () => ({
      runHook: async (_a, v) => { hooks.push(v.VPCAST_HOOK ?? ''); return undefined; },
    }));
    await clock.advance(60_000);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    expect([hooks.length, of(events, 'route-changed').length]).toEqual([1, 1]);
  });
});

describe('hooks', () => {
  it('P15b after-hooks of one route run in order, one at a time', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.services.add('a');
    const log: string[] = [];
    start('a', { tableGroups: routesOf('a', { hooks: { run_after_add_route: ['x'], run_after_delete_route: ['y'] } }) }, () => ({
      runHook: (_a, v) => new Promise((resolve) => {
        const h = v.VPCAST_HOOK ?? '';
        log.push(`start ${h}`);
        clock.after(h.includes('add') ? 8_000 : 100, () => { log.push(`end ${h}`); resolve(undefined); });
      }),
    }));
    await clock.advance(2_000);
    cloud.services.delete('a');
    await clock.advance(20_000);
    expect(log).toEqual(['start run_after_add_route', 'end run_after_add_route', 'start run_after_delete_route', 'end run_after_delete_route']);
  });

  it('P15c before-hooks are bounded in number, and run once per change', async () => {
    for (let i = 0; i < 200; i += 1) cloud.addTable(`rtb-${i}`, { az: 'a' });
    cloud.services.add('a');
    let running = 0; let most = 0; let total = 0;
    start('a', { tableGroups: routesOf('a', { hooks: { run_before_add_route: ['x'] } }) }, () => ({
      runHook: () => new Promise((resolve) => {
        running += 1; total += 1; most = Math.max(most, running);
        clock.after(1_000, () => { running -= 1; resolve(undefined); });
      }),
    }));
    await clock.advance(120_000);
    console.log('P15c hooks at once', most, 'total', total, 'changes', cloud.mutations.length);
    expect(total).toBe(200);
    expect(most).toBeLessThanOrEqual(50);
  });
});

describe('telling', () => {
  it('P11 a failure in a later, separate incident is told again', async () => {
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
    await clock.advance(24 * 3_600_000);
    cloud.troubles.push(...troubles({ api: 'apply', by: 'b', kind: 'unauthorized', code: 'UnauthorizedOperation' }, 100));
    cloud.services.delete('z');
    await clock.advance(600_000);
    expect(of(events, 'route-failed').length).toBeGreaterThan(2);
    expect(of(events, 'api-failing')).toHaveLength(2);
  }, 60_000);
});

describe('owner conflict', () => {
  it('P13 a route that became a blackhole is saved though a conflict is on', async () => {
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
      { ...own, name: 'theirs', assumeRole: 'arn:x', find: { kind: 'by-tag', key: 'az', value: 'b', not: false } },
    ];
  };
  it('P7 a table that two roles can read is still managed by the group that means it', async () => {
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

  it('P9 a delete never rests on a read that waited for another role\'s timeout', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.addTable('rtb-b', { az: 'b' });
    cloud.services.add('a');
    let hangs = false;
    const roleOf = (id: string) => (id === 'rtb-b' ? 'arn:x' : undefined);
    const { } = start('a', { tableGroups: two(), pollMs: 60_000 }, (d) => ({
      tables: {
        apply: d.tables.apply,
        describe: async (q, s) => {
          if (q.roleArn === 'arn:x' && hangs) {
            await new Promise<void>((r) => { clock.after(5_000, r); });
            return { ok: false, failure: { kind: 'transient', api: 'DescribeRouteTables', code: 'timeout', message: '', requestId: undefined } };
          }
          const r = await d.tables.describe(q, s);
          return r.ok
            ? { ok: true, tables: r.tables.filter((t) => roleOf(t.id) === q.roleArn).map((t) => ({ ...t, roleArn: q.roleArn })) }
            : r;
        },
      },
    }));
    await clock.advance(15_000);
    expect([cloud.holder('rtb-a'), cloud.holder('rtb-b')]).toEqual(['eni-a', 'eni-a']);
    hangs = true;
    cloud.services.delete('a');
    await clock.advance(2_000); // the reads are under way: rtb-a was answered long ago, rtb-b hangs
    cloud.setHolder('rtb-a', 'eni-b'); // a backup takes the dead route
    await clock.advance(10_000);
    expect(cloud.mutations.filter((m) => m.kind === 'delete' && m.tableId === 'rtb-a')).toEqual([]);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  });
});

describe('one-shot commands', () => {
  it('P6 apply: a takeover by EC2 status is still a change after 10 s without a poll', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.statuses.set('i-eni-a', 'impaired');
    const deps = cloud.depsOf('b', () => {});
    const mode = { isDraining: false, checks: 'ignored' } as const;
    const engine = new Engine(fleetSpec('b'), { deps, onWake() {}, onDoubt() {} });
    const polled = engine.poll(mode, new AbortController().signal);
    await clock.advance(100);
    await polled;
    const before = engine.decide(mode).filter((d) => d.decision.verdict !== 'hold').length;
    await clock.advance(10_000);
    const after = engine.decide(mode).filter((d) => d.decision.verdict !== 'hold').length;
    expect([before, after]).toEqual([1, 1]);
  });

  it('P12 plan: a poll changes nothing at EC2', async () => {
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.sourceDestChecked.add('eni-a');
    const deps = cloud.depsOf('a', () => {});
    const engine = new Engine(fleetSpec('a', { manageSourceDestCheck: true }), { deps, onWake() {}, onDoubt() {} });
    const polled = engine.poll({ isDraining: false, checks: 'ignored' }, new AbortController().signal);
    await clock.advance(100);
    await polled;
    expect([...cloud.sourceDestChecked]).toEqual(['eni-a']);
  });
});

describe('tokens', () => {
  it('P19 creations that always fail do not starve a takeover', async () => {
    for (let i = 0; i < 100; i += 1) cloud.addTable(`rtb-${i}`, { az: 'b' });
    cloud.addTable('rtb-a', { az: 'a' });
    cloud.setHolder('rtb-a', 'eni-a');
    cloud.services.add('a').add('b');
    start('b', {}, (d) => ({
      tables: {
        describe: d.tables.describe,
        apply: async (action, s) => {
          if (action.kind !== 'create') return d.tables.apply(action, s);
          await new Promise<void>((r) => { clock.after(10, r); });
          return { ok: false, failure: { kind: 'not-ready', api: 'CreateRoute', code: 'IncorrectState', message: '', requestId: undefined } };
        },
      },
    }));
    await clock.advance(60_000);
    cloud.services.delete('a');
    const t0 = clock.now();
    await clock.advance(60_000);
    console.log('P19 taken after', (cloud.mutations.find((m) => m.tableId === 'rtb-a')?.atMs ?? Number.NaN) - t0);
    expect(cloud.holder('rtb-a')).toBe('eni-b');
  }, 60_000);
});
