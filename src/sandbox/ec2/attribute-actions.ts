import { type ApiResult, dryRunPassed, failure, notFound, success } from '../world/api-error.ts';
import { interfacesOf } from '../world/state.ts';
import { type Answer, type ApiCall, done, unlessDryRun } from './call.ts';
import { readBoolean } from './query-params.ts';

/** The source/dest check, which an instance and its only interface share. */
export function describeInstanceAttribute(call: ApiCall): ApiResult<Answer> {
  return unlessDryRun(call, () => {
    const instanceId = call.params.get('InstanceId');
    if (instanceId === undefined) return missing('instanceId');
    const attribute = call.params.get('Attribute');
    if (attribute !== 'sourceDestCheck') return notModelled(attribute);
    const instance = call.seen.instances.get(instanceId);
    if (instance === undefined || instance.ownerId !== call.world.accountOf(call.accessKeyId)) {
      return notFound('InvalidInstanceID.NotFound', 'instance', instanceId);
    }
    const [primary] = interfacesOf(call.seen, instanceId);
    return success({ instanceId, sourceDestCheck: { value: primary?.sourceDestCheck } });
  });
}

export function modifyInstanceAttribute(call: ApiCall): ApiResult<Answer> {
  const id = call.params.get('InstanceId');
  if (id === undefined) return missing('instanceId');
  const isOwn = call.world.state().instances.get(id)?.ownerId === call.world.accountOf(call.accessKeyId);
  if (!isOwn) return notFound('InvalidInstanceID.NotFound', 'instance', id);
  return modify(call, (isOn) => call.world.setInstanceCheck(id, isOn, call.accessKeyId));
}

export function modifyNetworkInterfaceAttribute(call: ApiCall): ApiResult<Answer> {
  const id = call.params.get('NetworkInterfaceId');
  if (id === undefined) return missing('networkInterfaceId');
  const isOwn = call.world.state().interfaces.get(id)?.ownerId === call.world.accountOf(call.accessKeyId);
  if (!isOwn) return notFound('InvalidNetworkInterfaceID.NotFound', 'networkInterface', id);
  return modify(call, (isOn) => call.world.setInterfaceCheck(id, isOn, call.accessKeyId));
}

function modify(call: ApiCall, set: (isOn: boolean) => ApiResult): ApiResult<Answer> {
  const value = readBoolean(call.params, 'SourceDestCheck.Value');
  if (!value.ok) return value;
  const dryRun = readBoolean(call.params, 'DryRun');
  if (!dryRun.ok) return dryRun;
  if (value.value === undefined) return notModelled(call.params.get('Attribute'));
  if (dryRun.value === true) return dryRunPassed();
  const changed = set(value.value);
  return changed.ok ? done() : changed;
}

function missing(name: string) {
  return failure('MissingParameter', `The request must contain the parameter ${name}`);
}

function notModelled(attribute: string | undefined) {
  if (attribute === undefined) return failure('InvalidParameterCombination', 'No attributes specified.');
  return failure(
    'InvalidParameterValue',
    `The sandbox knows only the attribute sourceDestCheck, not ${attribute}.`,
  );
}
