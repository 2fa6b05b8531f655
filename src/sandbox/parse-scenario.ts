import { BadRequest, isJsonObject } from './control/json-fields.ts';
import { parseFault } from './control/parse-fault.ts';
import type { Scenario } from './scenario.ts';
import { type Fields, list, optional, type Reader, readers } from './scenario-fields.ts';
import { problemsOfReferences } from './scenario-references.ts';

export type ScenarioResult =
  | { readonly ok: true; readonly scenario: Scenario }
  /** Every problem at once, each as `path: what is wrong`. */
  | { readonly ok: false; readonly problems: readonly string[] };

const { text, whole, flag, cidr, address, destination, tags, oneOf, idOf } = readers;

const INTERFACE: Fields = {
  id: optional(idOf('eni-')),
  subnet: optional(idOf('subnet-')),
  privateIp: optional(address),
  secondaryIps: optional(list(address)),
  ipv6s: optional(list(address)),
  mac: optional(text),
  deviceIndex: optional(whole),
  sourceDestCheck: optional(flag),
  deleteOnTermination: optional(flag),
  description: optional(text),
  owner: optional(text),
  tags: optional(tags),
};

const INSTANCE: Fields = {
  id: idOf('i-'),
  subnet: idOf('subnet-'),
  privateIp: optional(address),
  sourceDestCheck: optional(flag),
  interfaces: optional(list(INTERFACE)),
  type: optional(text),
  spot: optional(flag),
  state: optional(oneOf('pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated')),
  systemStatus: optional(oneOf('ok', 'impaired', 'initializing', 'insufficient-data')),
  instanceStatus: optional(oneOf('ok', 'impaired', 'initializing', 'insufficient-data')),
  role: optional(readers.textOrNull),
  accessKeyId: optional(text),
  owner: optional(text),
  tags: optional(tags),
};

const ROUTE: Fields = {
  destination,
  target: readers.target,
  origin: optional(oneOf('CreateRouteTable', 'CreateRoute', 'EnableVgwRoutePropagation', 'Advertisement')),
};

const ROUTE_TABLE: Fields = {
  id: idOf('rtb-'),
  vpc: idOf('vpc-'),
  main: optional(flag),
  subnets: optional(list(idOf('subnet-'))),
  gateways: optional(list(readers.gatewayId)),
  propagatingVgws: optional(list(idOf('vgw-'))),
  owner: optional(text),
  tags: optional(tags),
  routes: optional(list(ROUTE)),
};

const SCENARIO: Fields = {
  region: optional(text),
  accountId: optional(text),
  accounts: optional(list({ id: text, accessKeyIds: list(text) })),
  routeQuota: optional(whole),
  missingRouteCode: optional(oneOf('InvalidParameterValue', 'InvalidRoute.NotFound')),
  timing: optional({
    stopMs: optional(whole),
    startMs: optional(whole),
    rebootMs: optional(whole),
    terminateMs: optional(whole),
    initializingMs: optional(whole),
  }),
  vpcs: list({
    id: idOf('vpc-'),
    cidr,
    secondaryCidrs: optional(list(cidr)),
    ipv6Cidr: optional(cidr),
    owner: optional(text),
  }),
  subnets: optional(
    list({ id: idOf('subnet-'), vpc: idOf('vpc-'), cidr, ipv6Cidr: optional(cidr), az: text }),
  ),
  gateways: optional(list(readers.gateway)),
  prefixLists: optional(
    list({ id: idOf('pl-'), family: optional(oneOf('ipv4', 'ipv6')), maxEntries: optional(whole) }),
  ),
  instances: optional(list(INSTANCE)),
  interfaces: optional(list(INTERFACE)),
  routeTables: optional(list(ROUTE_TABLE)),
  faults: optional(list(readFault)),
  throttling: optional(flag),
};

/** A fault is read as the control API reads it, so that what can be switched on can also be there from the start. */
function readFault(...[value, path, complain]: Parameters<Reader>): void {
  if (!isJsonObject(value)) {
    complain(path, 'must be an object');
    return;
  }
  try {
    parseFault(value);
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    complain(path, error.message);
  }
}

/** Checks a scenario from a file: its form first and, if that is right, its references. */
export function parseScenario(value: unknown): ScenarioResult {
  const problems: string[] = [];
  const read: Reader = readers.object(SCENARIO);
  read(value, 'scenario', (path, message) => problems.push(`${path}: ${message}`));
  if (problems.length > 0) return { ok: false, problems };
  // The reader has just established that it has this form.
  const scenario = value as Scenario;
  const references = problemsOfReferences(scenario);
  return references.length > 0 ? { ok: false, problems: references } : { ok: true, scenario };
}
