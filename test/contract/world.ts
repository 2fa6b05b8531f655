import { EC2Client, EC2ServiceException } from '@aws-sdk/client-ec2';
import {
  type ApplyResult,
  createEc2Client,
  createRouteTables,
  type Ec2Client,
  type RouteTables,
} from '../../src/aws/index.ts';
import {
  type Destination,
  destinationKey,
  type ObservedRoute,
  type ObservedTable,
  type RouteAction,
  type RouteTarget,
  type TargetKind,
} from '../../src/core/index.ts';
import { systemClock } from '../../src/lib/system-clock.ts';

/** What routes can point at beside interfaces and instances. */
export type GatewayKind = Exclude<
  TargetKind,
  'network-interface' | 'instance' | 'local' | 'unknown' | 'local-gateway' | 'core-network' | 'odb-network'
>;

/** A VPC that was set up for the suite, in whatever way its EC2 has for that. */
export interface ContractWorld {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly accountId: string;
  readonly vpcId: string;
  /** The VPC's CIDR, the destination of its `local` route. */
  readonly vpcCidr: string;
  /**
   * `a` (tags `az=a`, `type=private`) is associated with the subnet `a`, `b` (`az=b`, `type=private`, `odd=a*b`) with `b`; `main`
   * is the VPC's; `others` are five more, tagged `page=<index>`, that nothing is associated with.
   */
  readonly tables: {
    readonly main: string;
    readonly a: string;
    readonly b: string;
    readonly others: readonly string[];
  };
  readonly subnets: { readonly a: string; readonly b: string };
  /** `a` and `b` have one interface each, `multi` has two; `doomed` is free to be terminated. All run, in subnet `a` but for `b`. */
  readonly instances: {
    readonly a: string;
    readonly b: string;
    readonly multi: string;
    readonly doomed: string;
  };
  /** The instances' primary interfaces; `loose` is attached to nothing. `a` has source/dest check on. */
  readonly interfaces: {
    readonly a: string;
    readonly b: string;
    readonly multi: string;
    readonly doomed: string;
    readonly loose: string;
  };
  readonly gateways: Readonly<Record<GatewayKind, string>>;
  readonly prefixListId: string;
  stop(instanceId: string): Promise<void>;
  start(instanceId: string): Promise<void>;
  terminate(instanceId: string): Promise<void>;
  close(): Promise<void>;
}

/** A world and the two ways into it: vpcast's own, and the plain SDK. */
export interface Connected extends ContractWorld {
  readonly ec2: Ec2Client;
  readonly routeTables: RouteTables;
  readonly sdk: EC2Client;
  /** A destination that no other case uses. */
  fresh(kind: 'ipv4' | 'ipv6'): Destination;
}

/** One behaviour that vpcast relies on. `key` is what a known fault is filed under. */
export interface ContractCase {
  readonly key: string;
  readonly title: string;
  run(world: Connected): Promise<void>;
}

/** Well-formed ids of what does not exist. */
export const GONE = {
  table: 'rtb-0123456789abcdef0',
  eni: 'eni-0123456789abcdef0',
  instance: 'i-0123456789abcdef0',
} as const;

export const { signal } = new AbortController();

export function connect(world: ContractWorld): Connected {
  const { endpoint, region, credentials } = world;
  const ec2 = createEc2Client({
    endpoint,
    region,
    credentials: async () => credentials,
    requestTimeoutMs: 10_000,
    clock: systemClock,
    version: 'contract',
  });
  const sdk = new EC2Client({ endpoint, region, credentials, maxAttempts: 1 });
  let used = 0;
  return {
    ...world,
    ec2,
    sdk,
    routeTables: createRouteTables(ec2, systemClock),
    fresh(kind) {
      used += 1;
      return kind === 'ipv4'
        ? { kind, cidr: `100.64.${used}.0/24` }
        : { kind, cidr: `2001:db8:${used.toString(16)}::/64` };
    },
    async close() {
      sdk.destroy();
      await ec2.close();
      await world.close();
    },
  };
}

/** A table as vpcast reads it. */
export async function readTable(world: Connected, tableId: string): Promise<ObservedTable> {
  const result = await world.routeTables.describe(
    { ids: [tableId], filters: [], roleArn: undefined },
    signal,
  );
  if (!result.ok) throw new Error(`describe failed: ${result.failure.code} ${result.failure.message}`);
  const [table] = result.tables;
  if (table === undefined) throw new Error(`there is no table ${tableId}`);
  return table;
}

/** The one route to a destination, if the table has it. */
export async function readRoute(
  world: Connected,
  destination: Destination,
  tableId = world.tables.a,
): Promise<ObservedRoute | undefined> {
  const table = await readTable(world, tableId);
  return table.routes.find((route) => destinationKey(route.destination) === destinationKey(destination));
}

export interface Change {
  readonly destination: Destination;
  readonly to?: RouteTarget;
  readonly tableId?: string;
}

/** Changes a route as vpcast does. */
export function change(world: Connected, kind: RouteAction['kind'], facts: Change): Promise<ApplyResult> {
  const { destination, to, tableId = world.tables.a } = facts;
  const key = `${tableId} ${destinationKey(destination)}`;
  const action = { kind, key, tableId, destination, to, from: undefined, roleArn: undefined };
  return world.routeTables.apply({ ...action, reason: 'owner' }, signal);
}

/** Changes a route and insists that it worked. */
export async function mustChange(world: Connected, kind: RouteAction['kind'], facts: Change): Promise<void> {
  const result = await change(world, kind, facts);
  if (!result.ok) throw new Error(`${kind} failed: ${result.failure.code} ${result.failure.message}`);
}

/** `CODE STATUS` of an SDK call that is to be refused; `ok` if it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (error instanceof EC2ServiceException) return `${error.name} ${error.$metadata.httpStatusCode}`;
    throw error;
  }
}

export const toInterface = (id: string): RouteTarget => ({ kind: 'network-interface', id });
