import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Agent } from '../../../src/agent/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeCloud, fleetSpec, type Trouble, troubles } from '../../support/fake-cloud.ts';

const NAMES = ['a', 'b', 'c'] as const;
type Name = (typeof NAMES)[number];

/** Something that happens, and how long until the next thing does. */
type Step = { readonly waitMs: number } & (
  | { readonly kind: 'service'; readonly name: Name; readonly isUp: boolean }
  | { readonly kind: 'restart'; readonly name: Name }
  | { readonly kind: 'trouble'; readonly trouble: Trouble; readonly count: number }
  | { readonly kind: 'stale'; readonly ms: number }
  | { readonly kind: 'operator'; readonly table: Name; readonly holder: Name | undefined }
);

const name = fc.constantFrom(...NAMES);
const waitMs = fc.integer({ min: 0, max: 20_000 });
const trouble = fc.record({
  api: fc.constantFrom('describe' as const, 'apply' as const, 'interfaces' as const),
  by: fc.constantFrom<string>(...NAMES, '*'),
  kind: fc.constantFrom('transient' as const, 'throttled' as const),
  isAfter: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('service' as const), name, isUp: fc.boolean(), waitMs }),
  fc.record({ kind: fc.constant('restart' as const), name, waitMs }),
  fc.record({
    kind: fc.constant('trouble' as const),
    trouble,
    count: fc.integer({ min: 1, max: 5 }),
    waitMs,
  }),
  fc.record({ kind: fc.constant('stale' as const), ms: fc.constantFrom(0, 500, 5_000), waitMs }),
  fc.record({
    kind: fc.constant('operator' as const),
    table: name,
    holder: fc.option(name, { nil: undefined }),
    waitMs,
  }),
);

class Fleet {
  readonly clock = new FakeClock();
  readonly cloud = new FakeCloud(this.clock);
  readonly #agents = new Map<Name, Agent>();

  constructor() {
    for (const each of NAMES) this.cloud.addTable(`rtb-${each}`, { az: each });
    for (const each of NAMES) this.cloud.services.add(each);
    for (const each of NAMES) this.start(each);
  }

  start(each: Name): void {
    const agent = new Agent(fleetSpec(each), {
      deps: this.cloud.depsOf(each, () => {}),
      onRefused: () => {},
    });
    this.#agents.set(each, agent);
    agent.start();
  }

  async take(happening: Step): Promise<void> {
    switch (happening.kind) {
      case 'service':
        if (happening.isUp) this.cloud.services.add(happening.name);
        else this.cloud.services.delete(happening.name);
        break;
      case 'restart':
        // As after kill -9: what it remembered is gone, what it had sent is not called back.
        void this.#agents.get(happening.name)?.close('restart');
        this.start(happening.name);
        break;
      case 'trouble':
        this.cloud.troubles.push(...troubles(happening.trouble, happening.count));
        break;
      case 'stale':
        this.cloud.staleMs = happening.ms;
        break;
      case 'operator':
        this.cloud.setHolder(`rtb-${happening.table}`, happening.holder && `eni-${happening.holder}`);
        break;
    }
    await this.clock.advance(happening.waitMs);
  }

  async close(): Promise<void> {
    const closing = Promise.all([...this.#agents.values()].map((agent) => agent.close('end')));
    await this.clock.advance(20_000);
    await closing;
  }
}

describe('a fleet of three agents', () => {
  it('ends with every route at its owner, or else at somebody healthy, whatever happened before', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const fleet = new Fleet();
      const { cloud, clock } = fleet;
      await clock.advance(5_000);
      for (const happening of steps) await fleet.take(happening);
      cloud.troubles.length = 0;
      cloud.staleMs = 0;
      // The longest wait that 12 steps can build up: back-offs of takeovers that owners took back.
      await clock.advance(20 * 60_000);
      const healthy = NAMES.filter((each) => cloud.services.has(each)).map((each) => `eni-${each}`);
      for (const each of NAMES) {
        const holder = cloud.holder(`rtb-${each}`);
        if (healthy.includes(`eni-${each}`)) expect(holder).toBe(`eni-${each}`);
        else if (healthy.length > 0) expect(healthy).toContain(holder);
        else expect(holder).toBeUndefined();
      }
      // Nothing more to do: the next plans are empty.
      cloud.mutations.length = 0;
      await clock.advance(60_000);
      expect(cloud.mutations).toEqual([]);
      await fleet.close();
    });
    // A few for every check: test/simulation runs thousands of fleets, with more that goes wrong.
    await fc.assert(property, { numRuns: 4 });
  });

  it('exchanges a route once when its owner dies and once when it returns', async () => {
    const fleet = new Fleet();
    const { cloud, clock } = fleet;
    await clock.advance(15_000);
    cloud.mutations.length = 0;
    cloud.services.delete('a');
    await clock.advance(60_000);
    cloud.services.add('a');
    await clock.advance(60_000);
    const changes = cloud.mutations.filter((mutation) => mutation.result === 'ok');
    expect(changes.every((mutation) => mutation.tableId === 'rtb-a')).toBe(true);
    // The owner deletes, one backup creates (another may have replaced at the same moment), the owner comes back.
    expect(changes.length).toBeLessThanOrEqual(5);
    expect(cloud.holder('rtb-a')).toBe('eni-a');
    await fleet.close();
  });
});
