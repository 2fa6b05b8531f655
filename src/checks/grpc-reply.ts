import { decodeCheckResponse, SERVING_STATUS, unframe } from './grpc-message.ts';
import { quoted } from './quoted.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

/** A whole answer to a unary call, its HTTP/2 stream closed. */
export interface GrpcReply {
  readonly httpStatus: number | undefined;
  readonly contentType: string | undefined;
  /** From the trailers, or from the headers where there are only these. */
  readonly grpcStatus: string | undefined;
  /** Percent-encoded. */
  readonly grpcMessage: string | undefined;
  readonly body: Buffer;
}

const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** The verdict on an answer to Health/Check. Only the one message SERVING with status 0 passes. */
export function judgeReply(reply: GrpcReply, service: string): Verdict {
  const { httpStatus, contentType, grpcStatus } = reply;
  if (httpStatus !== 200) return verdictOfHttpStatus(httpStatus);
  if (!/^application\/grpc(?:$|[+;])/i.test(contentType ?? '') && grpcStatus === undefined) {
    return malformed(`no gRPC, but content of type ${quoted(contentType ?? '')}`);
  }
  if (grpcStatus === undefined) return malformed('an answer without grpc-status');
  if (!/^\d{1,9}$/.test(grpcStatus)) return malformed(`grpc-status ${quoted(grpcStatus)}`);
  const status = STATUS_NAMES[Number(grpcStatus)];
  return status === 'OK' ? judgeMessage(reply, service) : verdictOfStatus(status, reply, service);
}

/** The verdict on an error of the HTTP/2 session or stream, or of the socket below. */
export function verdictOfHttp2Error(error: unknown): Verdict {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const detail = error instanceof Error ? error.message : String(error);
  if (code === 'ERR_SOCKET_CLOSED') return { reason: 'closed', detail: 'closed while connecting' };
  if (/REFUSED_STREAM/.test(detail)) return { reason: 'refused', detail };
  return code.startsWith('ERR_HTTP2_') ? { reason: 'protocol-error', detail } : verdictOfError(error);
}

/** `grpc-message` is UTF-8, percent-encoded; what is wrongly encoded stays as it is (gRPC over HTTP/2, "Responses"). */
export function decodeGrpcMessage(encoded: string): string {
  const bytes = encoded.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function judgeMessage({ contentType, body }: GrpcReply, service: string): Verdict {
  if (!/^application\/grpc(?:$|[+;])/i.test(contentType ?? '')) {
    return malformed(`content of type ${quoted(contentType ?? '')}`);
  }
  const unframed = unframe(body);
  if (!unframed.ok) return malformed(unframed.problem);
  const value = decodeCheckResponse(unframed.message);
  if (value === undefined) return malformed('a message that is no HealthCheckResponse');
  const status = SERVING_STATUS[value];
  switch (status) {
    case 'SERVING':
      return { reason: 'passed' };
    case 'SERVICE_UNKNOWN':
      return { reason: 'unknown-service', detail: `${quoted(service)} is ${status}` };
    default:
      return { reason: 'not-serving', detail: `${quoted(service)} is ${status ?? `in status ${value}`}` };
  }
}

function verdictOfStatus(
  status: (typeof STATUS_NAMES)[number] | undefined,
  { grpcStatus, grpcMessage }: GrpcReply,
  service: string,
): Verdict {
  const message = decodeGrpcMessage(grpcMessage ?? '');
  const told = `grpc-status ${grpcStatus} ${status ?? ''}`.trim();
  const detail = message === '' ? told : `${told}: ${quoted(message)}`;
  switch (status) {
    case 'NOT_FOUND':
      return { reason: 'unknown-service', detail: `${quoted(service)}: ${detail}` };
    case 'PERMISSION_DENIED':
    case 'UNAUTHENTICATED':
      return { reason: 'not-permitted', detail };
    case 'DEADLINE_EXCEEDED':
      return { reason: 'timeout', detail };
    case 'UNIMPLEMENTED':
      return { reason: 'unexpected-answer', detail: `the server has no health service: ${detail}` };
    default:
      return { reason: 'unexpected-status', detail };
  }
}

function verdictOfHttpStatus(status: number | undefined): Verdict {
  if (status === undefined) return { reason: 'closed', detail: 'closed without an answer' };
  const detail = `HTTP status ${status}`;
  return { reason: status === 401 || status === 403 ? 'not-permitted' : 'unexpected-status', detail };
}

function malformed(detail: string): Verdict {
  return { reason: 'protocol-error', detail };
}
