import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOLDER_CASES } from './holder-cases.ts';
import { INSTANCE_CASES } from './instance-cases.ts';
import { REFUSAL_CASES } from './refusal-cases.ts';
import { ROUTE_CASES } from './route-cases.ts';
import { TABLE_CASES } from './table-cases.ts';
import { type Connected, type ContractCase, type ContractWorld, connect } from './world.ts';

/** Where an EC2 is known to differ from AWS. */
export interface KnownFault {
  /** The case that fails for it. */
  readonly key: string;
  /** What it does instead, and where that is to be seen in its source. */
  readonly because: string;
  /** What the case's failure says. A failure that says anything else is another fault. */
  readonly symptom: RegExp;
}

const CASES: readonly ContractCase[] = [
  ...ROUTE_CASES,
  ...REFUSAL_CASES,
  ...TABLE_CASES,
  ...HOLDER_CASES,
  ...INSTANCE_CASES,
];

/**
 * Everything that vpcast relies on in EC2, as tests. For a known fault the test is that the fault is still there, so that a
 * fixed one is noticed; nothing is left out.
 */
export function describeEc2Contract(
  name: string,
  setup: () => Promise<ContractWorld>,
  faults: readonly KnownFault[] = [],
): void {
  describe(`${name} keeps EC2's contract:`, () => {
    let world: Connected;
    beforeAll(async () => {
      world = connect(await setup());
    }, 120_000);
    afterAll(async () => {
      await world?.close();
    });

    for (const { key, title, run } of CASES) {
      const fault = faults.find((candidate) => candidate.key === key);
      if (fault === undefined) test(title, () => run(world));
      else test(`${title} (known fault: ${fault.because})`, () => expectFault(run(world), fault));
    }

    test('every known fault belongs to a case', () => {
      const keys = CASES.map((contractCase) => contractCase.key);
      expect(keys).toEqual([...new Set(keys)]);
      expect(faults.filter((fault) => !keys.includes(fault.key))).toEqual([]);
    });
  });
}

async function expectFault(run: Promise<void>, fault: KnownFault): Promise<void> {
  const failure = await run.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) throw new Error(`this fault is gone, and is to be struck off: ${fault.because}`);
  expect(failure instanceof Error ? failure.message : String(failure)).toMatch(fault.symptom);
}
