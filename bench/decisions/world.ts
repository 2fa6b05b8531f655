import { type AgentDeps, type AgentSpec, Engine, type TableGroupSpec } from '../../src/agent/index.ts';
import type { InterfaceFacts } from '../../src/aws/index.ts';
import type { CheckSpec, CheckTemplate } from '../../src/checks/index.ts';
import type { HealthExpression, ObservedRoute, ObservedTable, RouteSpec } from '../../src/core/index.ts';
import { heldBy, routeSpec } from '../../test/support/facts.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';

export const ROUTES_PER_TABLE = 500;
const CHECKS = 10;
const HOLDERS = 100;
const MODE = { isDraining: false, checks: 'heeded' } as const;

/**
 * How the config comes to its routes: two groups whose routes every table of the group has, as in a fleet; or a group
 * and a health expression of its own for every table, the worst that a config can say.
 */
export type Shape = 'fleet' | 'own-groups';

/**
 * A real engine over tables in memory: one half this agent's own, held by it, the other half its peers', for which it
 * is a backup. Nothing is to be changed: what is measured is the looking, not EC2.
 */
export class World {
  readonly engine: Engine;
  readonly clock = new FakeClock();
  readonly routes: number;
  /** Events that the engine told. */
  told = 0;
  /** Called before EC2's answer is given: a real one comes in another turn of the event loop. */
  beforeAnswer: () => Promise<void> = async () => {};
  readonly #tables: readonly ObservedTable[];
  readonly #down = new Set<string>();
  #next: readonly ObservedTable[] = [];

  constructor(routes: number, shape: Shape = 'fleet') {
    this.routes = routes;
    const count = Math.max(2, Math.ceil(routes / ROUTES_PER_TABLE));
    const perTable = routes / count;
    this.#tables = Array.from({ length: count }, (_, index) => tableOf(index, perTable));
    const spec = specOf(shape === 'fleet' ? fleetGroups(perTable) : ownGroups(count, perTable));
    this.engine = new Engine(spec, {
      deps: this.#deps(),
      onHealth: () => {},
      onWake: () => {},
      onDoubt: () => {},
    });
    this.engine.setSpec(spec);
  }

  /** Makes the answer of the next read: all objects and strings are new ones, as after parsing. */
  prepareRead(): readonly ObservedTable[] {
    const readAtMs = this.clock.now();
    this.#next = structuredClone(this.#tables).map((table) => ({ ...table, readAtMs }));
    return this.#next;
  }

  /** As `prepareRead`, with every managed route gone: each is to be created, and EC2's buckets let only some through. */
  prepareLoss(): void {
    this.#next = this.prepareRead().map((table) => ({ ...table, routes: table.routes.slice(0, 1) }));
  }

  /** Reads what was prepared, then does what the agent does after every poll. */
  async poll(): Promise<void> {
    await this.engine.poll(MODE, { signal: AbortSignal.any([]) });
    await this.wake();
  }

  /** What the agent does whenever something asks for a cycle. */
  async wake(): Promise<number> {
    const report = await this.engine.cycle(() => MODE, AbortSignal.any([]));
    this.engine.hasUnaskedHolders(MODE);
    return report.actions;
  }

