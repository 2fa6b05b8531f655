import fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { MetricStore } from '../../../src/telemetry/metric-store.ts';
import { DURATION_BUCKETS, METRICS } from '../../../src/telemetry/metric-table.ts';
import { type Sample, samplesIn, typesIn, valueIn } from '../../support/exposition.ts';

const PROBES = 'vpcast_check_probe_total';
const HEALTHY = 'vpcast_check_healthy';
const DURATION = 'vpcast_check_probe_duration_seconds';

async function textOf(store: MetricStore): Promise<string> {
  return (await store.expose()).toString('utf8');
}

/** Samples in one order, each written as text. */
function sorted(samples: readonly Sample[]): readonly string[] {
  return samples
    .map(({ name, labels, value }) => `${name} ${JSON.stringify(Object.entries(labels).sort())} ${value}`)
    .sort();
}

describe('the metric store', () => {
  it('exposes nothing before there is something', async () => {
    expect(await textOf(new MetricStore())).toBe('');
  });

  it('writes HELP, TYPE and a line for each series', async () => {
    const store = new MetricStore();
    store.gauge(HEALTHY, { check: 'dns', holder: '' }).set(1);
    store.counter(PROBES, { check: 'dns', holder: '', outcome: 'passed', reason: 'passed' }).add(3);
    expect(await textOf(store)).toBe(
      `# HELP vpcast_check_healthy ${METRICS[HEALTHY].help}\n` +
        '# TYPE vpcast_check_healthy gauge\n' +
        'vpcast_check_healthy{check="dns",holder=""} 1\n' +
        `# HELP vpcast_check_probe_total ${METRICS[PROBES].help}\n` +
        '# TYPE vpcast_check_probe_total counter\n' +
        'vpcast_check_probe_total{check="dns",holder="",outcome="passed",reason="passed"} 3\n',
    );
  });

  it('takes any name as a label, and lets none of them forge a line', async () => {
    const names = [
      'a"} 1\nevil 2',
      'back\\slash',
      'new\nline',
      '\\n',
      '',
      'ünïcode ☃',
      'a,b="c"',
      '__proto__',
    ];
    const store = new MetricStore();
    for (const check of names) store.gauge(HEALTHY, { check, holder: '' }).set(1);
    const samples = samplesIn(await textOf(store));
    expect(samples.map(({ labels }) => labels.check)).toEqual(names);
    expect(new Set(samples.map(({ name }) => name))).toEqual(new Set([HEALTHY]));
  });

  it('gives the same series for the same labels, and forgets what is removed', async () => {
    const store = new MetricStore();
    const labels = { check: 'dns', holder: '' };
    store.counter('vpcast_ping_sent_total', labels).add(2);
    store.counter('vpcast_ping_sent_total', labels).add(3);
    expect(valueIn(await textOf(store), 'vpcast_ping_sent_total', labels)).toBe(5);
    store.remove('vpcast_ping_sent_total', labels);
    expect(await textOf(store)).toBe('');
    expect(store.counter('vpcast_ping_sent_total', labels)).toBeDefined();
    expect(valueIn(await textOf(store), 'vpcast_ping_sent_total', labels)).toBe(0);
  });

  it('shows a gauge only while it has a value', async () => {
    const store = new MetricStore();
    const series = store.gauge(HEALTHY, { check: 'dns', holder: '' });
    expect(await textOf(store)).toBe('');
    series.set(0);
    expect(valueIn(await textOf(store), HEALTHY)).toBe(0);
    series.set(undefined);
    expect(await textOf(store)).toBe('');
  });

  it('counts a duration into the first bucket that holds it, the bound included', async () => {
    const store = new MetricStore();
    const series = store.histogram(DURATION, { check: 'dns', holder: '' });
    for (const value of [0, 0.0005, 0.00051, 10, 11]) series.observe(value);
    const text = await textOf(store);
    const bucket = (le: string) => valueIn(text, `${DURATION}_bucket`, { le });
    expect([bucket('0.0005'), bucket('0.001'), bucket('5'), bucket('10'), bucket('+Inf')]).toEqual([
      2, 3, 3, 4, 5,
    ]);
    expect(valueIn(text, `${DURATION}_count`)).toBe(5);
    expect(valueIn(text, `${DURATION}_sum`)).toBeCloseTo(21.00101, 9);
  });

  it('says the same as prom-client, whatever is put into both', async () => {
    const unit = fc.constantFrom(
      'a',
      '"',
      '\\',
      '\n',
      '\r',
      '{',
      '}',
      ',',
      '=',
      ' ',
      '#',
      'é',
      '☃',
      '\u2028',
      '\0',
    );
    const label = fc.string({ unit, maxLength: 6 });
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const steps = fc.array(
      fc.record({
        kind: fc.constantFrom('counter', 'gauge', 'histogram'),
        check: label,
        holder: label,
        value: number,
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const store = new MetricStore();
        const theirs = theirMetrics();
        for (const { kind, check, holder, value } of given) {
          const labels = { check, holder };
          if (kind === 'counter') {
            store.counter('vpcast_ping_sent_total', labels).add(Math.abs(value));
            theirs.counter.inc(labels, Math.abs(value));
          } else if (kind === 'gauge') {
            store.gauge(HEALTHY, labels).set(value);
            theirs.gauge.set(labels, value);
          } else {
            store.histogram(DURATION, labels).observe(value);
            theirs.histogram.observe(labels, value);
          }
        }
        const [ours, other] = [await textOf(store), await theirs.registry.metrics()];
        expect(sorted(samplesIn(ours))).toEqual(sorted(samplesIn(other)));
        expect([...typesIn(other)]).toEqual(expect.arrayContaining([...typesIn(ours)]));
      }),
      { seed: 4, numRuns: 40 },
    );
  });

  it('lets other work go on while it writes many series', async () => {
    const store = new MetricStore();
    for (let index = 0; index < 1_000; index += 1) {
      store.histogram(DURATION, { check: `check-${index}`, holder: '' }).observe(0.001);
    }
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    const lines = (await textOf(store)).split('\n').length;
    isDone = true;
    expect(lines).toBe(1_000 * (DURATION_BUCKETS.length + 3) + 3);
    expect(turns).toBeGreaterThan(10);
  });
});

function theirMetrics() {
  const registry = new Registry();
  const common = { labelNames: ['check', 'holder'], registers: [registry], help: 'help' };
  return {
    registry,
    counter: new Counter({ ...common, name: 'vpcast_ping_sent_total' }),
    gauge: new Gauge({ ...common, name: HEALTHY }),
    histogram: new Histogram({ ...common, name: DURATION, buckets: [...DURATION_BUCKETS] }),
  };
}
