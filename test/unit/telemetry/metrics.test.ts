import { beforeEach, describe, expect, it } from 'vitest';
import type { AgentEvent, AgentSnapshot, CheckView } from '../../../src/agent/index.ts';
import type { CheckSpec, Measurement, ProbeOutcome, ProbeSpec } from '../../../src/checks/index.ts';
import { METRICS } from '../../../src/telemetry/metric-table.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import { samplesIn, typesIn, valueIn } from '../../support/exposition.ts';

const WALL_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const CLOCK = { now: () => 5_000, wallNow: () => WALL_MS };
const PROCESS = { cpuSeconds: 1.5, residentBytes: 7e7, startedAtSeconds: 1_700_000_000, openFiles: 21 };

const PASSED: ProbeOutcome = { ok: true, reason: 'passed', latencyMs: 4, detail: undefined };
const FAILED: ProbeOutcome = { ok: false, reason: 'timeout', latencyMs: 900, detail: 'no answer' };
const ACTION = {
  kind: 'replace',
  key: 'rtb-1 10.9.9.9/32',
  tableId: 'rtb-1',
  roleArn: undefined,
  destination: { kind: 'ipv4', cidr: '10.9.9.9/32' },
  from: { kind: 'network-interface', id: 'eni-b' },
  to: { kind: 'network-interface', id: 'eni-a' },
  reason: 'holder-unhealthy',
} as const;
const FAILURE = {
  kind: 'throttled',
  api: 'ReplaceRoute',
  code: 'RequestLimitExceeded',
  message: 'slow down',
  requestId: undefined,
} as const;

let metrics: Metrics;

beforeEach(() => {
  metrics = new Metrics({ version: '1.2.3', clock: CLOCK, readProcess: () => PROCESS });
});

async function scrape(snapshot?: Partial<AgentSnapshot>): Promise<string> {
  const whole = snapshot === undefined ? undefined : snapshotWith(snapshot);
  const { contentType, body } = await metrics.expose(whole);
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  return body.toString('utf8');
}

function snapshotWith(over: Partial<AgentSnapshot>): AgentSnapshot {
  return {
    notReady: undefined,
    checks: [],
    health: [],
    groups: [],
    routes: [],
    drainSignals: [],
    announcer: undefined,
    ...over,
  };
}

function view(
  key: string,
  health: CheckView['health'],
  over: { readonly probe?: ProbeSpec; readonly destination?: string } = {},
): CheckView {
  const spec: CheckSpec = {
    name: key.replace(/@.*/, ''),
    probe: { type: 'conntrack', maxUsedPercent: 90 },
    destination: '10.0.0.1',
    rise: 2,
    fall: 3,
    everyMs: 1_000,
    timeoutMs: 1_000,
    tries: 1,
    triesIntervalMs: 0,
    runOnHealthy: undefined,
    runOnUnhealthy: undefined,
    ...over,
  };
  return { key, spec, isRemote: key.includes('@'), health };
}

function probe(check: string, outcome: ProbeOutcome): void {
  metrics.observe({ type: 'probe', check, outcome });
}

function measure(check: string, measurement: Measurement): void {
  probe(check, { ...PASSED, measurement });
}

