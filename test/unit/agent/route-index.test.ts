import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decider } from '../../../src/agent/decider.ts';
import type { AgentEvent, AgentSpec, RouteView, TableGroupSpec } from '../../../src/agent/index.ts';
import { RouteIndex } from '../../../src/agent/route-index.ts';
import { RouteStates } from '../../../src/agent/route-states.ts';
import { tableKey } from '../../../src/agent/table-reader.ts';
import type { HealthExpression, ObservedRoute, ObservedTable, RouteSpec } from '../../../src/core/index.ts';
import { EMPTY_MEMORY } from '../../../src/core/index.ts';
import { heldBy, routeSpec } from '../../support/facts.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeCloud, fleetSpec } from '../../support/fake-cloud.ts';

const destination = (at: number) => ({ kind: 'ipv4', cidr: `10.0.${at}.0/24` }) as const;

const CHECKED: HealthExpression = { kind: 'any', of: [{ kind: 'check', name: 'local' }] };

/** Two groups that may mean the same tables, one of them maybe by another role. */
function specOf(shape: { routes: readonly [number, number]; role: string | undefined }): AgentSpec {
  const route = (at: number, over: Partial<RouteSpec>) =>
    routeSpec({ destination: destination(at), ...over });
  const group = (name: string, count: number, over: Partial<RouteSpec>): TableGroupSpec => ({
    name,
    find: { kind: 'by-tag', key: name, value: 'yes', not: false },
    noResultsOk: true,
    vpc: 'own',
    assumeRole: name === 'second' ? shape.role : undefined,
    routes: Array.from({ length: count }, (_, at) => route(at, over)),
  });
  const backup = { ifUnhealthy: true, remoteCheck: 'service', health: CHECKED };
  return fleetSpec('a', {
    tableGroups: [group('first', shape.routes[0], {}), group('second', shape.routes[1], backup)],
  });
}

interface Shown {
  readonly id: string;
  readonly role: string | undefined;
  readonly tags: Record<string, string>;
  readonly holders: readonly (string | undefined)[];
}

function tableOf({ id, role, tags, holders }: Shown, readAtMs: number): ObservedTable {
  const routes = holders.flatMap((eni, at): ObservedRoute[] =>
    eni === undefined ? [] : [heldBy(eni, { destination: destination(at) })],
  );
  const fixed = { vpcId: 'vpc-1', ownerId: '1', isMain: false, subnetIds: [] };
  return { ...fixed, id, tags, routes, roleArn: role, readAtMs };
}

const role = fc.constantFrom(undefined, 'arn:other');
const yes = fc.constantFrom('yes', 'no');
const shown: fc.Arbitrary<Shown> = fc.record({
  id: fc.constantFrom('rtb-1', 'rtb-2', 'rtb-3'),
  role,
  tags: fc.record({ first: yes, second: yes }),
  holders: fc.array(fc.constantFrom(undefined, 'eni-a', 'eni-b', 'eni-c'), { maxLength: 4 }),
});
const specs = fc
  .record({ routes: fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 })), role })
  .map((shape) => specOf(shape));
type Step = { read: readonly Shown[] } | { gone: string } | { spec: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ read: fc.array(shown, { maxLength: 4 }) }) },
  fc.record({ gone: fc.constantFrom('rtb-1', 'rtb-2', 'rtb-3 arn:other') }),
  fc.record({ spec: fc.nat({ max: 1 }) }),
);

/** Tables as the reader keeps them, and an index over them. */
class Setup {
  readonly events: AgentEvent[] = [];
  readonly cloud = new FakeCloud(new FakeClock());
  readonly deps = this.cloud.depsOf('a', (event) => this.events.push(event));
  readonly states = new RouteStates();
  tables: ReadonlyMap<string, ObservedTable> = new Map();
  readonly index = this.freshIndex();
  #reads = 0;

  freshIndex(): RouteIndex {
    return new RouteIndex(this.deps, { tables: () => this.tables }, this.states);
  }

