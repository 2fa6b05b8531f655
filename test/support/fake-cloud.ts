import type { AgentDeps, AgentEvent, AgentSpec, DrainSignal, TableGroupSpec } from '../../src/agent/index.ts';
import type {
  ApplyResult,
  AwsFailure,
  DescribeResult,
  FailureKind,
  InterfaceFacts,
  TableQuery,
} from '../../src/aws/index.ts';
import type { CheckSpec, CheckTemplate, Probe } from '../../src/checks/index.ts';
import {
  destinationKey,
  type InstanceStatus,
  type ObservedRoute,
  type ObservedTable,
  type RouteAction,
} from '../../src/core/index.ts';
import { heldBy, routeSpec } from './facts.ts';
import type { FakeAnnouncer } from './fake-announcer.ts';
import type { FakeClock } from './fake-clock.ts';

type StoredTable = Omit<ObservedTable, 'readAtMs' | 'routes'> & { routes: ObservedRoute[] };

/** A mutation that EC2 was asked for, and by whom. */
export interface Mutation {
  readonly by: string;
  readonly kind: RouteAction['kind'];
  readonly tableId: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly atMs: number;
  readonly result: string;
}

/** What can go wrong with the next calls of an API (`describe`, `apply`), for one agent or for `*`. */
export interface Trouble {
  readonly api: 'describe' | 'apply' | 'interfaces' | 'status';
  readonly by: string;
  readonly kind: FailureKind;
  readonly code?: string;
  /** The change is made, and then the answer is lost. */
  readonly isAfter?: boolean;
}

/** A region in memory on a fake clock: tables, instances, services. Every call takes `latencyMs`. */
export class FakeCloud {
  readonly clock: FakeClock;
  readonly tables = new Map<string, StoredTable>();
  readonly statuses = new Map<string, InstanceStatus>();
  /** Addresses whose service answers. */
  readonly services = new Set<string>();
  readonly mutations: Mutation[] = [];
  readonly describes: { readonly by: string; readonly query: TableQuery }[] = [];
  readonly troubles: Trouble[] = [];
  readonly sourceDestChecked = new Set<string>();
  /** The agents that have one, by name. */
  readonly announcers = new Map<string, FakeAnnouncer>();
  latencyMs = 10;
  /** Reads show tables as they were this long ago. */
  staleMs = 0;
  #history: { readonly atMs: number; readonly tables: ReadonlyMap<string, StoredTable> }[] = [];

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  addTable(id: string, tags: Record<string, string>, routes: ObservedRoute[] = []): void {
    const table = {
      id,
      vpcId: 'vpc-1',
      ownerId: '1',
      tags,
      isMain: false,
      subnetIds: [],
      roleArn: undefined,
    };
    this.tables.set(id, { ...table, routes });
    this.#record();
  }

  /** An edit that no agent made. */
  setHolder(tableId: string, eni: string | undefined, over: Partial<ObservedRoute> = {}): void {
    const table = this.#table(tableId);
    table.routes = table.routes.filter((route) => destinationKey(route.destination) !== '10.9.9.9/32');
    if (eni !== undefined) table.routes.push(heldBy(eni, over));
    this.#record();
  }

  holder(tableId: string): string | undefined {
    const route = this.#table(tableId).routes.find((r) => destinationKey(r.destination) === '10.9.9.9/32');
    return route?.interfaceId ?? route?.target.id;
  }

  /** The dependencies of the agent on instance `i-<name>`, whose interface is `eni-<name>`, at the address `<name>`. */
  depsOf(name: string, report: (event: AgentEvent) => void): AgentDeps & { drain: DrainSignal[] } {
    const drain: DrainSignal[] = [];
    return {
      clock: this.clock,
      random: () => 0.5,
      identity: () => ({ instanceId: `i-eni-${name}`, vpcId: 'vpc-1', region: 'eu-west-1' }),
      tables: {
        describe: (query) => this.#describe(name, query),
        apply: (action) => this.#apply(name, action),
      },
      describeInterfaces: async (query) => {
        const failure = await this.#call('interfaces', name);
        if (failure !== undefined) return { ok: false, failure };
        const ids = query.by === 'interface' ? query.ids : query.ids.map((id) => id.replace(/^i-/, ''));
        return { ok: true, interfaces: ids.map((id) => this.#interface(id)) };
      },
      disableSourceDestCheck: async (id) => {
        this.sourceDestChecked.delete(id);
        return { ok: true };
      },
      describeInstanceStatus: async (ids) => {
        const failure = await this.#call('status', name);
        if (failure !== undefined) return { ok: false, failure };
        return { ok: true, statuses: new Map(ids.map((id) => [id, this.statuses.get(id) ?? 'ok'])) };
      },
      readOwnInterfaceIds: async () => [`eni-${name}`],
      readDrainSignals: async () => [...drain],
      makeProbe: (spec) => this.#probe(spec),
      announcer: () => this.announcers.get(name),
      runHook: async () => undefined,
      report,
      drain,
    };
  }

  #interface(id: string): InterfaceFacts {
    return {
      id,
      instanceId: `i-${id}`,
      deviceIndex: 0,
      primaryAddress: id.replace(/^eni-/, ''),
      sourceDestCheck: this.sourceDestChecked.has(id),
      subnetId: 'subnet-1',
      vpcId: 'vpc-1',
      ownerId: '1',
      availabilityZone: 'eu-west-1a',
      status: 'in-use',
    };
  }

  #probe(spec: CheckSpec): Probe {
    return {
      attempt: async () => {
        const ok = this.services.has(spec.destination);
        return { ok, reason: ok ? 'passed' : 'refused', latencyMs: 0, detail: undefined };
      },
      close: async () => {},
    };
  }