describe('metrics of checks', () => {
  it('count probes by outcome and reason, from 0 on for passes', async () => {
    probe('dns', FAILED);
    let text = await scrape();
    const count = (reason: string) => valueIn(text, 'vpcast_check_probe_total', { check: 'dns', reason });
    expect([count('passed'), count('timeout'), count('refused')]).toEqual([0, 1, undefined]);
    probe('dns', PASSED);
    probe('dns', PASSED);
    text = await scrape();
    expect([count('passed'), count('timeout')]).toEqual([2, 1]);
    const outcomes = samplesIn(text).flatMap(({ name, labels }) =>
      name === 'vpcast_check_probe_total' ? [`${labels.outcome} ${labels.reason}`] : [],
    );
    expect(outcomes).toEqual(['passed passed', 'failed timeout']);
  });

  it('have durations in seconds, and the time of the last pass', async () => {
    probe('dns', FAILED);
    expect(valueIn(await scrape(), 'vpcast_check_last_success_timestamp_seconds')).toBeUndefined();
    probe('dns', PASSED);
    const text = await scrape();
    expect(valueIn(text, 'vpcast_check_last_success_timestamp_seconds')).toBe(WALL_MS / 1_000);
    const name = 'vpcast_check_probe_duration_seconds';
    expect(valueIn(text, `${name}_bucket`, { le: '0.005' })).toBe(1);
    expect(valueIn(text, `${name}_bucket`, { le: '1' })).toBe(2);
    expect(valueIn(text, `${name}_sum`)).toBeCloseTo(0.904, 9);
  });

  it('show health as it is at the scrape, and no 0 for what is not known', async () => {
    const states = async (health: CheckView['health']) => {
      const text = await scrape({ checks: [view('dns', health)] });
      const state = (name: string) => valueIn(text, 'vpcast_check_state', { check: 'dns', state: name });
      return [
        valueIn(text, 'vpcast_check_healthy', { check: 'dns' }),
        [state('unknown'), state('healthy'), state('unhealthy')],
      ];
    };
    expect(await states('unknown')).toEqual([undefined, [1, 0, 0]]);
    expect(await states('healthy')).toEqual([1, [0, 1, 0]]);
    expect(await states('unhealthy')).toEqual([0, [0, 0, 1]]);
    expect(await states('unknown')).toEqual([undefined, [1, 0, 0]]);
  });

  it('count changes of health', async () => {
    const change = { type: 'health', check: 'dns', destination: '10.0.0.1', outcome: FAILED } as const;
    metrics.observe({ ...change, from: 'unknown', to: 'healthy' });
    metrics.observe({ ...change, from: 'healthy', to: 'unhealthy' });
    metrics.observe({ ...change, from: 'unhealthy', to: 'healthy' });
    const text = await scrape();
    const count = (to: string) => valueIn(text, 'vpcast_check_transitions_total', { to });
    expect([count('healthy'), count('unhealthy'), count('unknown')]).toEqual([2, 1, 0]);
  });

  it('tell a remote check by its holder, and forget it when it ends', async () => {
    probe('service', PASSED);
    probe('service@eni-0b', FAILED);
    const count = async (holder: string) =>
      valueIn(await scrape(), 'vpcast_check_probe_total', { check: 'service', holder, reason: 'passed' });
    expect([await count(''), await count('eni-0b')]).toEqual([1, 0]);
    metrics.observe({ type: 'remote-check', check: 'service@eni-0b', change: 'stopped', destination: '' });
    expect([await count(''), await count('eni-0b')]).toEqual([1, undefined]);
    expect(samplesIn(await scrape()).filter(({ labels }) => labels.holder === 'eni-0b')).toEqual([]);
  });

  it('leave nothing behind of a check that is gone after a reload', async () => {
    for (const check of ['dns', 'old']) {
      measure(check, { kind: 'dns', answers: 1, rcode: 'NOERROR' });
      metrics.observe({
        type: 'health',
        check,
        destination: '',
        from: 'unknown',
        to: 'healthy',
        outcome: PASSED,
      });
    }
    await scrape({ checks: [view('dns', 'healthy'), view('old', 'healthy')] });
    const after = await scrape({ checks: [view('dns', 'healthy')] });
    expect(samplesIn(after).filter(({ labels }) => labels.check === 'old')).toEqual([]);
    expect(valueIn(after, 'vpcast_check_probe_total', { check: 'dns', reason: 'passed' })).toBe(1);
  });

  it('begin anew where a reload made another kind of check of the same name', async () => {
    measure('x', { kind: 'conntrack', entries: 5, limit: 10 });
    expect(valueIn(await scrape({ checks: [view('x', 'healthy')] }), 'vpcast_conntrack_entries')).toBe(5);
    const nat: ProbeSpec = {
      type: 'nat',
      families: ['ipv4'],
      masquerade: false,
      sourceDestCheckOff: false,
    };
    const text = await scrape({ checks: [view('x', 'unknown', { probe: nat })] });
    expect(valueIn(text, 'vpcast_conntrack_entries')).toBeUndefined();
    expect(valueIn(text, 'vpcast_check_info', { check: 'x', kind: 'nat' })).toBe(1);
  });

  it('tell what a check probes, and only as it is now', async () => {
    await scrape({ checks: [view('dns', 'healthy', { destination: '10.0.0.1' })] });
    const text = await scrape({ checks: [view('dns', 'healthy', { destination: '10.0.0.2' })] });
    const infos = samplesIn(text).filter(({ name }) => name === 'vpcast_check_info');
    expect(infos.map(({ labels }) => labels)).toEqual([
      { check: 'dns', holder: '', kind: 'conntrack', destination: '10.0.0.2' },
    ]);
  });
});

