import type { Scenario } from '../../src/sandbox/index.ts';

export const REGION = 'eu-west-1';
const VPC = 'vpc-0bbbbbbbbbbbbbbbb';

/** A route that is to move: where it is, and who holds it to begin with. */
export interface Place {
  readonly index: number;
  /** The tag `Name` of its table. */
  readonly tableName: string;
  readonly tableId: string;
  readonly destination: string;
  readonly instanceId: string;
  readonly interfaceId: string;
  /** Of loopback: where the holder's service listens. */
  readonly address: string;
}

/** The instance that is to take over. */
export const BACKUP = {
  instanceId: 'i-0000000000000ffff',
  interfaceId: 'eni-0000000000000ffff',
  address: '127.81.0.10',
} as const;

/** Where the holder's agent runs, where there is one holder of all. */
export const HOLDER = {
  instanceId: holderId('i', 0),
  interfaceId: holderId('eni', 0),
  address: addressOf(0),
};

export interface VpcShape {
  readonly tables: number;
  readonly routesPerTable: number;
  /** One instance holds all, or each table has a holder of its own. */
  readonly holders: 'one' | 'each';
  /** The routes point at the instance's second interface, which can be detached. */
  readonly isSecondInterface?: boolean;
  readonly throttling?: boolean;
}

export interface BenchVpc {
  readonly scenario: Scenario;
  readonly places: readonly Place[];
}

/** A VPC with two zones: holders in one, the backup in the other. Every route is at its holder to begin with. */
export function benchVpc(shape: VpcShape): BenchVpc {
  const { tables, holders, isSecondInterface = false, throttling = false } = shape;
  const holderCount = holders === 'one' ? 1 : tables;
  const places = Array.from({ length: tables }, (_, table) => placesOf(table, shape)).flat();
  const instances = Array.from({ length: holderCount }, (_, index) => {
    const primary = isSecondInterface
      ? [{ id: holderId('eni-9', index), privateIp: addressOf(index, 82), sourceDestCheck: false }]
      : [];
    const serving = { id: holderId('eni', index), privateIp: addressOf(index), sourceDestCheck: false };
    return { id: holderId('i', index), subnet: subnet('a'), interfaces: [...primary, serving] };
  });
  const { instanceId, interfaceId, address } = BACKUP;
  const own = [{ id: interfaceId, privateIp: address, sourceDestCheck: false }];
  const scenario: Scenario = {
    region: REGION,
    throttling,
    vpcs: [{ id: VPC, cidr: '10.0.0.0/16' }],
    subnets: ['a', 'b'].map((zone, index) => ({
      id: subnet(zone),
      vpc: VPC,
      cidr: `10.0.${index}.0/24`,
      az: `${REGION}${zone}`,
    })),
    instances: [...instances, { id: instanceId, subnet: subnet('b'), interfaces: own }],
    routeTables: Array.from({ length: tables }, (_, table) => ({
      id: tableId(table),
      vpc: VPC,
      tags: { Name: tableName(table), bench: 'yes' },
      routes: places
        .filter((place) => place.tableId === tableId(table))
        .map(({ destination, interfaceId: target }) => ({ destination, target })),
    })),
  };
  return { scenario, places };
}

function placesOf(table: number, { routesPerTable, holders }: VpcShape): readonly Place[] {
  const holder = holders === 'one' ? 0 : table;
  return Array.from({ length: routesPerTable }, (_, route) => ({
    index: table * routesPerTable + route,
    tableName: tableName(table),
    tableId: tableId(table),
    destination: `192.168.${route}.1/32`,
    instanceId: holderId('i', holder),
    interfaceId: holderId('eni', holder),
    address: addressOf(holder),
  }));
}

function tableName(index: number): string {
  return `bench-${index}`;
}

function tableId(index: number): string {
  return `rtb-${hex(index + 1)}`;
}

function holderId(prefix: string, index: number): string {
  const [kind = '', mark = '0'] = prefix.split('-');
  return `${kind}-${mark}${hex(index + 1).slice(1)}`;
}

function subnet(zone: string): string {
  return `subnet-0000000000000000${zone}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(17, '0');
}

function addressOf(holder: number, octet = 80): string {
  return `127.${octet}.${Math.floor(holder / 200)}.${10 + (holder % 200)}`;
}
