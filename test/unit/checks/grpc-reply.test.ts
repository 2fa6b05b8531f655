import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeGrpcMessage,
  type GrpcReply,
  judgeReply,
  verdictOfHttp2Error,
} from '../../../src/checks/grpc-reply.ts';

/** As grpc-go answers for a service that is serving. */
const SERVING: GrpcReply = {
  httpStatus: 200,
  contentType: 'application/grpc',
  grpcStatus: '0',
  grpcMessage: '',
  body: Buffer.from('00000000020801', 'hex'),
};

/** As grpc-go answers without a message: headers that are the trailers too. */
const NO_MESSAGE: GrpcReply = { ...SERVING, body: Buffer.alloc(0) };

function judge(changes: Partial<GrpcReply>, base = SERVING) {
  return judgeReply({ ...base, ...changes }, 'db');
}

function saying(status: number): Buffer {
  return Buffer.from([0, 0, 0, 0, 2, 8, status]);
}

/** Lone surrogates too. */
const ANY_TEXT = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength: 12 })
  .map((codes) => String.fromCharCode(...codes));

describe('an answer', () => {
  test.each([
    'application/grpc',
    'application/grpc+proto',
    'application/grpc;charset=utf-8',
    'Application/gRPC',
  ])('of type %s that says SERVING passes', (contentType) => {
    expect(judge({ contentType })).toEqual({ reason: 'passed' });
  });

  test.each([
    [0, 'not-serving', '"db" is UNKNOWN'],
    [2, 'not-serving', '"db" is NOT_SERVING'],
    [3, 'unknown-service', '"db" is SERVICE_UNKNOWN'],
    [4, 'not-serving', '"db" is in status 4'],
  ])('with the status %i is %s', (status, reason, detail) => {
    expect(judge({ body: saying(status) })).toEqual({ reason, detail });
  });

  test('with an empty message says UNKNOWN', () => {
    expect(judge({ body: Buffer.alloc(5) })?.reason).toBe('not-serving');
  });

  test.each([
    [{ body: Buffer.from('01000000020801', 'hex') }, 'a message with the flags 1, not 0'],
    [{ body: Buffer.alloc(0) }, 'no message'],
    [{ body: Buffer.from('000000000108', 'hex') }, 'a message that is no HealthCheckResponse'],
    [{ contentType: 'text/html', grpcStatus: undefined }, 'no gRPC, but content of type "text/html"'],
    [{ contentType: undefined, grpcStatus: undefined }, 'no gRPC, but content of type ""'],
    [{ contentType: 'application/grpc-web' }, 'content of type "application/grpc-web"'],
    [{ contentType: 'text/html' }, 'content of type "text/html"'],
    [{ grpcStatus: undefined }, 'an answer without grpc-status'],
    [{ grpcStatus: '' }, 'grpc-status ""'],
    [{ grpcStatus: '0, 0' }, 'grpc-status "0, 0"'],
    [{ grpcStatus: '-0' }, 'grpc-status "-0"'],
    [{ grpcStatus: '00000000000' }, 'grpc-status "00000000000"'],
  ])('with %j is a protocol error', (changes, detail) => {
    expect(judge(changes)).toEqual({ reason: 'protocol-error', detail });
  });

  test.each([
    [401, 'not-permitted'],
    [403, 'not-permitted'],
    [404, 'unexpected-status'],
    [503, 'unexpected-status'],
    [204, 'unexpected-status'],
    [Number.NaN, 'unexpected-status'],
  ])('with the HTTP status %d is %s, whatever else it has', (httpStatus, reason) => {
    expect(judge({ httpStatus })).toEqual({ reason, detail: `HTTP status ${httpStatus}` });
  });
});

