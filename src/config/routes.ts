import type {
  Destination,
  RouteHookName,
  RouteHooks,
  RouteSpec,
  RouteTarget,
  TargetKind,
} from '../core/index.ts';
import { type Cidr, containsCidr, parseCidr } from '../lib/cidr.ts';
import { readArgv } from './argv.ts';
import type { Context } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import { readHealth } from './health.ts';
import { readTemplateName } from './health-names.ts';
import { FALLBACK_ALIASES, fallbackShape, routeShape } from './schema.ts';
import { type Cursor, labelSpot, missingSpot, valueSpot } from './tree.ts';

type RouteFields = Fields<typeof routeShape>;

const HOOKS: readonly RouteHookName[] = [
  'run_before_add_route',
  'run_after_add_route',
  'run_before_replace_route',
  'run_after_replace_route',
  'run_before_delete_route',
  'run_after_delete_route',
];

/** What EC2 takes no route for: the addresses of its own services (route tables, "Custom routes"). */
const FORBIDDEN = ['169.254.168.0/22', 'fd00:ec2::/32'].flatMap((text) => parseCidr(text)?.cidr ?? []);

const FALLBACK_KINDS: Readonly<Record<keyof typeof fallbackShape, TargetKind>> = {
  nat_gateway: 'nat-gateway',
  gateway: 'gateway',
  transit_gateway: 'transit-gateway',
  network_interface: 'network-interface',
  vpc_endpoint: 'vpc-endpoint',
  vpc_peering_connection: 'vpc-peering-connection',
  egress_only_internet_gateway: 'egress-only-internet-gateway',
  local_gateway: 'local-gateway',
  carrier_gateway: 'carrier-gateway',
  core_network: 'core-network',
  odb_network: 'odb-network',
};

/** A route, and where its destination stands. */
export interface ReadRoute {
  readonly spec: RouteSpec;
  readonly destinationAt: Cursor;
}

/** Reads one item of `manage_routes`. undefined where its destination is wrong (and told). */
export function readRoute(cursor: Cursor, context: Context): ReadRoute | undefined {
  const { report } = context;
  const fields = openFields(cursor, { shape: routeShape }, report);
  if (fields === undefined) return undefined;
  const found = readDestination(fields, context);
  const healthAt = fields.child('healthcheck');
  const health = healthAt === undefined ? undefined : readHealth(healthAt, context);
  const spec = {
    target: { instance: fields.read('instance') ?? 'SELF', interface: fields.read('interface') },
    health: health ?? { kind: 'all', of: [] },
    remoteCheck: readRemoteCheck(fields, context),
    ifUnhealthy: fields.read('if_unhealthy'),
    neverDelete: fields.read('never_delete'),
    fallback: readFallback(fields.child('fallback'), found?.destination, context),
    preemptDelayMs: fields.read('preempt_delay'),
    hooks: readHooks(fields, context),
  } as const;
  warnOfNoEffect(fields, spec, context);
  if (found === undefined) return undefined;
  return { spec: { destination: found.destination, ...spec }, destinationAt: found.at };
}

function readDestination(fields: RouteFields, { report }: Context) {
  const [cidrAt, listAt] = [fields.child('cidr'), fields.child('prefix_list')];
  if (cidrAt !== undefined && listAt !== undefined) {
    report.problem(labelSpot(listAt), 'conflict', 'stands beside cidr; write two routes, one for each');
  }
  const [parsed, id] = [fields.read('cidr'), fields.read('prefix_list')];
  if (parsed !== undefined && cidrAt !== undefined) {
    const { cidr, hasHostBits } = parsed;
    if (hasHostBits) {
      report.warn(
        valueSpot(cidrAt),
        'not-canonical',
        `has bits beyond its length; EC2 reads it as ${cidr.text}`,
      );
    }
    refuseForbidden(cidr, cidrAt, report);
    const kind = cidr.family === 4 ? 'ipv4' : 'ipv6';
    return { destination: { kind, cidr: cidr.text } satisfies Destination as Destination, at: cidrAt };
  }
  if (id !== undefined && listAt !== undefined) {
    return { destination: { kind: 'prefix-list', id } satisfies Destination as Destination, at: listAt };
  }
  if (cidrAt === undefined && listAt === undefined) {
    const message = 'missing; write the destination, such as 192.168.1.1/32 (or prefix_list: pl-…)';
    report.problem(missingSpot(fields.cursor, 'cidr'), 'missing-key', message);
  }
  return undefined;
}

function refuseForbidden(cidr: Cidr, at: Cursor, report: Context['report']): void {
  const owner = FORBIDDEN.find((forbidden) => containsCidr(forbidden, cidr));
  if (owner === undefined) return;
  const message = `lies in ${owner.text}, which EC2 keeps for its own services; write another destination`;
  report.problem(valueSpot(at), 'forbidden', message);
}

function readRemoteCheck(fields: RouteFields, context: Context): string | undefined {
  const child = fields.child('remote_healthcheck');
  if (child === undefined) return undefined;
  return readTemplateName(child, context);
}

function readFallback(
  cursor: Cursor | undefined,
  destination: Destination | undefined,
  { report }: Context,
): RouteTarget | undefined {
  if (cursor === undefined) return undefined;
  const fields = openFields(cursor, { shape: fallbackShape, aliases: FALLBACK_ALIASES }, report);
  if (fields === undefined) return undefined;
  const targets = Object.entries(FALLBACK_KINDS).flatMap(([key, kind]) => {
    const child = fields.child(key as keyof typeof fallbackShape);
    return child === undefined ? [] : [{ kind, child, id: fields.read(key as keyof typeof fallbackShape) }];
  });
  const [first, second] = targets;
  if (first === undefined) {
    const message = `names no target; write one of ${Object.keys(fallbackShape).join(', ')}`;
    report.problem(labelSpot(cursor), 'missing-key', message);
  }
  if (second !== undefined) {
    report.problem(
      labelSpot(second.child),
      'conflict',
      'a second target; a route has one, leave the others out',
    );
  }
  if (first?.kind === 'egress-only-internet-gateway' && destination?.kind === 'ipv4') {
    const message = 'carries IPv6 only, and the destination is IPv4; write another target';
    report.problem(labelSpot(first.child), 'conflict', message);
  }
  return first?.id === undefined ? undefined : { kind: first.kind, id: first.id };
}

function readHooks(fields: RouteFields, { report }: Context): RouteHooks {
  const hooks = HOOKS.flatMap((name) => {
    const argv = readArgv(fields.child(name), report);
    return argv === undefined ? [] : [[name, argv] as const];
  });
  return Object.fromEntries(hooks);
}

function warnOfNoEffect(
  fields: RouteFields,
  spec: Pick<RouteSpec, 'ifUnhealthy' | 'neverDelete'>,
  { report }: Context,
): void {
  const neverDelete = fields.child('never_delete');
  if (neverDelete !== undefined && spec.neverDelete && fields.child('fallback') !== undefined) {
    const message = 'has no effect beside fallback, which is where an unhealthy route goes; leave it out';
    report.warn(labelSpot(neverDelete), 'no-effect', message);
  }
  const delay = fields.child('preempt_delay');
  if (delay !== undefined && spec.ifUnhealthy) {
    const message = 'has no effect with if_unhealthy: a backup never preempts; leave it out';
    report.warn(labelSpot(delay), 'no-effect', message);
  }
}
