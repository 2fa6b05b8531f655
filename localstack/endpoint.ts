import { EC2Client } from '@aws-sdk/client-ec2';

/** What stands behind an endpoint. */
export type EndpointKind = 'sandbox' | 'ec2';

/** An endpoint that can't be used; the message says what to do. */
export class EndpointError extends Error {}

/** `AWS_ENDPOINT_URL` of the environment. Throws EndpointError where it is missing or would be AWS itself. */
export function endpointFrom(env: Readonly<Record<string, string | undefined>>): string {
  const text = env.AWS_ENDPOINT_URL ?? '';
  if (text === '') {
    throw new EndpointError(
      'AWS_ENDPOINT_URL is not set. Start an EC2 emulator (localstack/README.md) and name it: ' +
        'AWS_ENDPOINT_URL=http://127.0.0.1:4566',
    );
  }
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new EndpointError(`AWS_ENDPOINT_URL is not an http URL: ${text}`);
  }
  if (/(^|\.)(amazonaws|aws)\.|amazonaws/.test(url.hostname)) {
    throw new EndpointError(`AWS_ENDPOINT_URL is AWS itself (${url.hostname}); this is for emulators only`);
  }
  return url.origin;
}

/** Asks who answers there. Throws EndpointError when nobody does. */
export async function probeEndpoint(endpoint: string): Promise<EndpointKind> {
  try {
    const answer = await fetch(`${endpoint}/_sandbox/faults`, { signal: AbortSignal.timeout(10_000) });
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true;
    await answer.body?.cancel();
    return answer.ok && isJson ? 'sandbox' : 'ec2';
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new EndpointError(`nothing answers at ${endpoint}: ${cause}`);
  }
}

/** Of the emulator; its keys are nobody's, so that no real account can be meant. */
export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

export function regionFrom(env: Readonly<Record<string, string | undefined>>): string {
  return env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'eu-west-1';
}

export function openClient(endpoint: string, region: string): EC2Client {
  return new EC2Client({ endpoint, region, credentials: CREDENTIALS });
}
