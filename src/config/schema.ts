import { everyKey, fallKey, nested, riseKey } from './kinds/kind.ts';
import {
  anyText,
  cidr,
  decimal,
  destination,
  duration,
  flag,
  form,
  interfaceRef,
  list,
  oneOf,
  pattern,
  resourceId,
  text,
  whole,
} from './leaves.ts';
import { listenAddress } from './listen-address.ts';

// Every key of the config, its form, its default and its description: what the readers read by, and what the JSON
// Schema is made from. What is read by a reader of its own is `nested` here, and typed in `json-schema.ts`.

const HOUR_MS = 3_600_000;
const argv = nested;
const serverName = text('the server name to ask for').optional();

/** The key that says which other keys there are; its reader looks at it before the rest. */
export const typeShape = { type: nested };

export const tlsShape = {
  ca: text('a CA certificate in PEM')
    .optional()
    .describe('CA certificates (PEM text) to trust instead of the system’s.'),
  ca_file: text('the path of a PEM file').optional().describe('Path of a PEM file; instead of `ca`.'),
  cert: text('a certificate in PEM').optional().describe('Client certificate (PEM text); needs a key.'),
  cert_file: text('the path of a PEM file').optional().describe('Path of a PEM file; instead of `cert`.'),
  key: text('a private key in PEM').optional().describe('Private key of the client certificate (PEM text).'),
  key_file: text('the path of a PEM file').optional().describe('Path of a PEM file; instead of `key`.'),
  server_name: serverName.describe(
    'Name to ask for (SNI) and to check the certificate against. Default: the host.',
  ),
  skip_verify: flag().or(false).describe('Accept any certificate.'),
};

export const checkShape = {
  destination: destination().optional().describe('IP address or host name to probe.'),
  rise: riseKey(2),
  fall: fallKey(3),
  every: everyKey('1s'),
  timeout: duration({ least: 10, most: HOUR_MS })
    .optional()
    .describe('Longest time for one attempt. Default: `every`, at most 10s.'),
  tries: whole('a count', { least: 1, most: 100 })
    .or(1)
    .describe('Attempts within one probe; one that passes is enough.'),
  interval: duration({ least: 0, most: HOUR_MS }).or(0).describe('Pause between the attempts of one probe.'),
  run_on_healthy: argv.describe('Command to run when the check becomes healthy.'),
  run_on_unhealthy: argv.describe('Command to run when the check becomes unhealthy.'),
};

export const CHECK_ALIASES = { tries_interval: 'interval' } as const;

export const finderShapes = {
  by_tag: {
    key: text('the key of a tag').describe('Key of the tag.'),
    value: anyText('the value of a tag').describe('Value that the tag has to have exactly.'),
  },
  by_tag_regexp: {
    key: text('the key of a tag').describe('Key of the tag.'),
    regexp: pattern().describe(
      'Regular expression that the value has to match somewhere; anchor it with ^ and $.',
    ),
  },
  by_id: {
    id: resourceId('rtb', 'the id of a route table').optional().describe('Id of one route table.'),
    ids: list(resourceId('rtb', 'the id of a route table'), 'write a list of route table ids')
      .optional()
      .describe('Ids of route tables.'),
  },
  main: {},
  subnet: {
    subnet_id: resourceId('subnet', 'the id of a subnet').describe(
      'Subnet that the table is associated with.',
    ),
  },
  has_route_to: { cidr: cidr().describe('Destination that the table has a route for, exactly.') },
};
export type FinderType = keyof typeof finderShapes | 'and' | 'or';
export const FINDER_TYPES = [...Object.keys(finderShapes), 'and', 'or'] as readonly FinderType[];

export const findTopShape = {
  no_results_ok: flag().or(false).describe('Finding no table is no error.'),
  vpc: form('own, any or the id of a VPC', /^(?:own|any|vpc-[0-9a-f]+)$/)
    .or('own')
    .describe('VPC whose tables may be changed: the instance’s own, any, or one by its id.'),
};
export const notShape = { not: flag().or(false).describe('Turns the finder round.') };
export const branchShape = {
  filters: nested.describe('The finders that are combined.'),
  config: nested.describe('The list of filters, or a map with `filters`, as AWSnycast has it.'),
};

/** Kind of target → key under `fallback`, form of its id, and example. */
export const fallbackShape = {
  nat_gateway: resourceId('nat', 'the id of a NAT gateway').optional().describe('NAT gateway (nat-…).'),
  gateway: form('the id of an internet or virtual private gateway (igw-… or vgw-…)', /^[iv]gw-[0-9a-f]+$/)
    .optional()
    .describe('Internet gateway (igw-…) or virtual private gateway (vgw-…).'),
  transit_gateway: resourceId('tgw', 'the id of a transit gateway')
    .optional()
    .describe('Transit gateway (tgw-…).'),
  network_interface: resourceId('eni', 'the id of an interface')
    .optional()
    .describe('Network interface (eni-…).'),
  vpc_endpoint: resourceId('vpce', 'the id of a VPC endpoint')
    .optional()
    .describe('Gateway load balancer endpoint (vpce-…).'),
  vpc_peering_connection: resourceId('pcx', 'the id of a peering connection')
    .optional()
    .describe('VPC peering connection (pcx-…).'),
  egress_only_internet_gateway: resourceId('eigw', 'the id of an egress-only internet gateway')
    .optional()
    .describe('Egress-only internet gateway (eigw-…); for IPv6.'),
  local_gateway: resourceId('lgw', 'the id of a local gateway')
    .optional()
    .describe('Local gateway of an Outpost (lgw-…).'),
  carrier_gateway: resourceId('cagw', 'the id of a carrier gateway')
    .optional()
    .describe('Carrier gateway (cagw-…).'),
  core_network: form('the ARN of a core network', /^arn:aws[\w-]*:networkmanager:.+$/)
    .optional()
    .describe('Core network of AWS Cloud WAN (its ARN).'),
  odb_network: form('the ARN of an ODB network', /^arn:aws[\w-]*:odb:.+$/)
    .optional()
    .describe('Oracle Database@AWS network (its ARN).'),
};
export const FALLBACK_ALIASES = { vpc_peering: 'vpc_peering_connection' } as const;

