import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { Clock } from '../lib/clock.ts';
import { CodedError } from '../lib/coded-error.ts';
import { withinDeadline } from './call-deadline.ts';

/** What signs a request. `expiration` undefined: they never expire. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

/** Fetches credentials anew each time it is called. */
export type CredentialSource = () => Promise<AwsCredentials>;

/** Credentials that are kept until they age. */
export interface CredentialCache {
  /** Rejects with a CodedError `credentials`, whose cause says why and whose `facts.api` names the API, if one failed. */
  get(): Promise<AwsCredentials>;
  /** Forgets what is kept: AWS has refused it. */
  invalidate(): void;
}

export interface CredentialCacheOptions {
  /** Makes a source. Called again after a failure: what hangs in an old source does not hang in a new one. */
  readonly open: () => CredentialSource;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The API that the source is, where it is one. */
  readonly api: string | undefined;
}

/** From here on new ones are fetched beside the calls, which go on with the old. As the AWS SDKs do. */
const REFRESH_AHEAD_MS = 300_000;
/** With less than this left, a call waits for new ones rather than arrive with expired ones. */
const MIN_LEFT_MS = 10_000;

/**
 * Keeps credentials between calls. Unlike the SDK's own cache it never joins a fetch that hangs for longer than
 * `timeoutMs`, and while the kept ones are still good no call waits for a refresh or fails with it: losing IMDS or
 * STS for a minute must not stop a failover.
 */
export function createCredentialCache(options: CredentialCacheOptions): CredentialCache {
  const { clock, timeoutMs, open, api } = options;
  let source: CredentialSource | undefined;
  let kept: AwsCredentials | undefined;
  let pending: Promise<AwsCredentials> | undefined;

  const leftMs = (credentials: AwsCredentials) =>
    (credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - clock.wallNow();

  const fetchAnew = async (): Promise<AwsCredentials> => {
    source ??= open();
    try {
      kept = await withinDeadline({ clock, timeoutMs, signals: [] }, source);
      return kept;
    } catch (error) {
      source = undefined;
      const message = error instanceof Error ? error.message : String(error);
      throw new CodedError('credentials', message, api === undefined ? {} : { api }, error);
    } finally {
      pending = undefined;
    }
  };

  return {
    async get() {
      const left = kept === undefined ? 0 : leftMs(kept);
      if (kept !== undefined && left > REFRESH_AHEAD_MS) return kept;
      pending ??= fetchAnew();
      if (kept === undefined || left <= MIN_LEFT_MS) return await pending;
      pending.catch(() => undefined);
      return kept;
    },
    invalidate() {
      kept = undefined;
      source = undefined;
    },
  };
}

/** The SDK's default chain: environment, shared files, web identity, container, instance profile by IMDS. */
export function defaultCredentials(region: string): CredentialSource {
  return fromNodeProviderChain({ clientConfig: { region } });
}

/** How to assume a role in another account. `region` is whose STS is asked. */
export interface RoleOptions {
  readonly roleArn: string;
  readonly region: string;
  readonly base: CredentialSource;
  readonly timeoutMs: number;
}

/** Credentials of a role, by STS AssumeRole with the base credentials; STS's endpoint is the SDK's, `AWS_ENDPOINT_URL_STS` included. */
export function roleCredentials({ roleArn, region, base, timeoutMs }: RoleOptions): CredentialSource {
  return fromTemporaryCredentials({
    params: { RoleArn: roleArn, RoleSessionName: 'vpcast' },
    masterCredentials: base,
    clientConfig: {
      region,
      maxAttempts: 1,
      requestHandler: {
        requestTimeout: timeoutMs,
        connectionTimeout: timeoutMs,
        throwOnRequestTimeout: true,
      },
    },
  });
}
