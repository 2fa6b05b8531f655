import type { InterfaceSpec, RouteTableSpec, Scenario } from './scenario.ts';
import { parseDestination } from './world/destination.ts';
import { parseTargetId } from './world/target-id.ts';

/** What a well-formed scenario refers to in vain, or has twice; each as `path: what is wrong`. */
export function problemsOfReferences(scenario: Scenario): readonly string[] {
  const ids = collectIds(scenario);
  return [
    ...duplicates('id', ids.all),
    ...duplicates('privateIp', addresses(scenario)),
    ...(scenario.subnets ?? []).flatMap((subnet, index) =>
      unknown(`scenario.subnets[${index}].vpc`, subnet.vpc, ids.known),
    ),
    ...(scenario.instances ?? []).flatMap((instance, index) => [
      ...unknown(`scenario.instances[${index}].subnet`, instance.subnet, ids.known),
      ...interfaceProblems(`scenario.instances[${index}].interfaces`, instance.interfaces ?? [], ids.known),
    ]),
    ...interfaceProblems('scenario.interfaces', scenario.interfaces ?? [], ids.known),
    ...(scenario.interfaces ?? []).flatMap((eni, index) =>
      eni.subnet === undefined ? [`scenario.interfaces[${index}].subnet: is missing`] : [],
    ),
    ...mainTables(scenario),
    ...routesToTerminated(scenario),
    ...(scenario.routeTables ?? []).flatMap((table, index) =>
      tableProblems(`scenario.routeTables[${index}]`, table, ids.known),
    ),
  ];
}

/** Ids that others can refer to; an instance's unnamed first interface is called after it. */
function collectIds(scenario: Scenario) {
  const interfaces = (scenario.instances ?? []).flatMap((instance) =>
    (instance.interfaces ?? [{}]).map((eni: InterfaceSpec, position) => {
      return eni.id ?? `eni-${instance.id.slice(2)}${position === 0 ? '' : position}`;
    }),
  );
  const all = [
    ...scenario.vpcs.map((vpc) => vpc.id),
    ...(scenario.subnets ?? []).map((subnet) => subnet.id),
    ...(scenario.gateways ?? []).map((gateway) => (typeof gateway === 'string' ? gateway : gateway.id)),
    ...(scenario.prefixLists ?? []).map((prefixList) => prefixList.id),
    ...(scenario.instances ?? []).map((instance) => instance.id),
    ...interfaces,
    ...(scenario.interfaces ?? []).flatMap((eni) => (eni.id === undefined ? [] : [eni.id])),
    ...(scenario.routeTables ?? []).map((table) => table.id),
  ];
  return { all, known: new Set(all) };
}

function addresses(scenario: Scenario): readonly string[] {
  const of = (spec: InterfaceSpec) => [spec.privateIp, ...(spec.secondaryIps ?? [])];
  return [
    ...(scenario.instances ?? []).flatMap((instance) => [
      instance.privateIp,
      ...(instance.interfaces ?? []).flatMap(of),
    ]),
    ...(scenario.interfaces ?? []).flatMap(of),
  ].filter((ip) => ip !== undefined);
}

function duplicates(what: string, values: readonly string[]): readonly string[] {
  const twice = new Set(values.filter((value, index) => values.indexOf(value) !== index));
  return [...twice].map((value) => `scenario: the ${what} ${value} is used more than once`);
}

function unknown(path: string, id: string | undefined, known: ReadonlySet<string>): readonly string[] {
  return id === undefined || known.has(id) ? [] : [`${path}: there is no ${id} in this scenario`];
}

function interfaceProblems(path: string, specs: readonly InterfaceSpec[], known: ReadonlySet<string>) {
  return specs.flatMap((eni, index) => unknown(`${path}[${index}].subnet`, eni.subnet, known));
}

function mainTables(scenario: Scenario): readonly string[] {
  const mains = (scenario.routeTables ?? []).filter((table) => table.main === true).map((table) => table.vpc);
  return duplicates('main table of', mains);
}

/** A terminated instance has no interface that a route could have kept; its interface's id can be named instead. */
function routesToTerminated(scenario: Scenario): readonly string[] {
  const gone = new Set(
    (scenario.instances ?? []).filter((one) => one.state === 'terminated').map((one) => one.id),
  );
  return (scenario.routeTables ?? []).flatMap((table, index) =>
    (table.routes ?? [])
      .filter((route) => gone.has(route.target))
      .map(
        (route) => `scenario.routeTables[${index}].routes: ${route.target} is terminated; name its interface`,
      ),
  );
}

function tableProblems(path: string, table: RouteTableSpec, known: ReadonlySet<string>): readonly string[] {
  const routes = table.routes ?? [];
  const statics = routes.filter((route) => route.origin === undefined || route.origin.startsWith('Create'));
  const keys = statics.map((route) => parseDestination(route.destination)?.key ?? route.destination);
  return [
    ...unknown(`${path}.vpc`, table.vpc, known),
    ...(table.subnets ?? []).flatMap((id, index) => unknown(`${path}.subnets[${index}]`, id, known)),
    ...(table.gateways ?? []).flatMap((id, index) => unknown(`${path}.gateways[${index}]`, id, known)),
    ...duplicates(`static route of ${table.id} for`, keys),
    ...routes.flatMap((route, index) => [
      ...unknown(`${path}.routes[${index}].destination`, prefixListOf(route.destination), known),
      // An interface or gateway may be gone (that is a blackhole); an instance must be there to find its interface.
      ...unknown(`${path}.routes[${index}].target`, instanceOf(route.target), known),
    ]),
  ];
}

function prefixListOf(destination: string): string | undefined {
  return destination.startsWith('pl-') ? destination : undefined;
}

function instanceOf(target: string): string | undefined {
  return parseTargetId(target)?.kind === 'instance' ? target : undefined;
}
