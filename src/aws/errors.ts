/** What an AWS error means for the loop. */
export type FailureKind =
  | 'throttled'
  | 'transient'
  | 'unauthorized'
  | 'credentials'
  | 'clock-skew'
  | 'already-exists'
  | 'route-missing'
  | 'table-missing'
  | 'target-missing'
  | 'not-ready'
  | 'limit'
  | 'invalid';

/** The EC2 (or STS) action that failed, e.g. `ReplaceRoute`; `code` is AWS's own or the network's (`ECONNREFUSED`, `timeout`). */
export interface AwsFailure {
  readonly kind: FailureKind;
  readonly api: string;
  readonly code: string;
  readonly message: string;
  readonly requestId: string | undefined;
}

/** What of an SDK, network or own error the classification needs. */
interface ErrorFacts {
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
}

/** Codes, in lower case, whose meaning does not follow from their shape. */
const KIND_BY_CODE: Readonly<Record<string, FailureKind>> = {
  requestlimitexceeded: 'throttled',
  requestthrottled: 'throttled',
  requestthrottledexception: 'throttled',
  ec2throttledexception: 'throttled',
  toomanyrequests: 'throttled',
  toomanyrequestsexception: 'throttled',
  bandwidthlimitexceeded: 'throttled',
  priorrequestnotcomplete: 'throttled',
  slowdown: 'throttled',

  internalerror: 'transient',
  internalfailure: 'transient',
  internalservererror: 'transient',
  unavailable: 'transient',
  serviceunavailable: 'transient',
  serviceunavailableexception: 'transient',
  requesttimeout: 'transient',
  requesttimeoutexception: 'transient',
  idpcommunicationerror: 'transient',
  timeout: 'transient',
  aborted: 'transient',

  unauthorizedoperation: 'unauthorized',
  unauthorizedexception: 'unauthorized',
  accessdenied: 'unauthorized',
  accessdeniedexception: 'unauthorized',
  optinrequired: 'unauthorized',
  blocked: 'unauthorized',
  pendingverification: 'unauthorized',

  // EC2 says AuthFailure for keys that it does not know; what a known identity may not do is UnauthorizedOperation.
  authfailure: 'credentials',
  credentials: 'credentials',
  credentialsprovidererror: 'credentials',
  tokenprovidererror: 'credentials',
  expiredtoken: 'credentials',
  expiredtokenexception: 'credentials',
  incompletesignature: 'credentials',
  invalidaccesskeyid: 'credentials',
  invalidclienttokenid: 'credentials',
  invalididentitytoken: 'credentials',
  invalidsignatureexception: 'credentials',
  missingauthenticationtoken: 'credentials',
  signaturedoesnotmatch: 'credentials',
  unrecognizedclientexception: 'credentials',

  requestexpired: 'clock-skew',
  requestinthefuture: 'clock-skew',
  requesttimetooskewed: 'clock-skew',
  'invalidsecurity.requesthasexpired': 'clock-skew',

  routealreadyexists: 'already-exists',
  'invalidroute.notfound': 'route-missing',
  invalidroutenotfound: 'route-missing',

  // A prefix list is a route's destination: that it is not there is the config's fault, not a target that went away.
  'invalidprefixlistid.notfound': 'invalid',
  'invalidprefixlist.notfound': 'invalid',

  dependencyviolation: 'not-ready',
  operationnotpermitted: 'not-ready',
  resourcenotready: 'not-ready',
};

/** Families of codes, tried in order after the table. All in lower case. */
const KIND_BY_SHAPE: readonly (readonly [RegExp, FailureKind])[] = [
  [/^throttl/, 'throttled'],
  [/^invalidroutetable(id)?\.?notfound$/, 'table-missing'],
  [/^(invalid)?\w+\.?notfound$/, 'target-missing'],
  [/^(incorrect|invalid)\w*state$/, 'not-ready'],
  [/limitexceeded$/, 'limit'],
];

const NETWORK_CODE =
  /^(E[A-Z0-9_]+|ERR_[A-Z0-9_]+|CERT_\w+|UND_ERR_\w+|\w*SELF_SIGNED_CERT\w*|UNABLE_TO_\w+)$/;
