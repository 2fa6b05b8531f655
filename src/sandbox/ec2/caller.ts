/**
 * The access key that a request is signed with: from the `Authorization` header or, in a presigned URL,
 * `X-Amz-Credential`. Signatures are not verified. Undefined: the request is not signed.
 */
export function readAccessKey(authorization: string | undefined, query: URLSearchParams): string | undefined {
  const credential =
    /Credential=([^,\s]+)/.exec(authorization ?? '')?.[1] ?? query.get('X-Amz-Credential') ?? '';
  const key = credential.split('/')[0];
  return key === undefined || key === '' ? undefined : key;
}
