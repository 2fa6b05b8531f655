import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decide,
  EMPTY_MEMORY,
  type HealthVerdict,
  needsHolderStatus,
  type RouteFacts,
} from '../../../src/core/index.ts';
import { heldBy, heldByGateway, routeFacts, routeSpec } from '../../support/facts.ts';

const UNHEALTHY: HealthVerdict = { health: 'unhealthy', healthySinceMs: undefined, unhealthySinceMs: 90_000 };
const UNKNOWN: HealthVerdict = {
  health: 'unknown',
  healthySinceMs: undefined,
  unhealthySinceMs: undefined,
};
const ME = { kind: 'network-interface', id: 'eni-me' } as const;
const NAT = { kind: 'nat-gateway', id: 'nat-1' } as const;
const backup = routeSpec({ ifUnhealthy: true });
const hold = (reason: string) => ({ verdict: 'hold', reason });
const replace = (reason: string, to: object = ME) => ({ verdict: 'replace', reason, to });

/** Every row of the table in docs/architecture.md: name, what differs from a healthy agent that sees no route, answer. */
const ROWS: readonly (readonly [string, Partial<RouteFacts>, object])[] = [
  [
    '1 the local route is not manageable',
    { observed: heldByGateway('local', { target: { kind: 'local', id: 'local' } }) },
    hold('not-manageable'),
  ],
  [
    '1 a route that came with the table is not manageable, even when it could be taken',
    { observed: heldBy('eni-b', { origin: 'CreateRouteTable' }) },
    hold('not-manageable'),
  ],
  ['2 unknown health holds where there is no route', { health: UNKNOWN }, hold('checks-unsettled')],
  [
    '2 unknown health holds my route',
    { health: UNKNOWN, observed: heldBy('eni-me') },
    hold('checks-unsettled'),
  ],
  [
    '2 unknown health holds even while draining',
    { health: UNKNOWN, isDraining: true, observed: heldBy('eni-me') },
    hold('checks-unsettled'),
  ],
  ['3 my route stays', { observed: heldBy('eni-me') }, hold('already-held')],
  ['3 my route on my other interface stays', { observed: heldBy('eni-me2') }, hold('already-held')],
  [
    '3 my route is mine by instance id where EC2 names no interface',
    {
      observed: heldBy('x', {
        interfaceId: undefined,
        instanceId: 'i-me',
        target: { kind: 'instance', id: 'i-me' },
      }),
    },
    hold('already-held'),
  ],
  [
    '3 my blackholed route is pointed at my current interface',
    { observed: heldBy('eni-me2', { state: 'blackhole' }) },
    replace('blackhole-self'),
  ],
  [
    '4 my unhealthy route goes to the fallback',
    { observed: heldBy('eni-me'), health: UNHEALTHY, spec: routeSpec({ fallback: NAT }) },
    replace('unhealthy-fallback', NAT),
  ],
  [
    '4 my route goes to the fallback when draining',
    { observed: heldBy('eni-me'), isDraining: true, spec: routeSpec({ fallback: NAT }) },
    replace('unhealthy-fallback', NAT),
  ],
  [
    '4 the fallback comes before never_delete',
    { observed: heldBy('eni-me'), health: UNHEALTHY, spec: routeSpec({ fallback: NAT, neverDelete: true }) },
    replace('unhealthy-fallback', NAT),
  ],
  [
    '5 never_delete keeps my unhealthy route',
    { observed: heldBy('eni-me'), health: UNHEALTHY, spec: routeSpec({ neverDelete: true }) },
    hold('never-delete'),
  ],
  [
    '6 my unhealthy route is deleted',
    { observed: heldBy('eni-me'), health: UNHEALTHY },
    { verdict: 'delete', reason: 'unhealthy' },
  ],
  [
    '6 my route is deleted when draining',
    { observed: heldBy('eni-me'), isDraining: true },
    { verdict: 'delete', reason: 'unhealthy' },
  ],
  [
    '6 my unhealthy route is left to backups that probe it, for half a second',
    {
      observed: heldBy('eni-me'),
      health: { ...UNHEALTHY, unhealthySinceMs: 99_600 },
      spec: routeSpec({ remoteCheck: 'service' }),
    },
    { verdict: 'hold', reason: 'backup-first', untilMs: 100_100 },
  ],
  [
    '6 my unhealthy route is deleted when no backup came for it',
    {
      observed: heldBy('eni-me'),
      health: { ...UNHEALTHY, unhealthySinceMs: 99_500 },
      spec: routeSpec({ remoteCheck: 'service' }),
    },
    { verdict: 'delete', reason: 'unhealthy' },
  ],
  [
    '6 draining waits for nobody: backups see no failure',
    {
      observed: heldBy('eni-me'),
      health: { ...UNHEALTHY, unhealthySinceMs: 99_900 },
      isDraining: true,
      spec: routeSpec({ remoteCheck: 'service' }),
    },
    { verdict: 'delete', reason: 'unhealthy' },
  ],
  ['7 an absent route is created', {}, { verdict: 'create', reason: 'absent', to: ME }],
  ['7 a backup creates an absent route', { spec: backup }, { verdict: 'create', reason: 'absent', to: ME }],
  ['8 an unhealthy agent creates nothing', { health: UNHEALTHY }, hold('self-unhealthy')],
  ['8 a draining agent creates nothing', { isDraining: true }, hold('self-unhealthy')],
  [
    '9 an unhealthy owner takes nothing',
    { observed: heldBy('eni-b'), health: UNHEALTHY },
    hold('self-unhealthy'),
  ],
  [
    '9 a draining owner takes nothing',
    { observed: heldBy('eni-b'), isDraining: true },
    hold('self-unhealthy'),
  ],
  [
    '9 an unhealthy backup takes no blackhole',
    { observed: heldBy('eni-b', { state: 'blackhole' }), health: UNHEALTHY, spec: backup },
    hold('self-unhealthy'),
  ],
  ['10 a healthy owner takes its route', { observed: heldBy('eni-b') }, replace('owner')],
  [
    '10 a healthy owner takes its route from a gateway',
    { observed: heldByGateway('igw-1') },
    replace('owner'),
  ],
  [
    '10 an owner waits for preempt_delay of continuous health',
    {
      observed: heldBy('eni-b'),
      health: { health: 'healthy', healthySinceMs: 90_000, unhealthySinceMs: undefined },
      spec: routeSpec({ preemptDelayMs: 30_000 }),
    },
    { verdict: 'hold', reason: 'preempt-delay', untilMs: 120_000 },
  ],
  [
    '10 an owner that was healthy for preempt_delay takes its route',
    {
      observed: heldBy('eni-b'),
      health: { health: 'healthy', healthySinceMs: 70_000, unhealthySinceMs: undefined },
      spec: routeSpec({ preemptDelayMs: 30_000 }),
    },
    replace('owner'),
  ],
  [
    '10 an owner does not let a dead route wait for preempt_delay',
    {
      observed: heldBy('eni-b', { state: 'blackhole' }),
      health: { health: 'healthy', healthySinceMs: 99_000, unhealthySinceMs: undefined },
      spec: routeSpec({ preemptDelayMs: 30_000 }),
    },
    replace('owner'),
  ],
  [
    '11 a recovered owner takes its route back from the fallback',
    { observed: heldByGateway('nat-1'), spec: routeSpec({ fallback: NAT }) },
    replace('recover-from-fallback'),
  ],
  [
    '11 a backup takes the route from its fallback',
    { observed: heldByGateway('nat-1'), spec: routeSpec({ fallback: NAT, ifUnhealthy: true }) },
    replace('recover-from-fallback'),
  ],
  [
    '12 a backup takes a blackholed instance route',
    { observed: heldBy('eni-b', { state: 'blackhole' }), spec: backup, holderHealth: 'unknown' },
    replace('blackhole'),
  ],
  [
    '12 a backup takes a blackholed gateway route',
    { observed: heldByGateway('nat-9', { state: 'blackhole' }), spec: backup },
    replace('blackhole'),
  ],
  [
    '13 a backup leaves an active gateway alone',
    { observed: heldByGateway('igw-1'), spec: backup },
    hold('held-by-gateway'),
  ],
  [
    '14 a backup takes from an unhealthy service on a running instance',
    { observed: heldBy('eni-b'), spec: backup, holderHealth: 'unhealthy', holderStatus: 'ok' },
    replace('holder-unhealthy'),
  ],
  [
    '15 a backup waits while the remote check is unsettled, whatever EC2 says',
    { observed: heldBy('eni-b'), spec: backup, holderHealth: 'unknown', holderStatus: 'impaired' },
    hold('holder-unsettled'),
  ],
  [
    '16 a backup takes from an impaired instance',
    { observed: heldBy('eni-b'), spec: backup, holderStatus: 'impaired' },
    replace('holder-impaired'),
  ],
  [
    '16 a backup takes from an instance that is not running',
    { observed: heldBy('eni-b'), spec: backup, holderHealth: 'healthy', holderStatus: 'not-running' },
    replace('holder-impaired'),
  ],
  [
    '17 a backup leaves a healthy holder alone',
    { observed: heldBy('eni-b'), spec: backup },
    hold('holder-healthy'),
  ],
  [
    '17 a backup leaves a holder alone of which EC2 says nothing',
    { observed: heldBy('eni-b'), spec: backup, holderStatus: 'unknown' },
    hold('holder-healthy'),
  ],
  [
    'nothing is taken before the own interface is known',
    { own: { interfaceIds: new Set(), instanceId: undefined, target: undefined } },
    hold('no-interface'),
  ],
  [
    'a fallback that is my own interface is held, not replaced for ever',
    {
      observed: heldBy('eni-me'),
      health: UNHEALTHY,
      spec: routeSpec({ fallback: { kind: 'network-interface', id: 'eni-me' } }),
    },
    hold('held-by-fallback'),
  ],
  [
    'a takeover that was reclaimed is not tried again during the back-off',
    {
      observed: heldBy('eni-b'),
      spec: backup,
      holderHealth: 'unhealthy',
      memory: {
        ...EMPTY_MEMORY,
        reclaim: { holder: 'eni-b', holders: ['eni-b'], count: 1, untilMs: 100_001 },
      },
    },
    { verdict: 'hold', reason: 'owner-reclaimed', untilMs: 100_001 },
  ],
  [
    'the back-off ends',
    {
      observed: heldBy('eni-b'),
      spec: backup,
      holderHealth: 'unhealthy',
      memory: {
        ...EMPTY_MEMORY,
        reclaim: { holder: 'eni-b', holders: ['eni-b'], count: 1, untilMs: 100_000 },
      },
    },
    replace('holder-unhealthy'),
  ],
  [
    'the back-off is for one holder only',
    {
      observed: heldBy('eni-c'),
      spec: backup,
      holderHealth: 'unhealthy',
      memory: {
        ...EMPTY_MEMORY,
        reclaim: { holder: 'eni-b', holders: ['eni-b'], count: 1, untilMs: 200_000 },
      },
    },
    replace('holder-unhealthy'),
  ],
  [
    'the back-off does not protect a dead route',
    {
      observed: heldBy('eni-b', { state: 'blackhole' }),
      spec: backup,
      memory: {
        ...EMPTY_MEMORY,
        reclaim: { holder: 'eni-b', holders: ['eni-b'], count: 1, untilMs: 200_000 },
      },
    },
    replace('blackhole'),
  ],
  [
    'two owners stop fighting',
    {
      observed: heldBy('eni-b'),
      memory: { ...EMPTY_MEMORY, conflict: { holder: 'eni-b', count: 1, untilMs: 100_500 } },
    },
    { verdict: 'hold', reason: 'owner-conflict', untilMs: 100_500 },
  ],
  [
    'a read that shows the state before my own change is not believed yet',
    {
      observed: heldBy('eni-b'),
      spec: backup,
      holderHealth: 'unhealthy',
      memory: { ...EMPTY_MEMORY, changes: [{ before: 'eni-b', atMs: 99_000 }] },
    },
    { verdict: 'hold', reason: 'change-settling', untilMs: 109_000 },
  ],
  [
    'an absent route is created at once even if I deleted it just now',
    { memory: { ...EMPTY_MEMORY, changes: [{ before: 'eni-me', atMs: 99_000 }] } },
    { verdict: 'create', reason: 'absent' },
  ],
];

