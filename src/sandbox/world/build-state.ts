import type { GatewaySpec, InstanceSpec, InterfaceSpec, RouteTableSpec, Scenario } from '../scenario.ts';
import { parseCidr, parseDestination } from './destination.ts';
import type {
  Gateway,
  Instance,
  NetworkInterface,
  Route,
  RouteTable,
  Subnet,
  Vpc,
  WorldState,
} from './state.ts';
import { parseTargetId } from './target-id.ts';

export const DEFAULT_REGION = 'eu-west-1';
export const DEFAULT_ACCOUNT = '123456789012';

/** The region that a scenario describes. References must have been checked (`parseScenario`); an unknown one is a TypeError. */
export function buildState(scenario: Scenario, wallMs: number): WorldState {
  const owner = scenario.accountId ?? DEFAULT_ACCOUNT;
  const vpcs = byId(
    scenario.vpcs.map((vpc): Vpc => {
      const cidrs = [vpc.cidr, ...(vpc.secondaryCidrs ?? [])].map(canonical);
      const ipv6Cidrs = vpc.ipv6Cidr === undefined ? [] : [canonical(vpc.ipv6Cidr)];
      return { id: vpc.id, cidrs, ipv6Cidrs, ownerId: vpc.owner ?? owner };
    }),
  );
  const subnets = byId(
    (scenario.subnets ?? []).map((subnet): Subnet => {
      const ipv6Cidr = subnet.ipv6Cidr === undefined ? undefined : canonical(subnet.ipv6Cidr);
      return {
        id: subnet.id,
        vpcId: subnet.vpc,
        cidr: canonical(subnet.cidr),
        ipv6Cidr,
        availabilityZone: subnet.az,
      };
    }),
  );
  const instances = byId(
    (scenario.instances ?? []).map((spec) => buildInstance(spec, { subnets, owner, wallMs })),
  );
  const interfaces = byId(buildInterfaces(scenario, { subnets, owner, wallMs }));
  const gateways = byId((scenario.gateways ?? []).map(buildGateway));
  const prefixLists = byId(
    (scenario.prefixLists ?? []).map((list) => {
      return { id: list.id, family: list.family ?? ('ipv4' as const), maxEntries: list.maxEntries ?? 1 };
    }),
  );
  const routeTables = byId(
    (scenario.routeTables ?? []).map((spec) => buildTable(spec, { vpcs, interfaces, owner })),
  );
  return { vpcs, subnets, instances, interfaces, gateways, prefixLists, routeTables };
}

interface Place {
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly owner: string;
  readonly wallMs: number;
}

function buildInstance(spec: InstanceSpec, place: Place): Instance {
  const subnet = known(place.subnets, spec.subnet);
  return {
    id: spec.id,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    availabilityZone: subnet.availabilityZone,
    ownerId: spec.owner ?? place.owner,
    type: spec.type ?? 't3.small',
    isSpot: spec.spot ?? false,
    state: spec.state ?? 'running',
    systemStatus: spec.systemStatus ?? 'ok',
    instanceStatus: spec.instanceStatus ?? 'ok',
    launchedAtMs: place.wallMs,
    roleName: spec.role === null ? undefined : (spec.role ?? 'sandbox'),
    accessKeyId: spec.accessKeyId ?? `ASIA${spec.id.slice(2).toUpperCase()}`,
    tags: spec.tags ?? {},
  };
}

function buildInterfaces(scenario: Scenario, place: Place): readonly NetworkInterface[] {
  const taken = new Set<string>();
  const attached = (scenario.instances ?? []).flatMap((instance) => {
    const specs = instance.interfaces ?? [{}];
    return specs.map(
      (spec, position): InterfaceSpec & { readonly instance: InstanceSpec; readonly index: number } => {
        const suffix = position === 0 ? '' : String(position);
        const fromInstance = position === 0 ? primaryDefaults(instance) : {};
        const defaults = { id: `eni-${instance.id.slice(2)}${suffix}`, subnet: instance.subnet };
        const index = spec.deviceIndex ?? position;
        return { ...defaults, ...ownedBy(instance.owner), ...fromInstance, ...spec, instance, index };
      },
    );
  });
  const loose = (scenario.interfaces ?? []).map((spec) => ({ ...spec, instance: undefined, index: 0 }));
  return [...attached, ...loose].map((spec, position): NetworkInterface => {
    const subnet = known(place.subnets, spec.subnet ?? '');
    const primaryIp = spec.privateIp ?? nextAddress(subnet.cidr, taken);
    taken.add(primaryIp);
    const id = spec.id ?? `eni-${(position + 1).toString(16).padStart(17, '0')}`;
    const attachment =
      spec.instance === undefined || spec.instance.state === 'terminated'
        ? undefined
        : {
            id: `eni-attach-${id.slice(4)}`,
            instanceId: spec.instance.id,
            deviceIndex: spec.index,
            deleteOnTermination: spec.deleteOnTermination ?? spec.index === 0,
            attachedAtMs: place.wallMs,
          };
    return {
      id,
      vpcId: subnet.vpcId,
      subnetId: subnet.id,
      availabilityZone: subnet.availabilityZone,
      ownerId: spec.owner ?? place.owner,
      description: spec.description ?? '',
      mac: spec.mac ?? `0a:00:00:00:${hexByte((position + 1) >> 8)}:${hexByte(position + 1)}`,
      primaryIp,
      secondaryIps: spec.secondaryIps ?? [],
      ipv6s: spec.ipv6s ?? [],
      sourceDestCheck: spec.sourceDestCheck ?? true,
      attachment,
      tags: spec.tags ?? {},
    };
  });
}

