import { describe, expect, test } from 'vitest';
import type { AgentDeps, AgentSpec } from '../../../src/agent/index.ts';
import type { InterfaceFacts, InterfacesResult } from '../../../src/aws/index.ts';
import { sourceDestCheckReader } from '../../../src/cli/source-dest-check.ts';
import type { SelfTarget } from '../../../src/core/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const { signal } = new AbortController();
const SELF: SelfTarget = { instance: 'SELF', interface: undefined };

function facts(id: string, deviceIndex: number, sourceDestCheck: boolean): InterfaceFacts {
  const place = { subnetId: 'subnet-0a', vpcId: 'vpc-0a', ownerId: '1', availabilityZone: 'a' };
  const instance = { instanceId: 'i-0a', primaryAddress: '10.0.0.10', status: 'in-use' };
  return { id, deviceIndex, sourceDestCheck, ...instance, ...place };
}

function found(...interfaces: readonly InterfaceFacts[]): InterfacesResult {
  return { ok: true, interfaces };
}

const failed = { ok: false, failure: { kind: 'network' } } as unknown as InterfacesResult;

/** A reader over an EC2 that answers what the test says, when it says so. */
function reading(targets: readonly SelfTarget[] = [SELF]) {
  const clock = new FakeClock();
  const queries: unknown[] = [];
  const answers: ((answer: InterfacesResult) => void)[] = [];
  const describeInterfaces: AgentDeps['describeInterfaces'] = (query) => {
    queries.push(query);
    return new Promise((resolve) => answers.push(resolve));
  };
  let spec = specOf(targets);
  const reload = (next: readonly SelfTarget[]): void => {
    spec = specOf(next);
  };
  const read = sourceDestCheckReader({ spec: () => spec, instanceId: 'i-0a', describeInterfaces, clock });
  const answer = async (result: InterfacesResult): Promise<void> => {
    answers.at(-1)?.(result);
    await settle();
  };
  return { clock, queries, answers, read, answer, reload };
}

function specOf(targets: readonly SelfTarget[]): AgentSpec {
  const routes = targets.map((target) => ({ target }));
  return { tableGroups: targets.length === 0 ? [] : [{ routes }] } as unknown as AgentSpec;
}

describe('the source/dest check of the interface that routes point at', () => {
  test('is asked for by the instance, and whoever asks meanwhile waits for the same call', async () => {
    const { queries, read, answer } = reading();
    const both = Promise.all([read(signal), read(signal)]);
    await answer(found(facts('eni-0a', 0, true)));
    expect(await both).toEqual([true, true]);
    expect(queries).toEqual([{ by: 'instance', ids: ['i-0a'], roleArn: undefined }]);
  });

  test('is believed for 30 s, and given at once while EC2 is asked again', async () => {
    const { clock, queries, read, answer } = reading();
    const first = read(signal);
    await answer(found(facts('eni-0a', 0, false)));
    expect(await first).toBe(false);
    await clock.advance(29_999);
    expect([await read(signal), queries.length]).toEqual([false, 1]);
    await clock.advance(1);
    expect([await read(signal), queries.length]).toEqual([false, 2]);
    await answer(found(facts('eni-0a', 0, true)));
    expect([await read(signal), queries.length]).toEqual([true, 2]);
  });

  test('stays what it was while EC2 fails, which is asked no more often for that', async () => {
    const { clock, queries, read, answer } = reading();
    const first = read(signal);
    await answer(failed);
    expect([await first, await read(signal), queries.length]).toEqual([undefined, undefined, 1]);
    await clock.advance(30_000);
    const second = read(signal);
    await answer(found(facts('eni-0a', 0, true)));
    expect(await second).toBe(true);
    for (const bad of [failed, found()]) {
      await clock.advance(30_000);
      await read(signal);
      await answer(bad);
      expect(await read(signal)).toBe(true);
    }
    expect(queries).toHaveLength(4);
  });

  test('a call that never ends is the only one', async () => {
    const { clock, queries, read } = reading();
    for (let turn = 0; turn < 5; turn += 1) {
      read(signal);
      await clock.advance(60_000);
    }
    expect(queries).toHaveLength(1);
  });

  test('is that of the interface which the routes name, of any where they name several', async () => {
    const interfaces = found(facts('eni-0a', 0, true), facts('eni-0b', 1, false));
    for (const [targets, isOn] of [
      [[SELF], false],
      [[{ ...SELF, interface: 0 }], true],
      [[{ ...SELF, interface: 'eni-0b' }], false],
      [[SELF, { instance: 'i-0a', interface: 0 }], true],
      [[SELF, { instance: 'i-0other', interface: 0 }], false],
      [[{ instance: 'i-0other', interface: 0 }], undefined],
    ] as const) {
      const { read, answer } = reading(targets);
      const asked = read(signal);
      await answer(interfaces);
      expect(await asked).toBe(isOn);
    }
  });

  test('is nobody’s to ask for where there are no routes', async () => {
    const { read, queries } = reading([]);
    expect([await read(signal), queries.length]).toEqual([undefined, 0]);
  });

  test('is that of the interfaces that the configuration in force names, from a reload on', async () => {
    const interfaces = found(facts('eni-0a', 0, true), facts('eni-0b', 1, false));
    const { read, answer, reload, queries } = reading([]);
    expect(await read(signal)).toBeUndefined();
    for (const [targets, isOn] of [
      [[{ ...SELF, interface: 'eni-0b' }], false],
      [[{ ...SELF, interface: 'eni-0a' }], true],
      [[{ ...SELF, interface: 'eni-0b' }], false],
    ] as const) {
      reload(targets);
      const asked = read(signal);
      await answer(interfaces);
      expect(await asked).toBe(isOn);
    }
    expect(queries).toHaveLength(3);
  });

  test('is not told by an answer to what was asked for before a reload', async () => {
    const { read, answer, reload, answers } = reading([{ ...SELF, interface: 'eni-0a' }]);
    const before = read(signal);
    reload([{ ...SELF, interface: 'eni-0b' }]);
    const after = read(signal);
    await answer(found(facts('eni-0a', 0, true), facts('eni-0b', 1, false)));
    expect(await after).toBe(false);
    answers[0]?.(found(facts('eni-0a', 0, true), facts('eni-0b', 1, false)));
    await before;
    expect(await read(signal)).toBe(false);
  });
});
