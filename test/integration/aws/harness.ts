import { DescribeRouteTablesCommand } from '@aws-sdk/client-ec2';
import { afterEach, vi } from 'vitest';
import {
  type AwsCredentials,
  createEc2Client,
  type Ec2Client,
  type Ec2ClientOptions,
} from '../../../src/aws/index.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { answer, type LocalServer, type Responder, startServer } from './local-server.ts';

export const KEYS: AwsCredentials = { accessKeyId: 'AKIAOWN', secretAccessKey: 'secret' };

/** Never aborted. */
export const { signal } = new AbortController();

export interface Harness {
  /** Starts a server that the test's end closes. */
  serve(respond: Responder): Promise<LocalServer>;
  /** Opens a client that the test's end closes. */
  open(options: Partial<Ec2ClientOptions>): Ec2Client;
}

/** To be called once per file: closes what each test opened, and restores the environment. */
export function useHarness(): Harness {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const close of closers.splice(0).reverse()) await close();
  });
  return {
    async serve(respond) {
      const server = await startServer(respond);
      closers.push(server.close);
      return server;
    },
    open(options) {
      const ec2 = createEc2Client({
        region: 'eu-west-1',
        endpoint: undefined,
        requestTimeoutMs: 5_000,
        clock: systemClock,
        version: '1.2.3',
        credentials: async () => KEYS,
        ...options,
      });
      closers.push(ec2.close);
      return ec2;
    },
  };
}

/** The plainest call there is. */
export function describeOnce(ec2: Ec2Client, roleArn?: string, until = signal) {
  return ec2.call({ api: 'DescribeRouteTables', roleArn, signal: until }, (client, abortSignal) =>
    client.send(new DescribeRouteTablesCommand({}), { abortSignal }),
  );
}

/** Answers that there is no table. */
export const empty: Responder = (_, response) => answer(response, 'DescribeRouteTables', '<routeTableSet/>');

export const failed = (facts: object) => ({ ok: false, failure: facts });
