import { type ApiResult, failure, notFound, success } from './api-error.ts';
import type { Instance, InstanceState, NetworkInterface, StatusCheck, WorldState } from './state.ts';
import { interfacesOf, withEntry, withoutEntry } from './state.ts';

/** What can be asked of an instance. */
export type InstanceCommand = 'stop' | 'start' | 'reboot' | 'terminate';

/** From which states EC2 takes a command; from the others it answers `IncorrectInstanceState`. */
const ALLOWED_FROM: Readonly<Record<InstanceCommand, readonly InstanceState[]>> = {
  stop: ['pending', 'running', 'stopping', 'stopped'],
  start: ['pending', 'running', 'stopped'],
  reboot: ['running'],
  terminate: ['pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated'],
};

/** The instance, if it may be asked this now. */
export function checkCommand(state: WorldState, id: string, command: InstanceCommand): ApiResult<Instance> {
  const instance = state.instances.get(id);
  if (instance === undefined) return notFound('InvalidInstanceID.NotFound', 'instance', id);
  if (ALLOWED_FROM[command].includes(instance.state)) return success(instance);
  const message = `The instance '${id}' is not in a state from which it can be asked to ${command}.`;
  return failure('IncorrectInstanceState', message);
}

/** The instance in a new state; unknown ids change nothing. Terminating takes its interfaces away. */
export function withInstanceState(state: WorldState, id: string, next: InstanceState): WorldState {
  const instance = state.instances.get(id);
  if (instance === undefined) return state;
  const changed = { ...state, instances: withEntry(state.instances, id, { ...instance, state: next }) };
  return next === 'terminated' ? withoutInterfacesOf(changed, id) : changed;
}

/** Sets one or both status checks. */
export function withStatus(
  state: WorldState,
  id: string,
  checks: { readonly systemStatus?: StatusCheck; readonly instanceStatus?: StatusCheck },
): WorldState {
  const instance = state.instances.get(id);
  if (instance === undefined) return state;
  return { ...state, instances: withEntry(state.instances, id, { ...instance, ...checks }) };
}

function withoutInterfacesOf(state: WorldState, instanceId: string): WorldState {
  let interfaces = state.interfaces;
  for (const eni of interfacesOf(state, instanceId)) {
    interfaces = eni.attachment?.deleteOnTermination
      ? withoutEntry(interfaces, eni.id)
      : withEntry(interfaces, eni.id, { ...eni, attachment: undefined });
  }
  return { ...state, interfaces };
}

export interface AttachRequest {
  readonly interfaceId: string;
  readonly instanceId: string;
  readonly deviceIndex: number;
}

export function attachInterface(
  state: WorldState,
  request: AttachRequest & { readonly wallMs: number },
): ApiResult<WorldState> {
  const found = findInterface(state, request.interfaceId);
  if (!found.ok) return found;
  const eni = found.value;
  const instance = state.instances.get(request.instanceId);
  if (instance === undefined || instance.state === 'terminated') {
    return notFound('InvalidInstanceID.NotFound', 'instance', request.instanceId);
  }
  if (eni.attachment !== undefined) {
    return failure('InvalidNetworkInterface.InUse', `The network interface ${eni.id} is currently in use.`);
  }
  if (eni.availabilityZone !== instance.availabilityZone) {
    return failure(
      'InvalidParameterCombination',
      'The interface and the instance are in different availability zones.',
    );
  }
  if (
    interfacesOf(state, instance.id).some((other) => other.attachment?.deviceIndex === request.deviceIndex)
  ) {
    const message = `Instance '${instance.id}' already has an interface attached at device index '${request.deviceIndex}'.`;
    return failure('InvalidParameterValue', message);
  }
  const attachment = {
    id: `eni-attach-${eni.id.slice(4)}`,
    instanceId: instance.id,
    deviceIndex: request.deviceIndex,
    deleteOnTermination: false,
    attachedAtMs: request.wallMs,
  };
  return success(withInterface(state, { ...eni, attachment }));
}

/** `force` takes off the primary interface too, which EC2 itself never does: a chaos tool. */
export function detachInterface(
  state: WorldState,
  id: string,
  options: { readonly force: boolean },
): ApiResult<WorldState> {
  const found = findInterface(state, id);
  if (!found.ok) return found;
  const { attachment } = found.value;
  if (attachment === undefined) {
    return failure('InvalidAttachmentID.NotFound', `The network interface ${id} is not attached.`);
  }
  if (attachment.deviceIndex === 0 && !options.force) {
    return failure('OperationNotPermitted', 'The network interface at device index 0 cannot be detached.');
  }
  return success(withInterface(state, { ...found.value, attachment: undefined }));
}

export function deleteInterface(state: WorldState, id: string): ApiResult<WorldState> {
  const found = findInterface(state, id);
  if (!found.ok) return found;
  if (found.value.attachment !== undefined) {
    return failure('InvalidNetworkInterface.InUse', `The network interface ${id} is currently in use.`);
  }
  return success({ ...state, interfaces: withoutEntry(state.interfaces, id) });
}

/** Sets an interface's flag. */
export function setInterfaceCheck(state: WorldState, id: string, isOn: boolean): ApiResult<WorldState> {
  const found = findInterface(state, id);
  return found.ok ? success(withInterface(state, { ...found.value, sourceDestCheck: isOn })) : found;
}

/** Sets the flag of an instance's only interface: instance and interface share it. */
export function setInstanceCheck(state: WorldState, id: string, isOn: boolean): ApiResult<WorldState> {
  if (!state.instances.has(id)) return notFound('InvalidInstanceID.NotFound', 'instance', id);
  const [primary, ...others] = interfacesOf(state, id);
  if (primary === undefined) {
    return failure('InvalidInstanceID', `There are no interfaces attached to instance '${id}'.`);
  }
  if (others.length > 0) {
    const message = `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`;
    return failure('InvalidInstanceID', message);
  }
  return success(withInterface(state, { ...primary, sourceDestCheck: isOn }));
}

function findInterface(state: WorldState, id: string): ApiResult<NetworkInterface> {
  const eni = state.interfaces.get(id);
  return eni === undefined
    ? notFound('InvalidNetworkInterfaceID.NotFound', 'networkInterface', id)
    : success(eni);
}

function withInterface(state: WorldState, eni: NetworkInterface): WorldState {
  return { ...state, interfaces: withEntry(state.interfaces, eni.id, eni) };
}
