import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnnouncedRouteSpec,
  type AnnouncePhase,
  announcementsOf,
  type DecidedPrefix,
  type DrainAttributes,
  decideAnnouncements,
  type Health,
  isSameSet,
} from '../../../src/core/index.ts';
import { announcedRoute, attributes, GRACEFUL_SHUTDOWN } from '../../support/announcements.ts';

type Healths = Readonly<Record<string, Health>>;

const SERVING: AnnouncePhase = { kind: 'serving' };
const DRAINED: AnnouncePhase = { kind: 'withdrawn', reason: 'drained' };
const GSHUT: DrainAttributes = { hasGracefulShutdown: true, med: undefined, asPathPrepend: 0 };

function draining(over: Partial<DrainAttributes> = {}): AnnouncePhase {
  return { kind: 'draining', how: { ...GSHUT, ...over } };
}

interface Step {
  readonly healths: Healths;
  readonly phase?: AnnouncePhase;
}

/** What is decided at the last of these steps, each of which knows the one before. */
function decide(routes: readonly AnnouncedRouteSpec[], ...steps: readonly Step[]): readonly DecidedPrefix[] {
  let decided: readonly DecidedPrefix[] = [];
  for (const { healths, phase = SERVING } of steps) {
    const healthOf = (expression: AnnouncedRouteSpec['health']) =>
      expression.kind === 'check' ? (healths[expression.name] ?? 'unknown') : 'healthy';
    const previous = new Map(decided.map((each) => [each.prefix, each]));
    decided = decideAnnouncements(routes, { healthOf, phase }, previous);
  }
  return decided;
}

/** `verdict reason`, with a `+` for what is announced. */
function told(decided: readonly DecidedPrefix[]): readonly string[] {
  return decided.map(({ verdict, reason, isAnnounced }) => `${isAnnounced ? '+' : '-'} ${verdict} ${reason}`);
}

const UP = { web: 'healthy' } as const;
const DOWN = { web: 'unhealthy' } as const;
const WEB = [announcedRoute('10.0.0.128/32', 'web', { med: 50 })];

describe('a prefix', () => {
  it.each<[string, readonly Step[], string]>([
    ['is announced while its health is good', [{ healths: UP }], '+ announce healthy'],
    ['is withdrawn when it is bad', [{ healths: UP }, { healths: DOWN }], '- withdraw unhealthy'],
    ['stays away while nothing is known', [{ healths: {} }], '- hold checks-unsettled'],
    [
      'stays announced when nothing is known any more',
      [{ healths: UP }, { healths: {} }],
      '+ hold checks-unsettled',
    ],
    [
      'stays withdrawn when nothing is known any more',
      [{ healths: UP }, { healths: DOWN }, { healths: {} }],
      '- hold checks-unsettled',
    ],
    ['drains before it goes', [{ healths: UP }, { healths: UP, phase: draining() }], '+ announce draining'],
    [
      'drains though its health is not known any more',
      [{ healths: UP }, { healths: {}, phase: draining() }],
      '+ announce draining',
    ],
    [
      'is withdrawn at once when it falls ill in the drain',
      [{ healths: UP }, { healths: UP, phase: draining() }, { healths: DOWN, phase: draining() }],
      '- withdraw unhealthy',
    ],
    [
      'does not come back in a drain',
      [{ healths: UP }, { healths: DOWN, phase: draining() }, { healths: UP, phase: draining() }],
      '- withdraw draining',
    ],
    [
      'is not announced for a drain only',
      [{ healths: {} }, { healths: UP, phase: draining() }],
      '- withdraw draining',
    ],
    ['is gone after the drain', [{ healths: UP }, { healths: UP, phase: DRAINED }], '- withdraw drained'],
    [
      'comes back when the drain is called off',
      [{ healths: UP }, { healths: UP, phase: DRAINED }, { healths: UP }],
      '+ announce healthy',
    ],
    [
      'is gone when the agent stops, whatever its health',
      [{ healths: UP }, { healths: {}, phase: { kind: 'withdrawn', reason: 'stopping' } }],
      '- withdraw stopping',
    ],
  ])('%s', (_, steps, expected) => {
    const decided = decide(WEB, ...steps);
    expect(told(decided)).toEqual([expected]);
    expect(announcementsOf(decided)).toHaveLength(expected.startsWith('+') ? 1 : 0);
  });

  it('without a check is always announced', () => {
    expect(told(decide([announcedRoute('10.0.0.1/32', { kind: 'all', of: [] })], { healths: {} }))).toEqual([
      '+ announce healthy',
    ]);
  });

  it('keeps the attributes that it has while a reload leaves its health unknown', () => {
    const before = decide(WEB, { healths: UP });
    const healthOf = (): Health => 'unknown';
    const previous = new Map(before.map((each) => [each.prefix, each]));
    const routes = [announcedRoute('10.0.0.128/32', 'other', { med: 7 })];
    const [held] = decideAnnouncements(routes, { healthOf, phase: SERVING }, previous);
    expect(held).toMatchObject({ verdict: 'hold', attributes: { med: 50 } });
  });
});