  async #describe(by: string, query: TableQuery): Promise<DescribeResult> {
    const readAtMs = this.clock.now();
    this.describes.push({ by, query });
    const failure = await this.#call('describe', by);
    if (failure !== undefined) return { ok: false, failure };
    const shown = [...this.#shown().values()].filter(
      (t) => query.ids === undefined || query.ids.includes(t.id),
    );
    return { ok: true, tables: shown.map((table) => ({ ...table, routes: [...table.routes], readAtMs })) };
  }

  async #apply(by: string, action: RouteAction): Promise<ApplyResult> {
    await this.#wait(this.latencyMs / 2);
    const trouble = this.#takeTrouble('apply', by);
    const code =
      trouble === undefined || trouble.isAfter === true ? this.#execute(action) : failureOf(trouble).code;
    const { kind, tableId, from, to } = action;
    this.mutations.push({
      by,
      kind,
      tableId,
      from: from?.id,
      to: to?.id,
      atMs: this.clock.now(),
      result: code ?? 'ok',
    });
    await this.#wait(this.latencyMs / 2);
    if (trouble !== undefined) return { ok: false, failure: failureOf(trouble) };
    if (code === undefined) return { ok: true };
    const failed: FailureKind = code === 'RouteAlreadyExists' ? 'already-exists' : 'route-missing';
    return { ok: false, failure: failureOf({ api: 'apply', by, kind: failed, code }) };
  }

  #execute(action: RouteAction): string | undefined {
    const exists = this.holder(action.tableId) !== undefined;
    if (action.kind === 'create' && exists) return 'RouteAlreadyExists';
    if (action.kind !== 'create' && !exists) return 'InvalidRoute.NotFound';
    if (action.to?.kind === 'nat-gateway') {
      this.setHolder(action.tableId, action.to.id, {
        target: action.to,
        interfaceId: undefined,
        instanceId: undefined,
      });
    } else this.setHolder(action.tableId, action.to?.id);
    return undefined;
  }

  async #call(api: Trouble['api'], by: string): Promise<AwsFailure | undefined> {
    await this.#wait(this.latencyMs);
    const trouble = this.#takeTrouble(api, by);
    return trouble === undefined ? undefined : failureOf(trouble);
  }

  #takeTrouble(api: Trouble['api'], by: string): Trouble | undefined {
    const index = this.troubles.findIndex((t) => t.api === api && (t.by === by || t.by === '*'));
    if (index < 0) return undefined;
    return this.troubles.splice(index, 1)[0];
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve);
    });
  }

  #table(id: string): StoredTable {
    const table = this.tables.get(id);
    if (table === undefined) throw new Error(`no table ${id}`);
    return table;
  }

  #record(): void {
    const tables = new Map(
      [...this.tables].map(([id, table]) => [id, { ...table, routes: [...table.routes] }]),
    );
    this.#history.push({ atMs: this.clock.now(), tables });
  }

  #shown(): ReadonlyMap<string, StoredTable> {
    const atMs = this.clock.now() - this.staleMs;
    return (
      this.#history.findLast((moment) => moment.atMs <= atMs)?.tables ?? this.#history[0]?.tables ?? new Map()
    );
  }
}

/** Fails the next `count` calls. */
export function troubles(trouble: Trouble, count: number): Trouble[] {
  return Array.from({ length: count }, () => trouble);
}

function failureOf(trouble: Trouble): AwsFailure {
  const { kind, api } = trouble;
  return { kind, api, code: trouble.code ?? kind, message: `${kind} by test`, requestId: undefined };
}

const CHECK: CheckTemplate = {
  name: 'service',
  probe: {
    type: 'tcp',
    port: 80,
    send: undefined,
    expect: undefined,
    tls: undefined,
    sourceAddress: undefined,
    sourceInterface: undefined,
  },
  rise: 2,
  fall: 3,
  everyMs: 200,
  timeoutMs: 200,
  tries: 1,
  triesIntervalMs: 0,
  runOnHealthy: undefined,
  runOnUnhealthy: undefined,
};

/** The spec of the agent `name`: owner of `rtb-<name>`, backup for all others; checks itself and the holder. */
export function fleetSpec(name: string, over: Partial<AgentSpec> = {}): AgentSpec {
  const health = { kind: 'check', name: 'local' } as const;
  const group = (find: TableGroupSpec['find'], ifUnhealthy: boolean): TableGroupSpec => ({
    name: ifUnhealthy ? 'others' : 'own',
    find,
    noResultsOk: true,
    vpc: 'own',
    assumeRole: undefined,
    routes: [routeSpec({ health, ifUnhealthy, remoteCheck: 'service' })],
  });
  const az = (not: boolean) => ({ kind: 'by-tag', key: 'az', value: name, not }) as const;
  return {
    pollMs: 10_000,
    checks: [{ ...CHECK, name: 'local', destination: name }],
    remoteChecks: [CHECK],
    health: [],
    tableGroups: [group(az(false), false), group(az(true), true)],
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
    ...over,
  };
}
