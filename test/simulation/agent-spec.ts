import type { AgentSpec, TableGroupSpec } from '../../src/agent/index.ts';
import type { CheckTemplate } from '../../src/checks/index.ts';
import type { Finder, RouteSpec } from '../../src/core/index.ts';
import { announcedRoute, announcerSpec } from '../support/announcements.ts';
import { FALLBACK } from './ids.ts';
import type { FleetSetup, RouteSetup, Variation } from './script.ts';

/** Destination of the local check: the service on the agent's own instance. */
export const LOCAL = 'localhost';

/** Ends in the middle of many faults. */
const DRAIN_MS = 5_000;

/** What an agent's config comes down to: owner of its own table, backup for those of all others. */
export function agentSpec(fleet: FleetSetup, name: string, variation: Variation | undefined): AgentSpec {
  const everyMs = fleet.everyMs * (variation === 'slower' ? 2 : variation === 'faster' ? 0.5 : 1);
  const template: CheckTemplate = {
    name: variation === 'other-check' ? 'other' : 'service',
    probe: {
      type: 'tcp',
      port: 80,
      send: undefined,
      expect: undefined,
      tls: undefined,
      sourceAddress: undefined,
      sourceInterface: undefined,
    },
    rise: fleet.rise,
    fall: fleet.fall,
    everyMs,
    timeoutMs: Math.min(everyMs, fleet.timeoutMs),
    tries: 1,
    triesIntervalMs: 0,
    runOnHealthy: undefined,
    runOnUnhealthy: undefined,
  };
  const routes = (ifUnhealthy: boolean) =>
    fleet.routes.map((route) => routeSpec(route, { check: template.name, ifUnhealthy, variation }));
  const group = (find: Finder, ifUnhealthy: boolean): TableGroupSpec => ({
    name: ifUnhealthy ? 'other_azs' : 'our_az',
    find,
    noResultsOk: true,
    vpc: 'own',
    assumeRole: undefined,
    routes: routes(ifUnhealthy),
  });
  const isOurs = (not: boolean): Finder => ({ kind: 'or', not, of: ownZones(fleet, name).map(byZone) });
  return {
    pollMs: fleet.pollMs,
    checks: [{ ...template, destination: LOCAL }],
    remoteChecks: [template],
    health: [],
    tableGroups: [
      group(isOurs(false), false),
      group({ kind: 'and', not: false, of: [isOurs(true), PRIVATE] }, true),
    ],
    manageSourceDestCheck: false,
    onExit: fleet.onExit,
    drainOn: ['spot'],
    announcer: announcerSpec(
      [
        announcedRoute('192.0.2.1/32', template.name),
        announcedRoute('192.0.2.2/32', { kind: 'all', of: [] }),
      ],
      { drainMs: DRAIN_MS, onExit: fleet.onExit === 'release' ? 'drain' : 'withdraw' },
    ),
    aws: {
      region: undefined,
      endpoint: undefined,
      requestTimeoutMs: fleet.requestTimeoutMs,
      mutationBurst: fleet.mutationBurst,
      mutationRate: fleet.mutationRate,
      mutationsInFlight: 8,
    },
  };
}

/** Names of the agents that own this agent's table. */
export function ownersOf(fleet: FleetSetup, table: string): readonly string[] {
  return fleet.names.filter((name) => ownZones(fleet, name).includes(table));
}

function ownZones(fleet: FleetSetup, name: string): readonly string[] {
  return fleet.hasRivals && name === 'b' ? ['b', 'a'] : [name];
}

const PRIVATE: Finder = { kind: 'by-tag', not: false, key: 'type', value: 'private' };

function byZone(value: string): Finder {
  return { kind: 'by-tag', not: false, key: 'az', value };
}

interface RouteUse {
  readonly check: string;
  readonly ifUnhealthy: boolean;
  readonly variation: Variation | undefined;
}

function routeSpec(route: RouteSetup, { check, ifUnhealthy, variation }: RouteUse): RouteSpec {
  return {
    destination: { kind: 'ipv4', cidr: route.cidr },
    target: { instance: 'SELF', interface: undefined },
    health: { kind: 'check', name: check },
    remoteCheck: route.hasRemoteCheck && variation !== 'no-remote-check' ? check : undefined,
    ifUnhealthy,
    neverDelete: route.neverDelete || variation === 'never-delete',
    fallback: route.hasFallback ? { kind: 'nat-gateway', id: FALLBACK } : undefined,
    preemptDelayMs: ifUnhealthy ? 0 : route.preemptDelayMs,
    hooks: {},
  };
}