describe('a prefix of several entries', () => {
  const BOTH = [
    announcedRoute('10.0.0.128/32', 'a', { med: 1 }),
    announcedRoute('10.0.0.128/32', 'b', { med: 2 }),
  ];
  const med = (...steps: readonly Step[]) => decide(BOTH, ...steps).map((each) => each.attributes?.med);

  it('is one prefix, announced as the first healthy entry says', () => {
    expect(med({ healths: { a: 'healthy', b: 'healthy' } })).toEqual([1]);
    expect(med({ healths: { a: 'unhealthy', b: 'healthy' } })).toEqual([2]);
    expect(med({ healths: { a: 'unknown', b: 'healthy' } })).toEqual([2]);
    expect(med({ healths: { a: 'unhealthy', b: 'unhealthy' } })).toEqual([undefined]);
  });

  it('is not announced otherwise because the entry that it is announced for is not known any more', () => {
    const was = { healths: { a: 'healthy', b: 'healthy' } } as const;
    expect(med(was, { healths: { a: 'unknown', b: 'healthy' } })).toEqual([1]);
    expect(med(was, { healths: { a: 'unknown', b: 'unhealthy' } })).toEqual([1]);
    expect(med(was, { healths: { a: 'unhealthy', b: 'unknown' } })).toEqual([1]);
  });
});

describe('the drain', () => {
  const drainedOf = (how: Partial<DrainAttributes>, over: Parameters<typeof attributes>[0]) => {
    const routes = [announcedRoute('10.0.0.1/32', 'web', over)];
    const [once] = decide(routes, { healths: UP }, { healths: UP, phase: draining(how) });
    const [twice] = decide(
      routes,
      { healths: UP },
      { healths: UP, phase: draining(how) },
      { healths: UP, phase: draining(how) },
    );
    expect(twice).toEqual(once);
    return once?.attributes;
  };

  it('adds GRACEFUL_SHUTDOWN once, and on iBGP sends LOCAL_PREF 0', () => {
    expect(drainedOf({}, { communities: [1], localPref: 200, med: 5 })).toEqual(
      attributes({ communities: [1, GRACEFUL_SHUTDOWN], localPref: 0, med: 5 }),
    );
    expect(drainedOf({}, { communities: [GRACEFUL_SHUTDOWN, 1] })?.communities).toEqual([
      GRACEFUL_SHUTDOWN,
      1,
    ]);
  });

  it('replaces the MED and adds to the path, with or without the community', () => {
    const how = { hasGracefulShutdown: false, med: 1_000, asPathPrepend: 3 };
    expect(drainedOf(how, { med: 5, asPathPrepend: 2, localPref: 200 })).toEqual(
      attributes({ med: 1_000, asPathPrepend: 5, localPref: 200 }),
    );
  });
});

/** Four checks, and entries of three prefixes that rest on them. */
const anyRoutes = fc.array(
  fc
    .record({
      prefix: fc.constantFrom('10.0.0.1/32', '10.0.0.2/32', '2001:db8::1/128'),
      check: fc.constantFrom('a', 'b', 'c', 'd'),
      med: fc.constantFrom(1, 2),
    })
    .map(({ prefix, check, med }) => announcedRoute(prefix, check, { med })),
  { maxLength: 6 },
);
const anyHealth = fc.constantFrom<Health>('healthy', 'unhealthy', 'unknown');
const anyHealths = fc.record({ a: anyHealth, b: anyHealth, c: anyHealth, d: anyHealth });
const anyPhase = fc.constantFrom(SERVING, draining({ med: 9, asPathPrepend: 2 }), DRAINED);
const anyStep = fc.record({ healths: anyHealths, phase: anyPhase });
const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 6 });