  read(all: readonly Shown[]): void {
    this.#reads += 1;
    const next = new Map(this.tables);
    for (const each of all) next.set(tableKey(each.id, each.role), tableOf(each, this.#reads));
    this.tables = next;
  }

  forget(key: string): void {
    const next = new Map(this.tables);
    next.delete(key);
    this.tables = next;
  }
}

describe('the index of managed routes', () => {
  it('shows after any reads and reloads what one made from nothing shows', () => {
    fc.assert(
      fc.property(fc.tuple(specs, specs), fc.array(step, { maxLength: 12 }), (known, steps) => {
        const setup = new Setup();
        let [spec] = known;
        for (const each of steps) {
          if ('read' in each) setup.read(each.read);
          else if ('gone' in each) setup.forget(each.gone);
          else spec = known[each.spec] ?? spec;
          const views = setup.index.all(spec);
          setup.index.tidy(spec);
          const fresh = setup.freshIndex();
          expect(views).toEqual(fresh.all(spec));
          for (const view of views) {
            expect(setup.index.byKey(spec, view.route.key)).toBe(view);
            expect(view.state).toBe(setup.states.of(view.route.key));
            expect(view.table).toBe(setup.tables.get(tableKey(view.table.id, view.table.roleArn)));
          }
        }
      }),
    );
  });

  it('tells once that two groups name one route of a table, and keeps the first', () => {
    const setup = new Setup();
    const spec = specOf({ routes: [1, 2], role: undefined });
    const both = { id: 'rtb-1', role: undefined, tags: { first: 'yes', second: 'yes' }, holders: [] };
    for (let turn = 0; turn < 3; turn += 1) {
      setup.read([both]);
      expect(setup.index.all(spec).map(({ group }) => group)).toEqual(['first', 'second']);
    }
    const key = 'rtb-1 10.0.0.0/24';
    expect(setup.events).toEqual([{ type: 'duplicate-route', key, group: 'second', keptGroup: 'first' }]);
  });

  it('keeps what is known of a route over reads and reloads, and forgets it with its table', () => {
    const setup = new Setup();
    const [spec, reloaded] = [
      specOf({ routes: [1, 0], role: undefined }),
      specOf({ routes: [2, 1], role: undefined }),
    ];
    const table = { id: 'rtb-1', role: undefined, tags: { first: 'yes' }, holders: ['eni-b'] };
    setup.read([table]);
    const state = setup.index.all(spec)[0]?.state;
    if (state === undefined) throw new Error('no view');
    state.memory = { ...EMPTY_MEMORY, wasMine: true };
    setup.read([table]);
    setup.index.tidy(spec);
    expect(setup.index.all(reloaded)[0]?.state).toBe(state);
    setup.index.tidy(reloaded);
    setup.forget('rtb-1');
    expect(setup.states.memory('rtb-1 10.0.0.0/24').wasMine).toBe(true);
    setup.index.tidy(reloaded);
    expect(setup.states.memory('rtb-1 10.0.0.0/24')).toEqual(EMPTY_MEMORY);
  });
});

describe('a pass over many routes', () => {
  it('decides each as if it were the only one', () => {
    const health = fc.constantFrom('healthy', 'unhealthy', 'unknown', undefined);
    const facts = fc.record({
      local: fc.oneof(fc.constant('healthy' as const), health),
      remoteB: health,
      remoteC: health,
      isImpaired: fc.boolean(),
      isDraining: fc.constantFrom(false, false, false, true),
      isIgnored: fc.constantFrom(false, false, false, true),
    });
    fc.assert(
      fc.property(specs, fc.array(shown, { maxLength: 6 }), facts, (spec, tables, given) => {
        const setup = new Setup();
        setup.read(tables);
        const { decider, mode } = deciderOf(setup, given);
        const views = setup.index.all(spec);
        decider.remember(views);
        expect(decider.decideAll(views, mode)).toEqual(views.map((view) => decider.decideOne(view, mode)));
        const asked = views.flatMap((view) => decider.instancesToAsk([view], mode));
        // An instance is watched where every route of it that matters has a remote check.
        const isWatched = (id: string) => asked.every((each) => each.id !== id || each.isWatched);
        const ids = [...new Set(asked.map(({ id }) => id))];
        expect(decider.instancesToAsk(views, mode)).toEqual(
          ids.map((id) => ({ id, isWatched: isWatched(id) })),
        );
        const watched = views.flatMap((view) => decider.interfacesToWatch([view]));
        expect(decider.interfacesToWatch(views)).toEqual([...new Set(watched)]);
        const targets = views.flatMap((view: RouteView) => decider.remoteTargets(spec, [view]));
        expect(new Set(targets.map((target) => JSON.stringify(target)))).toEqual(
          new Set(decider.remoteTargets(spec, views).map((target) => JSON.stringify(target))),
        );
      }),
      { numRuns: 1_500 },
    );
  });
});

interface Given {
  readonly local: 'healthy' | 'unhealthy' | 'unknown' | undefined;
  readonly remoteB: Given['local'];
  readonly remoteC: Given['local'];
  readonly isImpaired: boolean;
  readonly isDraining: boolean;
  readonly isIgnored: boolean;
}

function deciderOf({ deps, states }: Setup, given: Given) {
  const statusOf: Readonly<Record<string, Given['local']>> = {
    local: given.local,
    'service@eni-b': given.remoteB,
    'service@eni-c': given.remoteC,
  };
  const own = {
    interfaceIds: new Set(['eni-a']),
    instanceId: 'i-eni-a',
    target: { kind: 'network-interface', id: 'eni-a' },
  } as const;
  const views = {
    health: {
      lookup(name: string) {
        const status = statusOf[name];
        return status === undefined ? undefined : { status, passes: 0, failures: 0, sinceMs: 0 };
      },
      remoteHealth: (name: string, eni: string) => statusOf[`${name}@${eni}`] ?? 'unknown',
    },
    holders: {
      interface: () => undefined,
      status: (id: string | undefined) =>
        given.isImpaired && id === 'i-eni-b' ? ('impaired' as const) : ('ok' as const),
    },
    own: { lookup: () => own },
  };
  const decider = new Decider(deps, views, states);
  const checks = given.isIgnored ? ('ignored' as const) : ('heeded' as const);
  return { decider, mode: { isDraining: given.isDraining, checks } };
}
