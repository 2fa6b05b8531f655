import { EC2Client } from '@aws-sdk/client-ec2';
import { type Sandbox, type Scenario, startSandbox } from '../../../src/sandbox/index.ts';
import { SCENARIO } from '../../unit/sandbox/fixture.ts';

export const VIP = '192.168.1.1/32';

/** The unit tests' scenario, and a table with a route of each kind. */
const scenario: Scenario = {
  ...SCENARIO,
  routeTables: [
    ...(SCENARIO.routeTables ?? []),
    {
      id: 'rtb-mixed',
      vpc: 'vpc-1',
      gateways: ['vgw-1'],
      propagatingVgws: ['vgw-1'],
      tags: { Name: 'mixed <&> "quoted"', Purpose: 'edge' },
      routes: [
        { destination: '172.16.0.0/12', target: 'vgw-1', origin: 'EnableVgwRoutePropagation' },
        { destination: '172.16.0.0/12', target: 'eni-a' },
        { destination: '203.0.113.0/24', target: 'i-b', origin: 'Advertisement' },
        { destination: '::/0', target: 'eigw-1' },
        { destination: '0.0.0.0/0', target: 'nat-1' },
        { destination: '198.51.100.0/24', target: 'tgw-1' },
        { destination: '198.51.101.0/24', target: 'pcx-1' },
        { destination: '198.51.102.0/24', target: 'vpce-1' },
        { destination: '198.51.103.0/24', target: 'eni-loose' },
      ],
    },
  ],
};

/** A sandbox of the scenario and a client of it. */
export interface Connected {
  readonly sandbox: Sandbox;
  readonly ec2: EC2Client;
  close(): Promise<void>;
}

export async function startEc2(): Promise<Connected> {
  const sandbox = await startSandbox({ scenario });
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  const ec2 = new EC2Client({ endpoint: sandbox.url, region: 'eu-west-1', maxAttempts: 1, credentials });
  return {
    sandbox,
    ec2,
    close() {
      ec2.destroy();
      return sandbox.close();
    },
  };
}

/** Name and status of the error that a call ends with. */
export async function refusal(
  call: Promise<unknown>,
): Promise<readonly [name: string, status: number | undefined]> {
  try {
    await call;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return [name, $metadata?.httpStatusCode];
  }
  throw new Error('the call succeeded');
}
