import { beforeAll, describe, expect, it } from 'vitest';
import { MODEL_CASES } from '../model/cases.ts';
import { type CheckedCase, checkAll, toTable } from '../model/report.ts';

/** Searched once, two at a time; the tests look at what came out. */
let checked: readonly CheckedCase[] = [];

beforeAll(async () => {
  checked = await checkAll(MODEL_CASES);
  process.stderr.write(`${toTable(checked)}\n`);
}, 300_000);

function resultOf(name: string) {
  return checked.find(({ modelCase }) => modelCase.name === name)?.result;
}

function cases(kind: 'property' | 'mutant') {
  return MODEL_CASES.filter((modelCase) => modelCase.kind === kind);
}

describe('the model of the takeover protocol', () => {
  it.each(cases('property'))('holds in all states: $name, $text', ({ name }) => {
    const result = resultOf(name);
    expect(result?.outcome).toBe('holds');
    expect(result?.states).toBeGreaterThan(5_000);
    expect(result?.trail).toEqual([]);
  });

  it.each(cases('mutant'))('catches $name: $text', ({ name }) => {
    const result = resultOf(name);
    expect(result?.outcome).toBe('violated');
    expect(result?.trail.length).toBeGreaterThan(3);
  });

  it('has a mutant for each kind of property', () => {
    const guarded = new Set(cases('mutant').map(({ switches }) => switches[0]));
    expect(guarded).toEqual(new Set(cases('property').map(({ switches }) => switches[0])));
  });
});