describe('what single kinds measure', () => {
  it.each<[Measurement, Readonly<Record<string, number>>]>([
    [{ kind: 'http', status: 503 }, { vpcast_http_status_code: 503 }],
    [
      { kind: 'tls_certificate', notAfterMs: 1_800_000_000_500, isExpiringSoon: true },
      {
        vpcast_certificate_not_after_timestamp_seconds: 1_800_000_000.5,
        vpcast_certificate_expiring_soon: 1,
      },
    ],
    [
      { kind: 'ntp', offsetMs: -12.5, rttMs: 3, stratum: 2, rootDistanceMs: 40 },
      {
        vpcast_ntp_offset_seconds: -0.0125,
        vpcast_ntp_rtt_seconds: 0.003,
        vpcast_ntp_stratum: 2,
        vpcast_ntp_root_distance_seconds: 0.04,
      },
    ],
    [
      { kind: 'dns', answers: 2, rcode: 'NOERROR' },
      { vpcast_dns_answers: 2, vpcast_dns_responses_total: 1 },
    ],
    [{ kind: 'tftp', bytes: 4_096 }, { vpcast_tftp_bytes: 4_096 }],
    [{ kind: 'cabourotte', ageMs: 1_500 }, { vpcast_cabourotte_result_age_seconds: 1.5 }],
    [
      { kind: 'conntrack', entries: 10, limit: 100 },
      { vpcast_conntrack_entries: 10, vpcast_conntrack_limit: 100 },
    ],
  ])('is exposed in base units, and with its sign: %o', async (measurement, wanted) => {
    measure('x', measurement);
    const text = await scrape();
    for (const [name, value] of Object.entries(wanted))
      expect([name, valueIn(text, name)]).toEqual([name, value]);
  });

  it('lets no server make more than a dozen series by its response codes', async () => {
    for (let code = 0; code < 200; code += 1)
      measure('x', { kind: 'dns', answers: 0, rcode: `RCODE${code}` });
    measure('x', { kind: 'dns', answers: 0, rcode: 'REFUSED' });
    const responses = samplesIn(await scrape()).filter(({ name }) => name === 'vpcast_dns_responses_total');
    expect(responses.map(({ labels, value }) => [labels.rcode, value])).toEqual([
      ['other', 200],
      ['REFUSED', 1],
    ]);
  });

  it('counts every echo request of a probe, and sums the last ten probes up', async () => {
    const at = (
      sent: number,
      received: number,
      duplicates: number,
      rttMs: number | undefined,
    ): Measurement => {
      return { kind: 'ping', sent, received, duplicates, rttMs };
    };
    // Long ago, so that it is out of the window by then; two attempts in the second probe.
    measure('x', at(1, 1, 0, 900));
    measure('x', at(3, 2, 0, 1));
    for (let more = 1; more <= 7; more += 1) measure('x', at(3 + more, 2 + more, 0, 2));
    measure('x', at(11, 9, 1, undefined));
    measure('x', at(12, 10, 1, 5));
    const text = await scrape({ checks: [view('x', 'healthy')] });
    const stat = (name: string) => valueIn(text, 'vpcast_ping_rtt_seconds', { stat: name });
    expect([
      valueIn(text, 'vpcast_ping_sent_total'),
      valueIn(text, 'vpcast_ping_received_total'),
      valueIn(text, 'vpcast_ping_duplicates_total'),
    ]).toEqual([12, 10, 1]);
    expect(valueIn(text, 'vpcast_ping_loss_ratio')).toBeCloseTo(2 / 11, 9);
    // 1, seven times 2, and 5 ms.
    expect([stat('min'), stat('max')]).toEqual([0.001, 0.005]);
    expect(stat('avg')).toBeCloseTo(0.02 / 9, 9);
    expect(stat('stddev')).toBeCloseTo(Math.sqrt((1 + 7 * 4 + 25) / 9 - (20 / 9) ** 2) / 1_000, 9);
  });

  it('goes on counting where a check was restarted, and shows no round trip where none was', async () => {
    measure('x', { kind: 'ping', sent: 5, received: 5, duplicates: 0, rttMs: 1 });
    probe('x', {
      ...FAILED,
      measurement: { kind: 'ping', sent: 1, received: 0, duplicates: 0, rttMs: undefined },
    });
    expect(valueIn(await scrape(), 'vpcast_ping_sent_total')).toBe(6);
    metrics.observe({ type: 'remote-check', check: 'x', change: 'stopped', destination: '' });
    probe('x', {
      ...FAILED,
      measurement: { kind: 'ping', sent: 1, received: 0, duplicates: 0, rttMs: undefined },
    });
    const text = await scrape({ checks: [view('x', 'unhealthy')] });
    expect(valueIn(text, 'vpcast_ping_loss_ratio')).toBe(1);
    expect(valueIn(text, 'vpcast_ping_rtt_seconds', { stat: 'avg' })).toBeUndefined();
  });
});

