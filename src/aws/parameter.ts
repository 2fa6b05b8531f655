import type { Clock } from '../lib/clock.ts';
import { withinDeadline } from './call-deadline.ts';
import { type AwsFailure, classify } from './errors.ts';

export interface ParameterQuery {
  /** Name, `name:label`, `name:version`, or an ARN. */
  readonly name: string;
  readonly region: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export type ParameterResult =
  | { readonly ok: true; readonly value: string; readonly version: number | undefined }
  | { readonly ok: false; readonly failure: AwsFailure };

const API = 'GetParameter';

/**
 * Reads one parameter by SSM GetParameter, decrypted. Endpoint and credentials are the SDK's own (`AWS_ENDPOINT_URL_SSM`
 * counts). The client is loaded only when it is used: most agents read a file.
 */
export async function readParameter(query: ParameterQuery): Promise<ParameterResult> {
  const { name: Name, region, timeoutMs, clock } = query;
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient({ region, maxAttempts: 2 });
  try {
    const answer = await withinDeadline({ clock, timeoutMs, signals: [] }, (abortSignal) =>
      client.send(new GetParameterCommand({ Name, WithDecryption: true }), { abortSignal }),
    );
    const value = answer.Parameter?.Value;
    if (value !== undefined) return { ok: true, value, version: answer.Parameter?.Version };
    const message = `${Name} has no value`;
    return {
      ok: false,
      failure: { kind: 'invalid', api: API, code: 'empty', message, requestId: undefined },
    };
  } catch (error) {
    return { ok: false, failure: classify(API, error) };
  } finally {
    client.destroy();
  }
}
