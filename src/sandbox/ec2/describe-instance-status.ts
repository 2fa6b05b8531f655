import { type ApiResult, success } from '../world/api-error.ts';
import type { Instance } from '../world/state.ts';
import { viewStatus } from '../world/views.ts';
import { type Answer, type ApiCall, unlessDryRun } from './call.ts';
import { chooseInstances, showState } from './describe-instances.ts';
import { applyFilters, type FilterFields } from './filters.ts';
import { paginate } from './paginate.ts';
import { readBoolean, readFilters } from './query-params.ts';
import type { XmlValue } from './xml.ts';

/** Only running instances, unless `IncludeAllInstances`. */
export function describeInstanceStatus(call: ApiCall): ApiResult<Answer> {
  return unlessDryRun(call, () => {
    const filters = readFilters(call.params);
    if (!filters.ok) return filters;
    const includeAll = readBoolean(call.params, 'IncludeAllInstances');
    if (!includeAll.ok) return includeAll;
    const chosen = chooseInstances(call);
    if (!chosen.ok) return chosen;
    const visible = chosen.value.filter(
      (instance) => includeAll.value === true || instance.state === 'running',
    );
    const filtered = applyFilters(visible, filters.value, FIELDS);
    if (!filtered.ok) return filtered;
    const page = paginate(filtered.value, call.params, { max: 1000 });
    if (!page.ok) return page;
    return success({ instanceStatusSet: page.value.items.map(showStatus), nextToken: page.value.nextToken });
  });
}

type Summary = 'ok' | 'impaired' | 'initializing' | 'insufficient-data' | 'not-applicable';

/** What the one detail of a check, `reachability`, says for each summary; a summary that does not apply has none. */
const REACHABILITY: Readonly<Record<Summary, string | undefined>> = {
  ok: 'passed',
  impaired: 'failed',
  initializing: 'initializing',
  'insufficient-data': 'insufficient-data',
  'not-applicable': undefined,
};

const FIELDS: FilterFields<Instance> = {
  'availability-zone': (instance) => [instance.availabilityZone],
  'event.code': () => [],
  'instance-state-code': (instance) => [String(showState(instance.state).code)],
  'instance-state-name': (instance) => [instance.state],
  'instance-status.reachability': (instance) => [REACHABILITY[viewStatus(instance).instance]],
  'instance-status.status': (instance) => [viewStatus(instance).instance],
  'system-status.reachability': (instance) => [REACHABILITY[viewStatus(instance).system]],
  'system-status.status': (instance) => [viewStatus(instance).system],
};

function showStatus(instance: Instance): XmlValue {
  const status = viewStatus(instance);
  return {
    instanceId: instance.id,
    availabilityZone: instance.availabilityZone,
    instanceState: showState(instance.state),
    systemStatus: showSummary(status.system),
    instanceStatus: showSummary(status.instance),
  };
}

function showSummary(status: Summary): XmlValue {
  const reachability = REACHABILITY[status];
  return {
    status,
    details: reachability === undefined ? undefined : [{ name: 'reachability', status: reachability }],
  };
}
