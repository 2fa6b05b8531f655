import type { Timing } from '../scenario.ts';
import { type ApiResult, failure, notFound, success } from './api-error.ts';
import {
  type AttachRequest,
  attachInterface,
  checkCommand,
  deleteInterface,
  detachInterface,
  type InstanceCommand,
  setInstanceCheck,
  setInterfaceCheck,
  withInstanceState,
  withStatus,
} from './instance-changes.ts';
import type { JournalEntry } from './journal.ts';
import type { Instance, InstanceState, WorldState } from './state.ts';

/** Instances and interfaces over time: what an operator, or fate, does to them. */
export interface Lifecycle {
  stop(instanceId: string): ApiResult;
  start(instanceId: string): ApiResult;
  reboot(instanceId: string): ApiResult;
  terminate(instanceId: string): ApiResult;
  /** Fails the instance status check, the system status check, or both, until `clear`. Default `instance`. */
  impair(instanceId: string, which?: 'instance' | 'system' | 'both'): ApiResult;
  clear(instanceId: string): ApiResult;
  attachInterface(request: AttachRequest): ApiResult;
  /** With `force` also the primary interface, which EC2 itself never detaches. */
  detachInterface(interfaceId: string, options?: { readonly force: boolean }): ApiResult;
  deleteInterface(interfaceId: string): ApiResult;
  setInterfaceCheck(interfaceId: string, isOn: boolean, accessKeyId?: string): ApiResult;
  setInstanceCheck(instanceId: string, isOn: boolean, accessKeyId?: string): ApiResult;
}

type LifecycleEntry = Pick<JournalEntry, 'action' | 'instanceId' | 'from' | 'to' | 'result'> & {
  /** Undefined: an operator. */
  readonly accessKeyId?: string | undefined;
};

export interface LifecycleParts {
  readonly state: () => WorldState;
  readonly commit: (state: WorldState) => void;
  /** Runs at once for a delay of 0. */
  readonly later: (delayMs: number, run: () => void) => void;
  readonly note: (entry: LifecycleEntry) => void;
  readonly timing: Timing;
  readonly wallNow: () => number;
}

const ACTIONS: Readonly<Record<InstanceCommand, string>> = {
  stop: 'StopInstances',
  start: 'StartInstances',
  reboot: 'RebootInstances',
  terminate: 'TerminateInstances',
};

