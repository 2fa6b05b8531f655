import { type ApiError, failure } from '../world/api-error.ts';
import type { WorldState } from '../world/state.ts';
import type { World } from '../world/world.ts';
import {
  describeInstanceAttribute,
  modifyInstanceAttribute,
  modifyNetworkInterfaceAttribute,
} from './attribute-actions.ts';
import type { Answer, ApiAction } from './call.ts';
import { describeInstanceStatus } from './describe-instance-status.ts';
import { describeInstances } from './describe-instances.ts';
import { describeNetworkInterfaces } from './describe-interfaces.ts';
import { describeRouteTables } from './describe-route-tables.ts';
import type { QueryParams } from './query-params.ts';
import { createRouteAction, deleteRouteAction, replaceRouteAction } from './route-actions.ts';
import { assumeRole, getCallerIdentity } from './sts-actions.ts';
import { document } from './xml.ts';

export const EC2_VERSION = '2016-11-15';
const EC2_NAMESPACE = `http://ec2.amazonaws.com/doc/${EC2_VERSION}/`;
const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

const EC2_ACTIONS: Readonly<Record<string, ApiAction>> = {
  CreateRoute: createRouteAction,
  DeleteRoute: deleteRouteAction,
  DescribeInstanceAttribute: describeInstanceAttribute,
  DescribeInstanceStatus: describeInstanceStatus,
  DescribeInstances: describeInstances,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DescribeRouteTables: describeRouteTables,
  ModifyInstanceAttribute: modifyInstanceAttribute,
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
  ReplaceRoute: replaceRouteAction,
};

const STS_ACTIONS: Readonly<Record<string, ApiAction>> = {
  AssumeRole: assumeRole,
  GetCallerIdentity: getCallerIdentity,
};

export interface ApiRequest {
  readonly world: World;
  /** What describes show. */
  readonly seen: WorldState;
  readonly params: QueryParams;
  readonly accessKeyId: string;
  readonly requestId: string;
}

/** An HTTP answer; `code` is the error's, undefined for a success. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
  readonly code: string | undefined;
}

/** Carries out one call of EC2's (or STS's) Query API. Pure but for the world: no socket, no waiting. */
export function answerCall(request: ApiRequest): ApiAnswer {
  const action = request.params.get('Action') ?? '';
  const refusal = checkAction(action, request.params.get('Version'));
  if (refusal !== undefined) return answerError(action, refusal, request.requestId);
  const run = actionOf(EC2_ACTIONS, action) ?? actionOf(STS_ACTIONS, action);
  const { params, accessKeyId, world, seen, requestId } = request;
  const result = run?.({ action, params, accessKeyId, world, seen });
  if (result === undefined) throw new TypeError(`unchecked action ${action}`);
  if (!result.ok) return answerError(action, result.error, requestId);
  return { status: 200, body: showAnswer(action, result.value, requestId), code: undefined };
}

/** An error in the form of the action's service. */
export function answerError(action: string, error: ApiError, requestId: string): ApiAnswer {
  const { code, message, httpStatus } = error;
  if (isStsAction(action)) {
    const fault = { Type: httpStatus < 500 ? 'Sender' : 'Receiver', Code: code, Message: message };
    const body = document('ErrorResponse', { Error: fault, RequestId: requestId }, STS_NAMESPACE);
    return { status: httpStatus, body, code };
  }
  const value = { Errors: { Error: { Code: code, Message: message } }, RequestID: requestId };
  return { status: httpStatus, body: document('Response', value), code };
}

export function isStsAction(action: string): boolean {
  return actionOf(STS_ACTIONS, action) !== undefined;
}

function checkAction(action: string, version: string | undefined): ApiError | undefined {
  if (action === '') return failure('MissingAction', 'The request is missing an action parameter.').error;
  if (isStsAction(action)) return undefined;
  if (actionOf(EC2_ACTIONS, action) === undefined) {
    return failure('InvalidAction', `The action ${action} is not valid for this web service.`).error;
  }
  if (version === EC2_VERSION) return undefined;
  if (version === undefined)
    return failure('MissingParameter', 'The request must contain the parameter Version').error;
  return failure('NoSuchVersion', `The requested version (${version}) of service AmazonEC2 does not exist`)
    .error;
}

function showAnswer(action: string, answer: Answer, requestId: string): string {
  if (isStsAction(action)) {
    return document(
      `${action}Response`,
      { ...answer, ResponseMetadata: { RequestId: requestId } },
      STS_NAMESPACE,
    );
  }
  return document(`${action}Response`, { requestId, ...answer }, EC2_NAMESPACE);
}

function actionOf(actions: Readonly<Record<string, ApiAction>>, name: string): ApiAction | undefined {
  return Object.hasOwn(actions, name) ? actions[name] : undefined;
}