describe('whatever happens', () => {
  it('only prefixes of the config are announced, each once, in its order', () => {
    fc.assert(
      fc.property(anyRoutes, anySteps, (routes, steps) => {
        const prefixes = decide(routes, ...steps).map(({ prefix }) => prefix);
        expect(prefixes).toEqual([...new Set(routes.map(({ prefix }) => prefix))]);
      }),
    );
  });

  it('nothing is announced whose entries are all unhealthy, and what has a healthy one is, but for a drain', () => {
    fc.assert(
      fc.property(anyRoutes, anySteps, (routes, steps) => {
        const last = steps.at(-1);
        for (const { prefix, isAnnounced } of decide(routes, ...steps)) {
          const known = routes.flatMap((route) =>
            route.prefix === prefix && route.health.kind === 'check'
              ? [last?.healths[route.health.name as 'a']]
              : [],
          );
          if (known.every((health) => health === 'unhealthy')) expect(isAnnounced).toBe(false);
          if (last?.phase === SERVING && known.includes('healthy')) expect(isAnnounced).toBe(true);
        }
      }),
    );
  });

  it('what becomes unknown changes nothing of what is announced', () => {
    fc.assert(
      fc.property(
        anyRoutes,
        anySteps,
        fc.subarray(['a', 'b', 'c', 'd']),
        anyHealths,
        (routes, steps, forgotten, settled) => {
          const before = [...steps, { healths: settled }];
          const healths = {
            ...settled,
            ...Object.fromEntries(forgotten.map((name) => [name, 'unknown'] as const)),
          };
          const [was, is] = [decide(routes, ...before), decide(routes, ...before, { healths })];
          expect(announcementsOf(is)).toEqual(announcementsOf(was));
        },
      ),
    );
  });

  it('deciding twice decides nothing else, and gives the very same objects', () => {
    fc.assert(
      fc.property(anyRoutes, anySteps, anyStep, (routes, steps, step) => {
        const once = decide(routes, ...steps, step);
        const healthOf = (expression: AnnouncedRouteSpec['health']) =>
          expression.kind === 'check' ? step.healths[expression.name as 'a'] : 'healthy';
        const previous = new Map(once.map((each) => [each.prefix, each]));
        const twice = decideAnnouncements(routes, { healthOf, phase: step.phase }, previous);
        expect(twice.every((each, at) => each === once[at])).toBe(true);
        expect(isSameSet(announcementsOf(once), announcementsOf(structuredClone(twice)))).toBe(true);
      }),
    );
  });

  it('a shared prefix is announced exactly while one of its entries alone would be', () => {
    fc.assert(
      fc.property(anyRoutes, fc.array(anyHealths, { minLength: 1, maxLength: 4 }), (routes, seen) => {
        // With unknown ones it depends on what was before, of which entries alone know less.
        const steps = seen.map((healths) => ({
          healths: Object.fromEntries(
            Object.entries(healths).map(([name, health]) => [
              name,
              health === 'unknown' ? 'healthy' : health,
            ]),
          ),
        }));
        const together = decide(routes, ...steps);
        for (const { prefix, isAnnounced } of together) {
          const alone = routes
            .filter((route) => route.prefix === prefix)
            .map((route) => decide([route], ...steps));
          expect(isAnnounced).toBe(alone.some(([each]) => each?.isAnnounced));
        }
      }),
    );
  });

  it('a drain only takes away: announced, then for the drain, then not at all', () => {
    const anyDrain = fc
      .tuple(fc.array(anyHealths, { maxLength: 4 }), fc.array(anyHealths, { maxLength: 3 }))
      .map(([first, second]) => [
        ...first.map((healths) => ({ healths, phase: draining() })),
        ...second.map((healths) => ({ healths, phase: DRAINED })),
      ]);
    fc.assert(
      fc.property(anyRoutes, anySteps, anyDrain, (routes, before, drain) => {
        const rankOf = ({ isAnnounced, attributes: how }: DecidedPrefix): number =>
          !isAnnounced ? 2 : how?.communities.includes(GRACEFUL_SHUTDOWN) ? 1 : 0;
        const start = [...before, { healths: {} }];
        let ranks = decide(routes, ...start).map(rankOf);
        for (let count = 1; count <= drain.length; count += 1) {
          const next = decide(routes, ...start, ...drain.slice(0, count)).map(rankOf);
          expect(next.every((rank, at) => rank >= Math.max(1, ranks[at] ?? 0))).toBe(true);
          ranks = next;
        }
      }),
    );
  });
});