function primaryDefaults(instance: InstanceSpec): Partial<InterfaceSpec> {
  return {
    ...(instance.privateIp === undefined ? {} : { privateIp: instance.privateIp }),
    ...(instance.sourceDestCheck === undefined ? {} : { sourceDestCheck: instance.sourceDestCheck }),
  };
}

function ownedBy(owner: string | undefined): { owner?: string } {
  return owner === undefined ? {} : { owner };
}

function buildGateway(spec: GatewaySpec): Gateway {
  const { id, vpc } = typeof spec === 'string' ? { id: spec, vpc: undefined } : spec;
  const target = parseTargetId(id);
  if (target === undefined || target.kind === 'instance') throw new TypeError(`${id} is no gateway's id`);
  return { id, kind: target.kind, vpcId: vpc };
}

interface TableContext {
  readonly vpcs: ReadonlyMap<string, Vpc>;
  readonly interfaces: ReadonlyMap<string, NetworkInterface>;
  readonly owner: string;
}

function buildTable(spec: RouteTableSpec, context: TableContext): RouteTable {
  const vpc = known(context.vpcs, spec.vpc);
  const local = [...vpc.cidrs, ...vpc.ipv6Cidrs].map((cidr): Route => {
    const destination = { kind: cidr.includes(':') ? ('ipv6' as const) : ('ipv4' as const), key: cidr };
    return { destination, target: { kind: 'local', id: 'local' }, origin: 'CreateRouteTable' };
  });
  const localKeys = new Set(local.map((route) => route.destination.key));
  const own = (spec.routes ?? []).map((route): Route => {
    const destination = parseDestination(route.destination);
    const named = parseTargetId(route.target);
    if (destination === undefined || named === undefined) throw new TypeError(`bad route in ${spec.id}`);
    const target =
      named.kind === 'instance'
        ? { kind: 'network-interface' as const, id: primaryInterface(context.interfaces, named.id) }
        : { kind: named.kind, id: named.id };
    // A static entry for a `local` destination stands for a replaced local route, which keeps its origin.
    const origin = localKeys.has(destination.key) ? 'CreateRouteTable' : 'CreateRoute';
    return { destination, target, origin: route.origin ?? origin };
  });
  const statics = new Set(
    own.filter((route) => route.origin.startsWith('Create')).map((r) => r.destination.key),
  );
  return {
    id: spec.id,
    vpcId: vpc.id,
    ownerId: spec.owner ?? vpc.ownerId ?? context.owner,
    isMain: spec.main ?? false,
    subnetIds: spec.subnets ?? [],
    gatewayIds: spec.gateways ?? [],
    propagatingVgws: spec.propagatingVgws ?? [],
    routes: [...local.filter((route) => !statics.has(route.destination.key)), ...own],
    tags: spec.tags ?? {},
  };
}

function primaryInterface(interfaces: ReadonlyMap<string, NetworkInterface>, instanceId: string): string {
  const attached = [...interfaces.values()].filter((eni) => eni.attachment?.instanceId === instanceId);
  attached.sort((a, b) => (a.attachment?.deviceIndex ?? 0) - (b.attachment?.deviceIndex ?? 0));
  const first = attached[0];
  if (first === undefined) throw new TypeError(`no interface is attached to ${instanceId}`);
  return first.id;
}

/** The first four addresses of a subnet are AWS's own. */
function nextAddress(subnetCidr: string, taken: ReadonlySet<string>): string {
  const bytes = parseCidr(subnetCidr)?.bytes ?? [];
  const base = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  for (let offset = 4; ; offset += 1) {
    const value = base + offset;
    const text = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
    if (!taken.has(text)) return text;
  }
}

function canonical(cidr: string): string {
  const parsed = parseCidr(cidr);
  if (parsed === undefined) throw new TypeError(`${cidr} is not a CIDR`);
  return parsed.key;
}

function hexByte(value: number): string {
  return (value & 0xff).toString(16).padStart(2, '0');
}

function byId<T extends { readonly id: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function known<T>(map: ReadonlyMap<string, T>, id: string): T {
  const value = map.get(id);
  if (value === undefined) throw new TypeError(`the scenario has no ${JSON.stringify(id)}`);
  return value;
}