describe('decide', () => {
  it.each(ROWS)('%s', (_name, facts, expected) => {
    expect(decide(routeFacts(facts))).toMatchObject(expected);
  });

  const anyFacts = fc.record({
    observed: fc.constantFrom(
      undefined,
      heldBy('eni-me'),
      heldBy('eni-b'),
      heldBy('eni-b', { state: 'blackhole' }),
      heldBy('eni-me2', { state: 'blackhole' }),
      heldByGateway('nat-1'),
      heldByGateway('igw-1', { state: 'blackhole' }),
      heldByGateway('local', { target: { kind: 'local', id: 'local' } }),
    ),
    health: fc.constantFrom<HealthVerdict>(
      { health: 'healthy', healthySinceMs: 0, unhealthySinceMs: undefined },
      UNHEALTHY,
      UNKNOWN,
    ),
    isDraining: fc.boolean(),
    holderHealth: fc.constantFrom(undefined, 'unknown' as const, 'healthy' as const, 'unhealthy' as const),
    holderStatus: fc.constantFrom(
      'ok' as const,
      'impaired' as const,
      'not-running' as const,
      'unknown' as const,
    ),
    spec: fc
      .record({
        ifUnhealthy: fc.boolean(),
        neverDelete: fc.boolean(),
        fallback: fc.constantFrom(undefined, NAT),
        preemptDelayMs: fc.constantFrom(0, 5_000),
      })
      .map((over) => routeSpec(over)),
    memory: fc.constantFrom(
      EMPTY_MEMORY,
      { ...EMPTY_MEMORY, changes: [{ before: 'eni-b', atMs: 95_000 }] },
      { ...EMPTY_MEMORY, reclaim: { holder: 'eni-b', holders: ['eni-b'], count: 2, untilMs: 130_000 } },
      { ...EMPTY_MEMORY, conflict: { holder: 'eni-b', count: 1, untilMs: 130_000 } },
    ),
  });

  it('never deletes a route that is not mine', () => {
    fc.assert(
      fc.property(anyFacts, (over) => {
        const decision = decide(routeFacts(over));
        if (decision.verdict !== 'delete') return;
        expect(over.observed?.interfaceId).toMatch(/^eni-me/);
        expect(over.spec.neverDelete || over.spec.fallback !== undefined).toBe(false);
      }),
    );
  });

  it('does nothing while health is unknown', () => {
    fc.assert(
      fc.property(anyFacts, (over) => {
        expect(decide(routeFacts({ ...over, health: UNKNOWN })).verdict).toBe('hold');
      }),
    );
  });

  it('takes nothing from a holder that is healthy by every view, as a backup', () => {
    fc.assert(
      fc.property(anyFacts, (over) => {
        const spec = { ...over.spec, ifUnhealthy: true };
        const views = {
          holderHealth: 'healthy',
          holderStatus: 'ok',
          observed: heldBy('eni-b'),
          spec,
        } as const;
        expect(decide(routeFacts({ ...over, ...views })).verdict).toBe('hold');
      }),
    );
  });

  it('has nothing more to do after its own change, on an unchanged world', () => {
    fc.assert(
      fc.property(anyFacts, (over) => {
        const facts = routeFacts(over);
        const decision = decide(facts);
        if (decision.verdict === 'hold') return;
        const to = decision.verdict === 'delete' ? undefined : decision.to;
        const after =
          to === undefined ? undefined : to.kind === 'nat-gateway' ? heldByGateway(to.id) : heldBy(to.id);
        expect(decide({ ...facts, observed: after, memory: EMPTY_MEMORY }).verdict).toBe('hold');
      }),
    );
  });

  it('asks EC2 for a status only where it can change the decision', () => {
    fc.assert(
      fc.property(anyFacts, (over) => {
        const facts = routeFacts(over);
        if (needsHolderStatus(facts)) return;
        const verdicts = (['ok', 'impaired', 'not-running', 'unknown'] as const).map(
          (holderStatus) => decide({ ...facts, holderStatus }).verdict,
        );
        expect(new Set(verdicts).size).toBe(1);
      }),
    );
  });
});
