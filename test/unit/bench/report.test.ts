import { describe, expect, it } from 'vitest';
import { type Figure, percentile } from '../../../bench/figure.ts';
import { machineFacts } from '../../../bench/machine.ts';
import { benchText, isWithin, machineText, number, ratioOf, reportJson } from '../../../bench/report.ts';

const MACHINE = {
  processor: 'Some Processor',
  cores: 2,
  memoryMiB: 4096,
  kernel: 'linux 6.1',
  architecture: 'x64',
  node: '24.1.0',
};
const FULL: Figure = {
  what: 'service dead, p99',
  value: 691,
  unit: 'ms',
  reference: { what: 'bare loop', value: 600 },
  bound: { what: 'detection + 20 ms', value: 690.5 },
};
const PLAIN: Figure = { what: 'calls', value: 3, unit: 'count' };
const BENCH = {
  name: 'failover',
  title: 'how long',
  tookMs: 61_400,
  load: { before: 0.25, after: 1.5 },
  figures: [FULL, PLAIN],
  failure: undefined,
};

describe('a figure', () => {
  it('is divided by its reference, where there is one that is not 0', () => {
    expect(ratioOf(FULL)).toBeCloseTo(1.1517, 4);
    expect(ratioOf(PLAIN)).toBeUndefined();
    expect(ratioOf({ ...FULL, reference: { what: 'nothing', value: 0 } })).toBeUndefined();
  });

  it('is within its bound up to the bound itself, and not where it could not be had', () => {
    expect(isWithin(FULL)).toBe(false);
    expect(isWithin({ ...FULL, value: 690.5 })).toBe(true);
    expect(isWithin({ ...FULL, value: Number.NaN })).toBe(false);
    expect(isWithin(PLAIN)).toBeUndefined();
  });

  it.each([
    [0, '0'],
    [1234, '1234'],
    [1234.5, '1235'],
    [99.94, '99.9'],
    [1.234, '1.23'],
    [0.1234, '0.123'],
    [-2.5, '-2.50'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('of %d is written %s', (value, text) => {
    expect(number(value)).toBe(text);
  });
});

describe('a table', () => {
  it('has a line for each figure, in columns, with what it is held against', () => {
    expect(benchText(BENCH)).toBe(
      [
        'failover: how long (61 s, load 0.3 before, 1.5 after)',
        '  what               value   reference         ratio   bound                       within',
        '  service dead, p99  691 ms  600 ms bare loop  × 1.15  ≤ 691 ms detection + 20 ms  NO',
        '  calls              3',
      ].join('\n'),
    );
  });

  it('says that a bench could not be run, or measured nothing', () => {
    const failed = { ...BENCH, figures: [], failure: 'no port' };
    expect(benchText(failed)).toBe(
      'failover: how long (61 s, load 0.3 before, 1.5 after)\n  FAILED: no port',
    );
    expect(benchText({ ...BENCH, figures: [] })).toContain('nothing was measured');
  });

  it('names the machine by what figures depend on', () => {
    expect(machineText(MACHINE, false)).toBe('2 × Some Processor, 4096 MiB, linux 6.1 x64, Node 24.1.0');
    expect(machineText(MACHINE, true)).toContain('not to publish');
  });
});

describe('the JSON document', () => {
  it('is one document with the machine, and each figure with its ratio and whether it is within', () => {
    const text = reportJson({
      startedAt: '2026-01-01T00:00:00.000Z',
      isQuick: true,
      machine: MACHINE,
      benches: [BENCH],
    });
    expect(JSON.parse(text)).toEqual({
      format: 1,
      startedAt: '2026-01-01T00:00:00.000Z',
      isQuick: true,
      machine: MACHINE,
      benches: [
        {
          name: 'failover',
          title: 'how long',
          tookMs: 61_400,
          load: { before: 0.25, after: 1.5 },
          figures: [{ ...FULL, ratio: FULL.value / 600, isWithin: false }, PLAIN],
        },
      ],
    });
  });

  it('has nothing in its machine facts that names the machine', () => {
    expect(Object.keys(machineFacts()).sort()).toEqual(Object.keys(MACHINE).sort());
    expect(machineFacts().kernel).toMatch(/^\w+ [\d.]+$/);
  });
});

describe('a percentile', () => {
  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0.001, 1],
  ])('%d of 1 to 100 is %d', (share, expected) => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(values, share)).toBe(expected);
  });

  it('of few values is one of them, and of none it is not a number', () => {
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([2, 1], 0.5)).toBe(1);
    expect(percentile([], 0.5)).toBeNaN();
  });
});
