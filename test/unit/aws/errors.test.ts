import { describe, expect, it } from 'vitest';
import { classify, type FailureKind } from '../../../src/aws/index.ts';
import { CodedError } from '../../../src/lib/coded-error.ts';

/** An exception as the SDK throws it: named by AWS's code. */
function sdkError(code: string, message = 'refused', httpStatusCode: number | undefined = 400) {
  const error = new Error(message);
  error.name = code;
  return Object.assign(error, { $fault: 'client', $metadata: { httpStatusCode, requestId: 'req-1' } });
}

function nodeError(code: string) {
  return Object.assign(new Error(`connect ${code}`), { code });
}

const KINDS: Readonly<Record<FailureKind, readonly string[]>> = {
  throttled: [
    'RequestLimitExceeded',
    'Client.RequestLimitExceeded',
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'RequestThrottled',
    'RequestThrottledException',
    'EC2ThrottledException',
    'TooManyRequestsException',
    'BandwidthLimitExceeded',
    'PriorRequestNotComplete',
    'SlowDown',
  ],
  transient: [
    'InternalError',
    'InternalFailure',
    'InternalServerError',
    'Unavailable',
    'ServiceUnavailable',
    'Server.Unavailable',
    'RequestTimeout',
    'RequestTimeoutException',
    'IDPCommunicationError',
  ],
  unauthorized: [
    'UnauthorizedOperation',
    'Client.UnauthorizedOperation',
    'AccessDenied',
    'AccessDeniedException',
    'OptInRequired',
    'Blocked',
    'PendingVerification',
  ],
  credentials: [
    'AuthFailure',
    'CredentialsProviderError',
    'TokenProviderError',
    'ExpiredToken',
    'ExpiredTokenException',
    'InvalidClientTokenId',
    'UnrecognizedClientException',
    'MissingAuthenticationToken',
    'SignatureDoesNotMatch',
    'InvalidSignatureException',
    'IncompleteSignature',
  ],
  'clock-skew': [
    'RequestExpired',
    'InvalidSecurity.RequestHasExpired',
    'RequestTimeTooSkewed',
    'RequestInTheFuture',
  ],
  'already-exists': ['RouteAlreadyExists', 'routealreadyexists'],
  'route-missing': ['InvalidRoute.NotFound', 'InvalidRouteNotFound'],
  'table-missing': [
    'InvalidRouteTableID.NotFound',
    'InvalidRouteTableId.NotFound',
    'InvalidRouteTable.NotFound',
  ],
  'target-missing': [
    'InvalidNetworkInterfaceID.NotFound',
    'InvalidNetworkInterfaceId.NotFound',
    'InvalidNetworkInterface.NotFound',
    'InvalidInstanceID.NotFound',
    'InvalidInternetGatewayID.NotFound',
    'InvalidVpnGatewayID.NotFound',
    'InvalidNatGatewayID.NotFound',
    'NatGatewayNotFound',
    'InvalidTransitGatewayID.NotFound',
    'InvalidVpcPeeringConnectionID.NotFound',
    'InvalidEgressOnlyInternetGatewayId.NotFound',
    'InvalidVpcEndpointId.NotFound',
  ],
  'not-ready': [
    'IncorrectState',
    'InvalidState',
    'IncorrectInstanceState',
    'InvalidTransitGatewayState',
    'DependencyViolation',
    'OperationNotPermitted',
  ],
  limit: ['RouteLimitExceeded', 'ResourceCountLimitExceeded', 'FilterLimitExceeded'],
  invalid: [
    'InvalidParameterValue',
    'InvalidParameterCombination',
    'MissingParameter',
    'InvalidInstanceID',
    'InvalidInstanceID.Malformed',
    'InvalidRouteTableId.Malformed',
    'InvalidPrefixListID.NotFound',
    'RouteNotSupported',
    'DryRunOperation',
    'NeverSeenBefore',
  ],
};