describe('a grpc-status', () => {
  test.each([
    ['5', 'unknown-service', '"db": grpc-status 5 NOT_FOUND: "unknown service"'],
    ['7', 'not-permitted', 'grpc-status 7 PERMISSION_DENIED: "unknown service"'],
    ['16', 'not-permitted', 'grpc-status 16 UNAUTHENTICATED: "unknown service"'],
    ['4', 'timeout', 'grpc-status 4 DEADLINE_EXCEEDED: "unknown service"'],
    ['14', 'unexpected-status', 'grpc-status 14 UNAVAILABLE: "unknown service"'],
    ['2', 'unexpected-status', 'grpc-status 2 UNKNOWN: "unknown service"'],
    ['17', 'unexpected-status', 'grpc-status 17: "unknown service"'],
    [
      '12',
      'unexpected-answer',
      'the server has no health service: grpc-status 12 UNIMPLEMENTED: "unknown service"',
    ],
  ])('of %s is %s', (grpcStatus, reason, detail) => {
    const verdict = judge({ grpcStatus, grpcMessage: 'unknown service' }, NO_MESSAGE);
    expect(verdict).toEqual({ reason, detail });
  });

  test('other than 0 fails, though a message says SERVING', () => {
    expect(judge({ grpcStatus: '14' }).reason).toBe('unexpected-status');
  });

  test('counts where there is no content type', () => {
    expect(judge({ grpcStatus: '5', contentType: undefined }, NO_MESSAGE).reason).toBe('unknown-service');
  });

  test.each([
    // As grpc-go encoded it.
    ['as it was told: 100 %25 %E2%9C%93', 'as it was told: 100 % ✓'],
    ['plain', 'plain'],
    ['50% of %zz%2', '50% of %zz%2'],
    ['%ff', '\ufffd'],
    ['%0a', '\n'],
  ])('has a message: %s is %j', (encoded, message) => {
    expect(decodeGrpcMessage(encoded)).toBe(message);
  });
});

describe('an error below gRPC', () => {
  test.each([
    ['ERR_HTTP2_ERROR', 'Protocol error', 'protocol-error'],
    ['ERR_HTTP2_STREAM_ERROR', 'Stream closed with error code NGHTTP2_REFUSED_STREAM', 'refused'],
    ['ERR_HTTP2_STREAM_ERROR', 'Stream closed with error code NGHTTP2_INTERNAL_ERROR', 'protocol-error'],
    ['ERR_SOCKET_CLOSED', 'Socket is closed', 'closed'],
    ['ECONNREFUSED', 'connect ECONNREFUSED', 'refused'],
    ['ECONNRESET', 'read ECONNRESET', 'reset'],
    ['CERT_HAS_EXPIRED', 'certificate has expired', 'tls-failed'],
  ])('%s (%s) is %s', (code, message, reason) => {
    expect(verdictOfHttp2Error(Object.assign(new Error(message), { code })).reason).toBe(reason);
  });
});

describe('whatever comes', () => {
  const anything = fc.record({
    httpStatus: fc.constantFrom(200, 200, 200, 404, undefined),
    contentType: fc.constantFrom('application/grpc', 'application/grpc', 'text/plain', undefined),
    grpcStatus: fc.oneof(fc.constantFrom('0', '5', undefined), ANY_TEXT),
    grpcMessage: fc.oneof(fc.constant(undefined), ANY_TEXT),
    body: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  });

  test('is an outcome with a reason and a line of detail, and no pass', () => {
    fc.assert(
      fc.property(anything, (reply) => {
        const verdict = judgeReply(reply, 'db');
        expect(verdict.reason).not.toBe('passed');
        expect(verdict.detail).toMatch(/^[^\p{Cc}]+$/u);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('passes only as SERVING, whatever bytes of a real message are changed', () => {
    const change = fc.record({ at: fc.nat(6), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const body = Buffer.from(SERVING.body);
        for (const { at, byte } of changes) body[at] = byte;
        const isSame = body.equals(SERVING.body);
        expect(judge({ body }).reason === 'passed').toBe(isSame);
      }),
      { seed: 2, numRuns: 2_000 },
    );
  });

  test('and breaks off is no pass', () => {
    for (let length = 0; length < SERVING.body.length; length += 1) {
      expect(judge({ body: SERVING.body.subarray(0, length) }).reason).toBe('protocol-error');
    }
  });
});