export function createLifecycle(parts: LifecycleParts): Lifecycle {
  const { state, commit, later, note, timing } = parts;

  const move = (id: string, next: InstanceState, action: string) => {
    const from = state().instances.get(id)?.state;
    if (from === next) return;
    commit(withInstanceState(state(), id, next));
    note({ action, instanceId: id, from, to: next, result: 'ok' });
  };

  /** Goes on to the final state only if nothing else has happened to the instance meanwhile. */
  const moveThrough = (
    id: string,
    steps: { via: InstanceState; to: InstanceState; action: string; delayMs: number },
  ) => {
    move(id, steps.via, steps.action);
    later(steps.delayMs, () => {
      if (state().instances.get(id)?.state === steps.via) move(id, steps.to, steps.action);
    });
  };

  const command = (id: string, name: InstanceCommand, act: (instance: Instance) => void): ApiResult => {
    const checked = checkCommand(state(), id, name);
    if (checked.ok) act(checked.value);
    else
      note({
        action: ACTIONS[name],
        instanceId: id,
        from: undefined,
        to: undefined,
        result: checked.error.code,
      });
    return checked.ok ? success(undefined) : checked;
  };

  const settleChecks = (id: string, during: 'initializing' | 'impaired', delayMs: number) => {
    if (delayMs <= 0) return commit(withStatus(state(), id, { systemStatus: 'ok', instanceStatus: 'ok' }));
    commit(
      withStatus(state(), id, {
        instanceStatus: during,
        ...(during === 'initializing' ? { systemStatus: during } : {}),
      }),
    );
    later(delayMs, () => {
      if (state().instances.get(id)?.instanceStatus === during) {
        commit(withStatus(state(), id, { systemStatus: 'ok', instanceStatus: 'ok' }));
      }
    });
  };

  const apply = (entry: Omit<LifecycleEntry, 'result'>, changed: ApiResult<WorldState>): ApiResult => {
    if (changed.ok) commit(changed.value);
    note({ ...entry, result: changed.ok ? 'ok' : changed.error.code });
    return changed.ok ? success(undefined) : changed;
  };

  return {
    stop: (id) =>
      command(id, 'stop', (instance) => {
        if (instance.state === 'stopped' || instance.state === 'stopping') return;
        moveThrough(id, { via: 'stopping', to: 'stopped', action: 'StopInstances', delayMs: timing.stopMs });
      }),
    start: (id) =>
      command(id, 'start', (instance) => {
        if (instance.state !== 'stopped') return;
        moveThrough(id, { via: 'pending', to: 'running', action: 'StartInstances', delayMs: timing.startMs });
        settleChecks(id, 'initializing', timing.startMs + timing.initializingMs);
      }),
    reboot: (id) =>
      command(id, 'reboot', () => {
        note({ action: 'RebootInstances', instanceId: id, from: 'running', to: 'running', result: 'ok' });
        // A reboot fails the instance check until the instance is back; the system check does not notice.
        settleChecks(id, 'impaired', timing.rebootMs);
      }),
    terminate: (id) =>
      command(id, 'terminate', (instance) => {
        if (instance.state === 'terminated' || instance.state === 'shutting-down') return;
        const action = 'TerminateInstances';
        moveThrough(id, { via: 'shutting-down', to: 'terminated', action, delayMs: timing.terminateMs });
      }),
    impair(id, which = 'instance') {
      if (!state().instances.has(id)) return notFound('InvalidInstanceID.NotFound', 'instance', id);
      const checks = {
        ...(which === 'system' ? {} : { instanceStatus: 'impaired' as const }),
        ...(which === 'instance' ? {} : { systemStatus: 'impaired' as const }),
      };
      return apply(
        { action: 'Impair', instanceId: id, from: 'ok', to: which },
        success(withStatus(state(), id, checks)),
      );
    },
    clear(id) {
      if (!state().instances.has(id)) return notFound('InvalidInstanceID.NotFound', 'instance', id);
      const cleared = withStatus(state(), id, { systemStatus: 'ok', instanceStatus: 'ok' });
      return apply({ action: 'Clear', instanceId: id, from: 'impaired', to: 'ok' }, success(cleared));
    },
    attachInterface(request) {
      const { interfaceId, instanceId, deviceIndex } = request;
      if (!Number.isInteger(deviceIndex) || deviceIndex < 0) {
        return failure(
          'InvalidParameterValue',
          `Value (${deviceIndex}) for parameter deviceIndex is invalid.`,
        );
      }
      const changed = attachInterface(state(), { ...request, wallMs: parts.wallNow() });
      return apply(
        { action: 'AttachNetworkInterface', instanceId, from: undefined, to: interfaceId },
        changed,
      );
    },
    detachInterface(id, options = { force: false }) {
      const instanceId = state().interfaces.get(id)?.attachment?.instanceId;
      const entry = { action: 'DetachNetworkInterface', instanceId, from: id, to: undefined };
      return apply(entry, detachInterface(state(), id, options));
    },
    deleteInterface: (id) =>
      apply(
        { action: 'DeleteNetworkInterface', instanceId: undefined, from: id, to: undefined },
        deleteInterface(state(), id),
      ),
    setInterfaceCheck(id, isOn, accessKeyId) {
      const eni = state().interfaces.get(id);
      const entry = {
        action: 'ModifyNetworkInterfaceAttribute',
        instanceId: eni?.attachment?.instanceId,
        accessKeyId,
      };
      return apply(
        { ...entry, from: onOff(eni?.sourceDestCheck), to: onOff(isOn) },
        setInterfaceCheck(state(), id, isOn),
      );
    },
    setInstanceCheck: (id, isOn, accessKeyId) =>
      apply(
        { action: 'ModifyInstanceAttribute', instanceId: id, from: undefined, to: onOff(isOn), accessKeyId },
        setInstanceCheck(state(), id, isOn),
      ),
  };
}

function onOff(flag: boolean | undefined): string | undefined {
  if (flag === undefined) return undefined;
  return flag ? 'source-dest-check on' : 'source-dest-check off';
}