describe("what AWS's codes mean", () => {
  const rows = Object.entries(KINDS).flatMap(([kind, codes]) => codes.map((code) => ({ kind, code })));
  it.each(rows)('$code is $kind', ({ kind, code }) => {
    expect(classify('ReplaceRoute', sdkError(code))).toEqual({
      kind,
      api: 'ReplaceRoute',
      code,
      message: 'refused',
      requestId: 'req-1',
    });
  });

  it('reads InvalidParameterValue as a missing route only where its text says so', () => {
    const text = "There is no route defined for '10.0.0.0/8' in the route table. Use CreateRoute instead.";
    expect(classify('ReplaceRoute', sdkError('InvalidParameterValue', text)).kind).toBe('route-missing');
    expect(classify('ReplaceRoute', sdkError('InvalidParameterValue', 'bad CIDR')).kind).toBe('invalid');
  });

  it.each([
    'Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z',
    'Signature not yet current: 20260101T000000Z is still later than 20251231T234500Z',
  ])('takes a signature that is out of time for clock skew: %s', (text) => {
    expect(classify('AssumeRole', sdkError('SignatureDoesNotMatch', text)).kind).toBe('clock-skew');
  });
});

describe('what a status means where the code is not known', () => {
  it.each([
    [500, 'transient'],
    [502, 'transient'],
    [503, 'transient'],
    [504, 'transient'],
    [408, 'transient'],
    [429, 'throttled'],
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [407, 'unauthorized'],
    [400, 'invalid'],
    [404, 'invalid'],
    [200, 'transient'],
  ])('%i is %s', (status, kind) => {
    expect(classify('DescribeRouteTables', sdkError('Odd', 'odd', status)).kind).toBe(kind);
  });
});

describe('what errors that never reached AWS mean', () => {
  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'ENOTFOUND',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'CERT_NOT_YET_VALID',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_SOCKET_CONNECTION_TIMEOUT',
  ])('%s is transient, under its own code', (code) => {
    expect(classify('CreateRoute', nodeError(code))).toMatchObject({ kind: 'transient', code });
  });

  it('tells what every address of a name answered', () => {
    const members = [new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')];
    const error = Object.assign(new AggregateError(members, ''), { code: 'ECONNREFUSED' });
    expect(classify('CreateRoute', error)).toMatchObject({
      kind: 'transient',
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1',
    });
  });

  it.each([
    ['TimeoutError', 'timeout'],
    ['AbortError', 'aborted'],
  ])('calls %s %s', (name, code) => {
    expect(classify('CreateRoute', sdkError(name, 'late', undefined))).toMatchObject({
      kind: 'transient',
      code,
    });
  });

  it.each(['timeout', 'aborted'])('knows our own %s', (code) => {
    expect(classify('CreateRoute', new CodedError(code, 'late'))).toMatchObject({ kind: 'transient', code });
  });

  it.each([['a string'], [undefined], [{}]])('takes even %j', (thrown) => {
    expect(classify('CreateRoute', thrown)).toMatchObject({ kind: 'transient', requestId: undefined });
  });

  it('does not mistake a property that every object has for a code', () => {
    expect(classify('CreateRoute', sdkError('constructor')).kind).toBe('invalid');
  });
});

describe('failing to get credentials', () => {
  it('is about credentials, whatever the cause, where they come from no API', () => {
    const error = new CodedError('credentials', 'none', {}, new CodedError('timeout', 'late'));
    expect(classify('CreateRoute', error)).toMatchObject({
      kind: 'credentials',
      api: 'CreateRoute',
      code: 'timeout',
    });
  });

  it.each([
    ['AccessDenied', 'unauthorized'],
    ['Throttling', 'throttled'],
    ['ServiceUnavailable', 'transient'],
    ['RegionDisabledException', 'credentials'],
    ['ExpiredToken', 'credentials'],
  ])('is the role API’s own failure where it was that which failed: %s is %s', (code, kind) => {
    const error = new CodedError('credentials', 'no', { api: 'AssumeRole' }, sdkError(code));
    expect(classify('CreateRoute', error)).toMatchObject({ kind, api: 'AssumeRole', code });
  });

  it('keeps to the innermost cause: a role that lacks credentials to ask with', () => {
    const base = new CodedError(
      'credentials',
      'none',
      {},
      sdkError('CredentialsProviderError', 'none found'),
    );
    const error = new CodedError('credentials', 'no', { api: 'AssumeRole' }, base);
    expect(classify('CreateRoute', error)).toMatchObject({ kind: 'credentials', message: 'none found' });
  });
});
