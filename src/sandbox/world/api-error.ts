/** An error as EC2 answers it. */
export interface ApiError {
  readonly code: string;
  readonly message: string;
  readonly httpStatus: number;
}

export type ApiResult<T = undefined> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ApiError };

export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** A refusal with EC2's code and text; 400 unless the code has a status of its own. */
export function failure(
  code: string,
  message: string,
  httpStatus = 400,
): { readonly ok: false; readonly error: ApiError } {
  return { ok: false, error: { code, message, httpStatus } };
}

/** `InvalidRouteTableID.NotFound` and its like, worded as EC2 does. `noun` is EC2's word, e.g. `routeTable`. */
export function notFound(code: string, noun: string, id: string) {
  return failure(code, `The ${noun} ID '${id}' does not exist`);
}

/** 403, with an opaque text of the form that sts:DecodeAuthorizationMessage would take. */
export function unauthorized(action: string, who: string, encoded: string) {
  const message =
    `You are not authorized to perform this operation. User: ${who} is not authorized to perform: ` +
    `ec2:${action} because no identity-based policy allows the ec2:${action} action. ` +
    `Encoded authorization failure message: ${encoded}`;
  return failure('UnauthorizedOperation', message, 403);
}

/** 412: how EC2 says that a dry run passed. */
export function dryRunPassed() {
  return failure('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
}
