import { type ApiResult, type Scenario, startSandbox } from '../../src/sandbox/index.ts';
import type { ContractWorld } from './world.ts';

const VPC = 'vpc-0c';

const GATEWAYS: ContractWorld['gateways'] = {
  gateway: 'igw-0c',
  'nat-gateway': 'nat-0c',
  'transit-gateway': 'tgw-0c',
  'vpc-peering-connection': 'pcx-0c',
  'egress-only-internet-gateway': 'eigw-0c',
  'vpc-endpoint': 'vpce-0c',
  'carrier-gateway': 'cagw-0c',
};

const OTHERS = Array.from({ length: 5 }, (_, index) => `rtb-0c${index}`);

const SCENARIO: Scenario = {
  region: 'eu-west-1',
  accountId: '123456789012',
  vpcs: [{ id: VPC, cidr: '10.0.0.0/16' }],
  subnets: [
    { id: 'subnet-0a', vpc: VPC, cidr: '10.0.1.0/24', az: 'eu-west-1a' },
    { id: 'subnet-0b', vpc: VPC, cidr: '10.0.2.0/24', az: 'eu-west-1b' },
  ],
  gateways: Object.entries(GATEWAYS).map(([kind, id]) =>
    kind === 'transit-gateway' ? { id } : { id, vpc: VPC },
  ),
  prefixLists: [{ id: 'pl-0c', maxEntries: 5 }],
  instances: [
    { id: 'i-0a', subnet: 'subnet-0a' },
    { id: 'i-0b', subnet: 'subnet-0b', sourceDestCheck: false },
    { id: 'i-0c', subnet: 'subnet-0a', interfaces: [{ id: 'eni-0c' }, { id: 'eni-0c1' }] },
    { id: 'i-0d', subnet: 'subnet-0a' },
  ],
  interfaces: [{ id: 'eni-0e', subnet: 'subnet-0a' }],
  routeTables: [
    { id: 'rtb-0c', vpc: VPC, main: true },
    { id: 'rtb-0a', vpc: VPC, subnets: ['subnet-0a'], tags: { az: 'a', type: 'private' } },
    { id: 'rtb-0b', vpc: VPC, subnets: ['subnet-0b'], tags: { az: 'b', type: 'private', odd: 'a*b' } },
    ...OTHERS.map((id, index) => ({ id, vpc: VPC, tags: { page: String(index) } })),
  ],
};

/** The suite's VPC in the embedded sandbox. */
export async function sandboxWorld(): Promise<ContractWorld> {
  const sandbox = await startSandbox({ scenario: SCENARIO });
  return {
    endpoint: sandbox.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIASANDBOX', secretAccessKey: 'secret' },
    accountId: '123456789012',
    vpcId: VPC,
    vpcCidr: '10.0.0.0/16',
    tables: { main: 'rtb-0c', a: 'rtb-0a', b: 'rtb-0b', others: OTHERS },
    subnets: { a: 'subnet-0a', b: 'subnet-0b' },
    instances: { a: 'i-0a', b: 'i-0b', multi: 'i-0c', doomed: 'i-0d' },
    interfaces: { a: 'eni-0a', b: 'eni-0b', multi: 'eni-0c', doomed: 'eni-0d', loose: 'eni-0e' },
    gateways: GATEWAYS,
    prefixListId: 'pl-0c',
    stop: async (id) => insist(sandbox.world.stop(id)),
    start: async (id) => insist(sandbox.world.start(id)),
    terminate: async (id) => insist(sandbox.world.terminate(id)),
    close: sandbox.close,
  };
}

function insist(result: ApiResult): void {
  if (!result.ok) throw new Error(`the sandbox refused: ${result.error.code}`);
}
