import { setImmediate } from 'node:timers/promises';
import type { AgentSnapshot } from '../agent/index.ts';
import { byHealth, healthValue } from './health-values.ts';
import type { MetricStore } from './metric-store.ts';
import type { MetricName } from './metric-table.ts';

/** What the process uses, for the metrics that every program has. undefined: the system does not tell now. */
export interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly residentBytes: number | undefined;
  /** Unix time. */
  readonly startedAtSeconds: number;
  readonly openFiles: number | undefined;
}

/** Probes go on between two goes, which take about 1 ms each. */
const ROUTES_AT_ONCE = 500;

const MADE_ANEW: readonly MetricName[] = [
  'vpcast_health_healthy',
  'vpcast_health_state',
  'vpcast_group_tables',
  'vpcast_route_held',
  'vpcast_routes',
];

/** Shows the agent as it is at this moment: what is gone is not shown any more. Of checks see `CheckSeries`. */
export async function showSnapshot(store: MetricStore, snapshot: AgentSnapshot): Promise<void> {
  for (const name of MADE_ANEW) store.clear(name);
  store.gauge('vpcast_ready', {}).set(snapshot.notReady === undefined ? 1 : 0);
  store.gauge('vpcast_draining', {}).set(snapshot.drainSignals.length > 0 ? 1 : 0);
  for (const { name, health } of snapshot.health) {
    const states = byHealth((state) => store.gauge('vpcast_health_state', { health: name, state }));
    for (const [state, gauge] of states) gauge.set(state === health ? 1 : 0);
    store.gauge('vpcast_health_healthy', { health: name }).set(healthValue(health));
  }
  for (const { name, tables } of snapshot.groups) {
    store.gauge('vpcast_group_tables', { group: name }).set(tables);
  }
  await showRoutes(store, snapshot);
}

async function showRoutes(store: MetricStore, { routes }: AgentSnapshot): Promise<void> {
  const decided = new Map<string, number>();
  for (const [index, { group, tableId, destination, isHeld, decision }] of routes.entries()) {
    if (index % ROUTES_AT_ONCE === ROUTES_AT_ONCE - 1) await setImmediate();
    store.gauge('vpcast_route_held', { group, table: tableId, destination }).set(isHeld ? 1 : 0);
    if (decision === undefined) continue;
    const key = `${decision.verdict} ${decision.reason}`;
    decided.set(key, (decided.get(key) ?? 0) + 1);
  }
  for (const [key, count] of decided) {
    const [verdict = '', reason = ''] = key.split(' ');
    store.gauge('vpcast_routes', { verdict, reason }).set(count);
  }
}

export function showProcess(store: MetricStore, facts: ProcessFacts): void {
  store.counter('process_cpu_seconds_total', {}).set(facts.cpuSeconds);
  store.gauge('process_resident_memory_bytes', {}).set(facts.residentBytes);
  store.gauge('process_start_time_seconds', {}).set(facts.startedAtSeconds);
  store.gauge('process_open_fds', {}).set(facts.openFiles);
}