const NO_SUCH_ROUTE = /no route defined/i;
const SIGNED_AT_OTHER_TIME = /signature (expired|not yet current)/i;

/**
 * Says once, for the whole program, what an error thrown by a call of `api` means. Takes anything that was thrown: the
 * SDK's exceptions (name = AWS's code), Node's network errors, own `CodedError`s. One with the code `credentials` says
 * that no credentials could be had, for its `cause`; with `facts.api` (`AssumeRole`) it was that API that failed. What
 * nobody knows is `transient` if it has no HTTP status (it never reached AWS), and by its status otherwise.
 */
export function classify(api: string, error: unknown): AwsFailure {
  if (isRecord(error) && error.code === 'credentials' && error.cause !== undefined) {
    return ofCredentials(api, error, error.cause);
  }
  const { code, message, status, requestId } = factsOf(error);
  return { kind: kindOf(code, message, status), api, code, message, requestId };
}

/** Assuming a role can be throttled, refused or cut off as any call; every other source is just credentials. */
function ofCredentials(api: string, error: Readonly<Record<string, unknown>>, cause: unknown): AwsFailure {
  const viaApi = isRecord(error.facts) ? textOf(error.facts.api) : undefined;
  const failure = classify(viaApi ?? api, cause);
  const keeps: readonly FailureKind[] = ['throttled', 'transient', 'unauthorized', 'clock-skew'];
  return viaApi !== undefined && keeps.includes(failure.kind) ? failure : { ...failure, kind: 'credentials' };
}

function kindOf(code: string, message: string, status: number | undefined): FailureKind {
  const known = code.toLowerCase().replace(/^(client|server)\./, '');
  if (known === 'invalidparametervalue' && NO_SUCH_ROUTE.test(message)) return 'route-missing';
  if (SIGNED_AT_OTHER_TIME.test(message)) return 'clock-skew';
  const byCode = Object.hasOwn(KIND_BY_CODE, known) ? KIND_BY_CODE[known] : undefined;
  if (byCode !== undefined) return byCode;
  const byShape = KIND_BY_SHAPE.find(([shape]) => shape.test(known));
  // Upper case alone tells Node's codes from AWS's: ENOTFOUND is a name that DNS does not know, not a missing target.
  if (byShape !== undefined && !NETWORK_CODE.test(code)) return byShape[1];
  return kindOfStatus(status);
}

function kindOfStatus(status: number | undefined): FailureKind {
  if (status === undefined || status < 400 || status === 408 || status >= 500) return 'transient';
  if (status === 429) return 'throttled';
  return status === 401 || status === 403 || status === 407 ? 'unauthorized' : 'invalid';
}

function factsOf(error: unknown): ErrorFacts {
  if (!isRecord(error))
    return { code: 'unknown', message: String(error), status: undefined, requestId: undefined };
  const metadata = isRecord(error.$metadata) ? error.$metadata : {};
  return {
    code: codeOf(error),
    message: messageOf(error),
    status: typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined,
    requestId: textOf(metadata.requestId),
  };
}

/**
 * Own and Node's errors have `code`, the SDK's are named by it. The code goes first: the SDK renames resets and broken
 * pipes to TimeoutError, but leaves them their code.
 */
function codeOf(error: Readonly<Record<string, unknown>>): string {
  if (error.name === 'AbortError') return 'aborted';
  const code = textOf(error.code) ?? textOf(error.Code);
  if (code !== undefined) return code;
  if (error.name === 'TimeoutError') return 'timeout';
  const cause = isRecord(error.cause) ? textOf(error.cause.code) : undefined;
  return cause ?? textOf(error.name) ?? 'unknown';
}

/** An AggregateError (every address of a name was tried) says nothing itself: its members do. */
function messageOf(error: Readonly<Record<string, unknown>>): string {
  const own = textOf(error.message);
  if (own !== undefined) return own;
  const members = Array.isArray(error.errors) ? error.errors.filter(isRecord) : [];
  return members.map((member) => String(member.message)).join('; ') || String(error.name);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
