import type { ImdsFault } from '../imds/imds.ts';
import type { ImdsSignals } from '../imds/imds-tree.ts';
import { type ControlAnswer, noInstance, ok } from './control-answer.ts';
import type { ControlParts } from './control-api.ts';
import {
  BadRequest,
  isJsonObject,
  type JsonObject,
  optionalBoolean,
  optionalNumber,
  rejectUnknown,
  requireString,
} from './json-fields.ts';

const SIGNALS = ['spot', 'rebalance', 'lifecycle', 'maintenance'];

/** A signal set to null is taken back; one that is not named stays. */
export function setSignals(parts: ControlParts, instanceId: string, body: JsonObject): ControlAnswer {
  const imds = parts.imds(instanceId);
  if (imds === undefined) return noInstance(instanceId);
  rejectUnknown(body, SIGNALS);
  const { spot, rebalance, lifecycle, maintenance } = body;
  const signals = {
    ...(spot === undefined ? {} : { spot: spot === null ? undefined : readSpot(spot) }),
    ...(rebalance === undefined
      ? {}
      : { rebalance: rebalance === null ? undefined : readRebalance(rebalance) }),
    ...(lifecycle === undefined
      ? {}
      : { lifecycle: lifecycle === null ? undefined : requireString(body, 'lifecycle') }),
    ...(maintenance === undefined
      ? {}
      : { maintenance: maintenance === null ? undefined : readEvents(maintenance) }),
  } satisfies { readonly [Name in keyof ImdsSignals]: ImdsSignals[Name] | undefined };
  if ('spot' in signals) imds.setSignal('spot', signals.spot);
  if ('rebalance' in signals) imds.setSignal('rebalance', signals.rebalance);
  if ('lifecycle' in signals) imds.setSignal('lifecycle', signals.lifecycle);
  if ('maintenance' in signals) imds.setSignal('maintenance', signals.maintenance);
  parts.onEvent({
    kind: 'imds',
    atMs: parts.clock.now(),
    instanceId,
    what: `signals ${JSON.stringify(body)}`,
  });
  return ok({ signals: imds.signals() });
}

function readSpot(value: unknown): ImdsSignals['spot'] {
  const action = isJsonObject(value) ? value.action : undefined;
  if (!isJsonObject(value) || (action !== 'terminate' && action !== 'stop' && action !== 'hibernate')) {
    throw new BadRequest(
      'spot must be {"action": "terminate"|"stop"|"hibernate", "time": "2026-01-01T00:00:00Z"}',
    );
  }
  return { action, time: requireString(value, 'time') };
}

function readRebalance(value: unknown): ImdsSignals['rebalance'] {
  if (!isJsonObject(value)) throw new BadRequest('rebalance must be {"noticeTime": "2026-01-01T00:00:00Z"}');
  return { noticeTime: requireString(value, 'noticeTime') };
}

function readEvents(value: unknown): ImdsSignals['maintenance'] {
  if (!Array.isArray(value) || !value.every(isJsonObject))
    throw new BadRequest('maintenance must be a list of objects');
  return value;
}

/** `{}` makes the service well again. */
export function setImdsFault(parts: ControlParts, instanceId: string, body: JsonObject): ControlAnswer {
  const imds = parts.imds(instanceId);
  if (imds === undefined) return noInstance(instanceId);
  rejectUnknown(body, ['latencyMs', 'dead', 'status', 'invalidateTokens']);
  const { dead } = body;
  if (dead !== undefined && dead !== 'refuse' && dead !== 'silent')
    throw new BadRequest('dead must be refuse or silent');
  const latencyMs = optionalNumber(body, 'latencyMs');
  const status = optionalNumber(body, 'status');
  const fault: ImdsFault = {
    ...(dead === undefined ? {} : { dead }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(status === undefined ? {} : { status }),
  };
  if (optionalBoolean(body, 'invalidateTokens') === true) imds.invalidateTokens();
  imds.setFault(Object.keys(fault).length === 0 ? undefined : fault);
  parts.onEvent({ kind: 'imds', atMs: parts.clock.now(), instanceId, what: JSON.stringify(body) });
  return ok({ fault });
}
