import { type ApiResult, failure, notFound, success } from './api-error.ts';
import type { Tags, WorldState } from './state.ts';
import { withEntry, withoutEntry } from './state.ts';
import { parseTargetId } from './target-id.ts';

/** Replaces all tags of a table, an instance or an interface; pure. */
export function replaceTags(state: WorldState, id: string, tags: Tags): ApiResult<WorldState> {
  const table = state.routeTables.get(id);
  if (table) return success({ ...state, routeTables: withEntry(state.routeTables, id, { ...table, tags }) });
  const instance = state.instances.get(id);
  if (instance)
    return success({ ...state, instances: withEntry(state.instances, id, { ...instance, tags }) });
  const eni = state.interfaces.get(id);
  if (eni) return success({ ...state, interfaces: withEntry(state.interfaces, id, { ...eni, tags }) });
  return failure('InvalidID', `The ID '${id}' is not valid`);
}

/** Takes a gateway away. Routes to it stay, as blackholes. */
export function removeGateway(state: WorldState, id: string): ApiResult<WorldState> {
  if (!state.gateways.has(id)) return notFound('InvalidGatewayID.NotFound', 'gateway', id);
  return success({ ...state, gateways: withoutEntry(state.gateways, id) });
}

/** Adds a gateway that belongs to no one VPC; its kind follows from the id. */
export function addGateway(state: WorldState, id: string): ApiResult<WorldState> {
  const target = parseTargetId(id);
  if (target === undefined || target.kind === 'instance' || target.kind === 'local') {
    return failure('InvalidParameterValue', `'${id}' is no gateway's ID`);
  }
  const gateway = { id, kind: target.kind, vpcId: undefined };
  return success({ ...state, gateways: withEntry(state.gateways, id, gateway) });
}
