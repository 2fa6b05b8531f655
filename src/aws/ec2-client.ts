import { EC2Client } from '@aws-sdk/client-ec2';
import type { Clock } from '../lib/clock.ts';
import { AbruptHttpAgent, AbruptHttpsAgent } from './abrupt-agents.ts';
import { withinDeadline } from './call-deadline.ts';
import {
  type CredentialCache,
  type CredentialSource,
  createCredentialCache,
  defaultCredentials,
  roleCredentials,
} from './credentials.ts';
import { type AwsFailure, classify } from './errors.ts';

export interface Ec2ClientOptions {
  readonly region: string;
  /** Base URL; undefined: the SDK's own, where `AWS_ENDPOINT_URL_EC2` and `AWS_ENDPOINT_URL` count. */
  readonly endpoint: string | undefined;
  /** Bounds every request, from before its credentials are looked for until its answer has been read. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  /** For the user agent: `vpcast/<version>`. */
  readonly version: string;
  /** Where the agent's own credentials come from; undefined: the SDK's default chain. */
  readonly credentials?: CredentialSource | undefined;
  /** Where a role's credentials come from; undefined: STS AssumeRole with the own ones. */
  readonly roleCredentials?: ((roleArn: string) => CredentialSource) | undefined;
  /** Told of every call when it has ended. */
  readonly report?: ((call: ApiCall) => void) | undefined;
}

/** One request that was made, for metrics and logs. */
export interface ApiCall {
  readonly api: string;
  readonly roleArn: string | undefined;
  readonly durationMs: number;
  readonly failure: AwsFailure | undefined;
}

export type CallResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: AwsFailure };

/** What is called, as whom, and who may give it up. `roleArn` undefined: with the agent's own credentials. */
export interface CallContext {
  readonly api: string;
  readonly roleArn: string | undefined;
  readonly signal: AbortSignal;
}

/** EC2's API, one client (credentials, keep-alive connections) per role. */
export interface Ec2Client {
  /** Makes one request, once, within the request timeout. Never rejects for what AWS or the network does. */
  call<T>(
    context: CallContext,
    send: (client: EC2Client, signal: AbortSignal) => Promise<T>,
  ): Promise<CallResult<T>>;
  /** Gives up what is under way and closes the connections. Idempotent; later calls fail as `aborted`. */
  close(): Promise<void>;
}

/**
 * How much of a request's time the credentials may take. Less than all of it, so that the failure says that they were
 * missing, which means that nothing was sent: after a timeout of the request itself nobody knows.
 */
const CREDENTIALS_SHARE = 0.75;

/** More than the loop has in flight (8 mutations, a read, the status and interface reads), so that no call waits for a socket. */
const MAX_SOCKETS = 32;

interface RoleClient {
  readonly client: EC2Client;
  readonly credentials: CredentialCache;
}

/** Opens EC2's API; nothing is sent, and no credentials are looked for, before the first call. */
export function createEc2Client(options: Ec2ClientOptions): Ec2Client {
  const { clock, requestTimeoutMs, report } = options;
  const clients = new Map<string | undefined, RoleClient>();
  const closing = new AbortController();

  const clientFor = (roleArn: string | undefined): RoleClient => {
    const existing = clients.get(roleArn);
    if (existing !== undefined) return existing;
    const made = openClient(options, roleArn, roleArn === undefined ? undefined : clientFor(undefined));
    clients.set(roleArn, made);
    return made;
  };

  return {
    async call(context, send) {
      const { api, roleArn, signal } = context;
      const startedMs = clock.now();
      const deadline = { clock, timeoutMs: requestTimeoutMs, signals: [signal, closing.signal] };
      const finish = (failure: AwsFailure | undefined) =>
        report?.({ api, roleArn, durationMs: clock.now() - startedMs, failure });
      try {
        const value = await withinDeadline(deadline, (until) => send(clientFor(roleArn).client, until));
        finish(undefined);
        return { ok: true, value };
      } catch (error) {
        const failure = classify(api, error);
        if (failure.kind === 'credentials') clients.get(roleArn)?.credentials.invalidate();
        finish(failure);
        return { ok: false, failure };
      }
    },
    async close() {
      closing.abort();
      for (const { client } of clients.values()) client.destroy();
      clients.clear();
    },
  };
}

function openClient(
  options: Ec2ClientOptions,
  roleArn: string | undefined,
  base: RoleClient | undefined,
): RoleClient {
  const { region, endpoint, requestTimeoutMs, clock, version } = options;
  const credentials = createCredentialCache({
    clock,
    timeoutMs: requestTimeoutMs * CREDENTIALS_SHARE,
    api: roleArn === undefined ? undefined : 'AssumeRole',
    open: () => openCredentials(options, roleArn, base?.credentials),
  });
  // `memoized` keeps the SDK from putting a cache of its own around ours.
  const provider = Object.assign(() => credentials.get(), { memoized: true });
  const sockets = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const client = new EC2Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: provider,
    maxAttempts: 1,
    customUserAgent: [['vpcast', version]],
    requestHandler: { httpAgent: new AbruptHttpAgent(sockets), httpsAgent: new AbruptHttpsAgent(sockets) },
  });
  return { client, credentials };
}

function openCredentials(
  options: Ec2ClientOptions,
  roleArn: string | undefined,
  base: CredentialCache | undefined,
): CredentialSource {
  const { region, requestTimeoutMs: timeoutMs } = options;
  if (roleArn === undefined || base === undefined) return options.credentials ?? defaultCredentials(region);
  const opened = options.roleCredentials?.(roleArn);
  return opened ?? roleCredentials({ roleArn, region, base: () => base.get(), timeoutMs });
}