describe('a counter', () => {
  it('never goes back, also where a restarted ping check has sent as many requests as before', async () => {
    measure('x', { kind: 'ping', sent: 3, received: 3, duplicates: 1, rttMs: 1 });
    measure('x', { kind: 'ping', sent: 3, received: 0, duplicates: 0, rttMs: undefined });
    const text = await scrape({ checks: [view('x', 'unhealthy')] });
    const total = (what: string) => valueIn(text, `vpcast_ping_${what}_total`);
    expect([total('sent'), total('received'), total('duplicates')]).toEqual([6, 3, 1]);
    expect(valueIn(text, 'vpcast_ping_loss_ratio')).toBe(0.5);
  });
});

describe('metrics of the agent', () => {
  it('show routes, groups and named health as they are at the scrape', async () => {
    const route = { group: 'ours', tableId: 'rtb-1', destination: '10.9.9.9/32' };
    const hold = { verdict: 'hold', reason: 'already-held' } as const;
    const text = await scrape({
      notReady: 'starting',
      routes: [
        { ...route, isHeld: true, decision: hold },
        {
          ...route,
          tableId: 'rtb-2',
          isHeld: false,
          decision: { verdict: 'hold', reason: 'holder-healthy' },
        },
        { ...route, tableId: 'rtb-3', isHeld: true, decision: hold },
        { ...route, tableId: 'rtb-4', isHeld: false, decision: undefined },
      ],
      groups: [{ name: 'ours', tables: 4 }],
      health: [
        { name: 'site', health: 'unhealthy' },
        { name: 'new', health: 'unknown' },
      ],
      drainSignals: ['spot'],
    });
    expect(valueIn(text, 'vpcast_ready')).toBe(0);
    expect(valueIn(text, 'vpcast_draining')).toBe(1);
    expect(valueIn(text, 'vpcast_group_tables', { group: 'ours' })).toBe(4);
    expect(valueIn(text, 'vpcast_route_held', { table: 'rtb-1', destination: '10.9.9.9/32' })).toBe(1);
    expect(valueIn(text, 'vpcast_route_held', { table: 'rtb-2' })).toBe(0);
    expect(valueIn(text, 'vpcast_routes', { verdict: 'hold', reason: 'already-held' })).toBe(2);
    expect(valueIn(text, 'vpcast_routes', { reason: 'holder-healthy' })).toBe(1);
    expect(valueIn(text, 'vpcast_health_healthy', { health: 'site' })).toBe(0);
    expect(valueIn(text, 'vpcast_health_healthy', { health: 'new' })).toBeUndefined();
    expect(valueIn(text, 'vpcast_health_state', { health: 'new', state: 'unknown' })).toBe(1);
    const after = await scrape({});
    expect(valueIn(after, 'vpcast_ready')).toBe(1);
    expect(samplesIn(after).filter(({ name }) => /route_held|vpcast_routes|health_/.test(name))).toEqual([]);
  });

  it('count changes, races and failures of routes, and of what goes wrong besides', async () => {
    const backOff = { key: 'rtb-1 10.9.9.9/32', holder: 'eni-b', waitMs: 30_000, count: 1 };
    const events: readonly AgentEvent[] = [
      { type: 'route-changed', action: ACTION, tookMs: 12 },
      { type: 'route-race', action: ACTION, failure: FAILURE },
      { type: 'route-failed', action: ACTION, failure: FAILURE },
      { type: 'owner-reclaimed', ...backOff },
      { type: 'owner-conflict', ...backOff },
      { type: 'api-failing', failure: FAILURE, subject: undefined },
      { type: 'throttled-by-us', waiting: 3, waitMs: 100 },
      { type: 'hook', hook: 'run_on_healthy', subject: 'dns', failure: 'exit status 1' },
      { type: 'crash', where: 'poll', error: new Error('x') },
      { type: 'reload-refused', why: 'x' },
    ];
    for (const event of events) metrics.observe(event);
    const text = await scrape();
    const one = (name: string, labels: Readonly<Record<string, string>> = {}): void =>
      expect([name, valueIn(text, name, labels)]).toEqual([name, 1]);
    one('vpcast_route_changes_total', { action: 'replace', reason: 'holder-unhealthy' });
    one('vpcast_route_races_total', { action: 'replace' });
    one('vpcast_route_failures_total', { action: 'replace', failure: 'throttled' });
    one('vpcast_owner_reclaimed_total');
    one('vpcast_owner_conflict_total');
    one('vpcast_api_failing_total', { api: 'ReplaceRoute', failure: 'throttled' });
    one('vpcast_own_limit_waits_total');
    one('vpcast_hook_runs_total', { hook: 'run_on_healthy', outcome: 'failed' });
    one('vpcast_internal_errors_total', { where: 'poll' });
    one('vpcast_config_reloads_total', { outcome: 'refused' });
    expect(valueIn(text, 'vpcast_config_last_reload_successful')).toBe(0);
    metrics.observe({ type: 'reloaded', checks: 1, groups: 1, prefixes: 0, needsRestart: false });
    expect(valueIn(await scrape(), 'vpcast_config_last_reload_successful')).toBe(1);
  });

  it('show the version and what the process uses, before there is an agent too', async () => {
    const text = await scrape();
    expect(valueIn(text, 'vpcast_build_info', { version: '1.2.3' })).toBe(1);
    expect(valueIn(text, 'process_cpu_seconds_total')).toBe(1.5);
    expect(valueIn(text, 'process_resident_memory_bytes')).toBe(7e7);
    expect(valueIn(text, 'process_start_time_seconds')).toBe(1_700_000_000);
    expect(valueIn(text, 'process_open_fds')).toBe(21);
  });

  it('show nothing of what the system does not tell any more', async () => {
    const facts = {
      ...PROCESS,
      openFiles: 21 as number | undefined,
      residentBytes: 7e7 as number | undefined,
    };
    metrics = new Metrics({ version: '1', clock: CLOCK, readProcess: () => facts });
    await scrape();
    [facts.openFiles, facts.residentBytes] = [undefined, undefined];
    const text = await scrape();
    expect(valueIn(text, 'process_open_fds')).toBeUndefined();
    expect(valueIn(text, 'process_resident_memory_bytes')).toBeUndefined();
    expect(valueIn(text, 'process_cpu_seconds_total')).toBe(1.5);
  });

  it('are made once for all who ask at the same time', async () => {
    const [one, other] = await Promise.all([metrics.expose(undefined), metrics.expose(undefined)]);
    expect(one).toBe(other);
    expect(await metrics.expose(undefined)).not.toBe(one);
  });
});

describe('the metric table', () => {
  it('has names and types as Prometheus advises', async () => {
    for (const [name, { type, labels, help }] of Object.entries(METRICS)) {
      expect(name).toMatch(/^(vpcast|process)(_[a-z]+)+$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect(name).not.toMatch(/_(ms|milliseconds|percent|count|sum|bucket)$/);
      for (const label of labels) expect(label).toMatch(/^[a-z]+$/);
      expect(help).toMatch(/^\S.*\.$/);
    }
    expect(typesIn(await scrape()).get('vpcast_owner_reclaimed_total')).toBe('counter');
  });
});
