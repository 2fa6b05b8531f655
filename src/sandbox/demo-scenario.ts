import type { Scenario } from './scenario.ts';

export interface DemoOptions {
  /** How many availability zones, one instance each; 1 to 26. Default 3. */
  readonly azs?: number;
  /** Address of the instance in zone `index` (from 0). Default `127.0.<index + 1>.10`: real processes on loopback. */
  readonly addressOf?: (index: number) => string;
  readonly region?: string;
  readonly timing?: Scenario['timing'];
}

/**
 * One VPC; per zone a private subnet with a route table (tags `az`, `type=private`, `Name`) and an instance without
 * source/dest check; an internet gateway, a NAT gateway and a main table. The ids follow from the zone's letter:
 * `i-0a00000000000000a` with `eni-0a00000000000000a`, `rtb-0a00000000000000a`, `subnet-0a00000000000000a`, then `b`, …
 */
export function demoScenario(options: DemoOptions = {}): Scenario {
  const { azs = 3, region = 'eu-west-1', addressOf = (index) => `127.0.${index + 1}.10` } = options;
  if (!Number.isInteger(azs) || azs < 1 || azs > 26)
    throw new RangeError('azs must be an integer from 1 to 26');
  const vpc = DEMO_IDS.vpc;
  const zones = Array.from({ length: azs }, (_, index) => {
    const letter = zoneLetter(index);
    return { index, az: `${region}${letter}`, suffix: demoSuffix(index), name: `private-${letter}` };
  });
  return {
    region,
    ...(options.timing === undefined ? {} : { timing: options.timing }),
    vpcs: [{ id: vpc, cidr: '10.0.0.0/16' }],
    subnets: zones.map(({ index, az, suffix }) => ({
      id: `subnet-${suffix}`,
      vpc,
      cidr: `10.0.${index + 1}.0/24`,
      az,
    })),
    gateways: [
      { id: DEMO_IDS.internetGateway, vpc },
      { id: DEMO_IDS.natGateway, vpc },
    ],
    instances: zones.map(({ index, suffix, name }) => ({
      id: `i-${suffix}`,
      subnet: `subnet-${suffix}`,
      privateIp: addressOf(index),
      sourceDestCheck: false,
      tags: { Name: name.replace('private', 'node') },
    })),
    routeTables: [
      {
        id: DEMO_IDS.mainTable,
        vpc,
        main: true,
        tags: { Name: 'main', type: 'public' },
        routes: [{ destination: '0.0.0.0/0', target: DEMO_IDS.internetGateway }],
      },
      ...zones.map(({ az, suffix, name }) => ({
        id: `rtb-${suffix}`,
        vpc,
        subnets: [`subnet-${suffix}`],
        tags: { Name: name, az, type: 'private' },
      })),
    ],
  };
}

/** The ids of the demo's things that there is one of. */
export const DEMO_IDS = {
  vpc: 'vpc-0d00000000000000d',
  internetGateway: 'igw-0d00000000000000d',
  natGateway: 'nat-0d00000000000000d',
  mainTable: 'rtb-0d000000000000000',
} as const;

/** What the ids of zone `index` end in: `0a00000000000000a` for the first; hexadecimal for the first six only. */
export function demoSuffix(index: number): string {
  const letter = zoneLetter(index);
  return `0${letter}00000000000000${letter}`;
}

function zoneLetter(index: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + index);
}
