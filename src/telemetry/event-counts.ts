import type { AgentEvent } from '../agent/index.ts';
import type { CounterSeries, MetricStore } from './metric-store.ts';

/** Counts what happens now and then; what belongs to a check is counted there. */
export function countEvent(store: MetricStore, event: AgentEvent): void {
  if (event.type === 'reloaded' || event.type === 'reload-refused') {
    store.gauge('vpcast_config_last_reload_successful', {}).set(event.type === 'reloaded' ? 1 : 0);
  }
  counterOf(store, event)?.add(event.type === 'bgp-connection-refused' ? event.count : 1);
}

/** What an event adds to; undefined where nothing counts it. */
function counterOf(store: MetricStore, event: AgentEvent): CounterSeries | undefined {
  switch (event.type) {
    case 'reloaded':
      return store.counter('vpcast_config_reloads_total', { outcome: 'passed' });
    case 'reload-refused':
      return store.counter('vpcast_config_reloads_total', { outcome: 'refused' });
    case 'crash':
      return store.counter('vpcast_internal_errors_total', { where: event.where });
    case 'hook': {
      const outcome = event.failure === undefined ? 'passed' : 'failed';
      return store.counter('vpcast_hook_runs_total', { hook: event.hook, outcome });
    }
    case 'route-changed': {
      const { kind: action, reason } = event.action;
      return store.counter('vpcast_route_changes_total', { action, reason });
    }
    case 'route-race':
      return store.counter('vpcast_route_races_total', { action: event.action.kind });
    case 'route-failed': {
      const [action, failure] = [event.action.kind, event.failure.kind];
      return store.counter('vpcast_route_failures_total', { action, failure });
    }
    case 'owner-reclaimed':
      return store.counter('vpcast_owner_reclaimed_total', {});
    case 'owner-conflict':
      return store.counter('vpcast_owner_conflict_total', {});
    case 'api-failing': {
      const { api, kind: failure } = event.failure;
      return store.counter('vpcast_api_failing_total', { api, failure });
    }
    case 'bgp-connection-refused':
      return store.counter('vpcast_bgp_connections_refused_total', {});
    case 'throttled-by-us':
      return store.counter('vpcast_own_limit_waits_total', {});
    default:
      return undefined;
  }
}

/** What is worth a series before it first happens: an alert on its growth needs the 0 before. */
export function startCounts(store: MetricStore, version: string): void {
  store.gauge('vpcast_build_info', { version }).set(1);
  store.gauge('vpcast_config_last_reload_successful', {}).set(1);
  for (const outcome of ['passed', 'refused']) store.counter('vpcast_config_reloads_total', { outcome });
  store.counter('vpcast_owner_reclaimed_total', {});
  store.counter('vpcast_owner_conflict_total', {});
  store.counter('vpcast_own_limit_waits_total', {});
  for (const action of ['create', 'replace', 'delete']) store.counter('vpcast_route_races_total', { action });
}