  /** Turns one check's service off or on, and waits until the check has noticed. */
  async flip(): Promise<void> {
    if (!this.#down.delete('c0')) this.#down.add('c0');
    await this.clock.advance(3_500);
  }

  async close(): Promise<void> {
    await this.engine.health.close();
  }

  #deps(): AgentDeps {
    return {
      clock: this.clock,
      random: () => 0.5,
      identity: () => ({ instanceId: 'i-eni-me', vpcId: 'vpc-1', region: 'eu-west-1' }),
      tables: {
        describe: async () => {
          await this.beforeAnswer();
          return { ok: true, tables: this.#next };
        },
        apply: async () => ({ ok: true }),
      },
      describeInterfaces: async (query) => ({
        ok: true,
        interfaces: query.ids.map((id) => interfaceOf(id.replace(/^i-/, ''))),
      }),
      disableSourceDestCheck: async () => ({ ok: true }),
      describeInstanceStatus: async (ids) => ({
        ok: true,
        statuses: new Map(ids.map((id) => [id, 'ok'] as const)),
      }),
      readOwnInterfaceIds: async () => ['eni-me'],
      readDrainSignals: async () => [],
      makeProbe: ({ destination }) => ({
        attempt: async () => {
          const ok = !this.#down.has(destination);
          return { ok, reason: ok ? 'passed' : 'refused', latencyMs: 0, detail: undefined };
        },
        close: async () => {},
      }),
      runHook: async () => undefined,
      announcer: () => undefined,
      report: () => {
        this.told += 1;
      },
    };
  }
}

function tableOf(index: number, routes: number): ObservedTable {
  const holder = index % 2 === 0 ? 'eni-me' : `eni-${String(index % HOLDERS).padStart(17, '0')}`;
  const local: ObservedRoute = heldBy('local', {
    destination: { kind: 'ipv4', cidr: '172.16.0.0/16' },
    target: { kind: 'local', id: 'local' },
    instanceId: undefined,
    interfaceId: undefined,
    origin: 'CreateRouteTable',
  });
  const held = Array.from({ length: routes }, (_, at) => heldBy(holder, { destination: destinationOf(at) }));
  return {
    id: `rtb-${String(index).padStart(17, '0')}`,
    vpcId: 'vpc-1',
    ownerId: '111122223333',
    tags: { az: index % 2 === 0 ? 'a' : 'b', number: String(index) },
    isMain: false,
    subnetIds: [],
    routes: [local, ...held],
    roleArn: undefined,
    readAtMs: 0,
  };
}

function destinationOf(at: number): RouteSpec['destination'] {
  return { kind: 'ipv4', cidr: `10.${at >> 8}.${at & 255}.0/24` };
}

function healthOf(at: number): HealthExpression {
  const check = (number: number): HealthExpression => ({ kind: 'check', name: `c${number % CHECKS}` });
  if (at % 3 === 0) return check(at);
  return { kind: at % 3 === 1 ? 'all' : 'any', of: [check(at), check(at + 1)] };
}

function routesOf(count: number, isOwn: boolean): readonly RouteSpec[] {
  const over: Partial<RouteSpec> = isOwn
    ? { neverDelete: true }
    : { ifUnhealthy: true, remoteCheck: 'service' };
  return Array.from({ length: count }, (_, at) =>
    routeSpec({ ...over, destination: destinationOf(at), health: healthOf(at) }),
  );
}

function groupOf(name: string, over: Pick<TableGroupSpec, 'find' | 'routes'>): TableGroupSpec {
  return { name, noResultsOk: true, vpc: 'own', assumeRole: undefined, ...over };
}

function fleetGroups(perTable: number): readonly TableGroupSpec[] {
  const find = (not: boolean) => ({ kind: 'by-tag', key: 'az', value: 'a', not }) as const;
  return [
    groupOf('own', { find: find(false), routes: routesOf(perTable, true) }),
    groupOf('others', { find: find(true), routes: routesOf(perTable, false) }),
  ];
}

function ownGroups(count: number, perTable: number): readonly TableGroupSpec[] {
  return Array.from({ length: count }, (_, index) =>
    groupOf(`group-${index}`, {
      find: { kind: 'by-tag', key: 'number', value: String(index), not: false },
      routes: routesOf(perTable, index % 2 === 0),
    }),
  );
}

function checkOf(name: string): CheckTemplate {
  const probe = { type: 'command', argv: ['true'] } as const;
  return {
    name,
    probe,
    rise: 2,
    fall: 3,
    everyMs: 1_000,
    timeoutMs: 1_000,
    tries: 1,
    triesIntervalMs: 0,
    runOnHealthy: undefined,
    runOnUnhealthy: undefined,
  };
}

function specOf(tableGroups: readonly TableGroupSpec[]): AgentSpec {
  const checks: readonly CheckSpec[] = Array.from({ length: CHECKS }, (_, number) => ({
    ...checkOf(`c${number}`),
    destination: `c${number}`,
  }));
  return {
    pollMs: 10_000,
    checks,
    remoteChecks: [checkOf('service')],
    health: [],
    tableGroups,
    manageSourceDestCheck: false,
    onExit: 'keep',
    drainOn: [],
    announcer: undefined,
    aws: {
      region: undefined,
      endpoint: undefined,
      requestTimeoutMs: 5_000,
      mutationBurst: 40,
      mutationRate: 4,
      mutationsInFlight: 8,
    },
  };
}

function interfaceOf(id: string): InterfaceFacts {
  return {
    id,
    instanceId: `i-${id}`,
    deviceIndex: 0,
    primaryAddress: id,
    sourceDestCheck: false,
    subnetId: 'subnet-1',
    vpcId: 'vpc-1',
    ownerId: '111122223333',
    availabilityZone: 'eu-west-1a',
    status: 'in-use',
  };
}