export const routeShape = {
  cidr: cidr().optional().describe('Destination: IPv4 or IPv6 block, or one address (a host route).'),
  prefix_list: resourceId('pl', 'the id of a prefix list')
    .optional()
    .describe('Destination: a prefix list; instead of `cidr`.'),
  instance: form('SELF or the id of an instance (i-…)', /^(?:SELF|i-[0-9a-f]+)$/)
    .or('SELF')
    .describe('Whose interface the route points at: SELF, or the id of an instance.'),
  interface: interfaceRef()
    .optional()
    .describe(
      'Interface, by its id or device index. Default: the one with source/dest check off, else the primary.',
    ),
  healthcheck: nested.describe('Local checks that the route depends on. Default: none, always healthy.'),
  remote_healthcheck: text('the name of a remote check')
    .optional()
    .describe('Template under `remote_healthchecks` to watch the holder with.'),
  if_unhealthy: flag()
    .or(false)
    .describe('Take the route over only if it is absent or its holder fails (a backup).'),
  never_delete: flag().or(false).describe('Leave the route as it is when the checks fail.'),
  fallback: nested.describe('Where the route points while the checks fail; one of these.'),
  preempt_delay: duration({ least: 0, most: 24 * HOUR_MS })
    .or(0)
    .describe('How long the checks must have been healthy before an owner takes the route back.'),
  run_before_add_route: argv.describe('Command to run before the route is created.'),
  run_after_add_route: argv.describe('Command to run after the route was created.'),
  run_before_replace_route: argv.describe('Command to run before the route is replaced.'),
  run_after_replace_route: argv.describe('Command to run after the route was replaced.'),
  run_before_delete_route: argv.describe('Command to run before the route is deleted.'),
  run_after_delete_route: argv.describe('Command to run after the route was deleted.'),
};

export const groupShape = {
  find: nested.describe('Which route tables are meant.'),
  manage_routes: nested.describe('Routes to manage in each of them.'),
  assume_role: form(
    'the ARN of a role, arn:aws:iam::123456789012:role/name',
    /^arn:aws[\w-]*:iam::\d{12}:role\/\S+$/,
  )
    .optional()
    .describe('Role to assume for tables of another account.'),
  delete_routes_if_unhealthy: nested.deprecate(
    'In AWSnycast’s first documentation, never acted on; ignored.',
  ),
};
export const GROUP_ALIASES = { upsert_routes: 'manage_routes' } as const;

export const awsShape = {
  region: form('a region such as eu-west-1', /^[a-z]{2}(?:-[a-z]+)+-\d+$/)
    .optional()
    .describe('Region of the EC2 API. Default: the instance’s own.'),
  endpoint: form('a URL such as http://127.0.0.1:4566', /^https?:\/\/[^\s/]+\S*$/)
    .optional()
    .describe('Endpoint of the EC2 API, for a VPC endpoint or an emulator.'),
  request_timeout: duration({ least: 100, most: 300_000 })
    .or('5s')
    .describe('Longest time for one API call.'),
  mutation_burst: whole('a count', { least: 1, most: 1000 })
    .or(40)
    .describe('Changes that may be sent at once.'),
  mutation_rate: decimal('changes a second', { least: 0.01, most: 1000 })
    .or(4)
    .describe('Changes a second, in the long run.'),
  mutations_in_flight: whole('a count', { least: 1, most: 100 })
    .or(8)
    .describe('Changes under way at the same time.'),
};

export const adminShape = {
  address: listenAddress()
    .optional()
    .describe('IP address and port of the HTTP server for metrics and health; `:9551` is every address.'),
  socket: text('the path of a socket').optional().describe('Path of the control socket.'),
};

const drainSignals = ['spot', 'rebalance', 'lifecycle', 'maintenance'] as const;

/** The keys at the top that an included file may have too. */
export const partShape = {
  healthchecks: nested.describe('Checks by name.'),
  remote_healthchecks: nested.describe('Check templates by name, run against the holder of a route.'),
  health: nested.describe('Health expressions by name, to be used wherever a check can be named.'),
  routetables: nested.describe('Groups of route tables by name.'),
  announcer: nested.describe('Prefixes to announce over BGP; in an included file its `routes` alone.'),
};

/** The keys at the top. */
export const rootShape = {
  include: nested.describe(
    'Other files with checks, health expressions, groups and prefixes: a path or pattern, or a list.',
  ),
  poll_time: duration({ least: 100, most: 24 * HOUR_MS })
    .or('40s')
    .describe('How often the managed tables are read in full. Default: 40s.'),
  ...partShape,
  manage_source_dest_check: flag()
    .or(false)
    .describe('Switch the source/dest check of the interface off where it is on.'),
  on_exit: oneOf(['keep', 'release']).or('keep').describe('What becomes of held routes when the agent ends.'),
  drain_on: list(oneOf(drainSignals), `write a list of ${drainSignals.join(', ')}`)
    .or([])
    .describe('Events of the instance on which held routes are given up.'),
  aws: nested.describe('Settings of the EC2 client.'),
  admin: nested.describe('HTTP server and control socket.'),
};
export const ROOT_ALIASES = {
  healthcheck: 'healthchecks',
  remote_healthcheck: 'remote_healthchecks',
  route_tables: 'routetables',
} as const;
