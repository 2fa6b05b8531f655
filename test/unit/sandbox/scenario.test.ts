import { describe, expect, it } from 'vitest';
import {
  createWorld,
  DEMO_IDS,
  demoScenario,
  demoSuffix,
  parseScenario,
} from '../../../src/sandbox/index.ts';
import { manualClock, SCENARIO, seededRandom } from './fixture.ts';

function problems(value: unknown): readonly string[] {
  const result = parseScenario(value);
  return result.ok ? [] : result.problems;
}

describe('a scenario from a file', () => {
  it('is taken if all is right, also after a turn through JSON', () => {
    expect(problems(SCENARIO)).toEqual([]);
    expect(problems(JSON.parse(JSON.stringify(demoScenario())))).toEqual([]);
  });

  it('can have faults in force from the start, which are read as the control API reads them', () => {
    const faults = [
      { kind: 'latency', latencyMs: 300 },
      { kind: 'deny', actions: ['ReplaceRoute'] },
    ];
    expect(problems({ ...SCENARIO, faults, throttling: true })).toEqual([]);
    expect(problems({ ...SCENARIO, faults: [{ kind: 'latency', latencyms: 300 }, 7] })).toEqual([
      expect.stringContaining('faults[0]: unknown: latencyms'),
      expect.stringContaining('faults[1]: must be an object'),
    ]);
  });

  it('is refused with every problem at once', () => {
    expect(
      problems({
        vpcs: [{ id: 'v', cidr: '10.0.0.0' }],
        instances: [{ id: 'i-1', spot: 'yes', tags: { a: 1 } }],
        routeTables: 'none',
        colour: 'red',
        routeQuota: -1,
      }),
    ).toEqual([
      'scenario.routeQuota: must be a whole number of 0 or more, not -1',
      'scenario.vpcs[0].id: must be an id that begins with vpc-, not "v"',
      'scenario.vpcs[0].cidr: must be a CIDR such as 10.0.0.0/16, not "10.0.0.0"',
      'scenario.instances[0].subnet: is missing',
      'scenario.instances[0].spot: must be true or false, not "yes"',
      'scenario.instances[0].tags.a: must be a string, not 1',
      'scenario.routeTables: must be a list',
      expect.stringMatching(/^scenario\.colour: is unknown; known are region, /),
    ]);
    expect(problems(null)).toEqual(['scenario: must be an object']);
    expect(problems({})).toEqual(['scenario.vpcs: is missing']);
  });

  it('is refused with every reference that leads nowhere, and every id that is there twice', () => {
    expect(
      problems({
        vpcs: [{ id: 'vpc-1', cidr: '10.0.0.0/16' }],
        subnets: [{ id: 'subnet-1', vpc: 'vpc-2', cidr: '10.0.0.0/24', az: 'a' }],
        instances: [
          { id: 'i-1', subnet: 'subnet-1', privateIp: '10.0.0.9' },
          { id: 'i-1', subnet: 'subnet-9', privateIp: '10.0.0.9' },
        ],
        routeTables: [
          { id: 'rtb-1', vpc: 'vpc-1', main: true, routes: [{ destination: 'pl-1', target: 'i-2' }] },
          {
            id: 'rtb-2',
            vpc: 'vpc-1',
            main: true,
            subnets: ['subnet-3'],
            routes: [
              { destination: '1.2.3.4/24', target: 'eni-gone' },
              { destination: '1.2.3.5/24', target: 'eni-gone' },
            ],
          },
        ],
      }),
    ).toEqual([
      'scenario: the id i-1 is used more than once',
      'scenario: the id eni-1 is used more than once',
      'scenario: the privateIp 10.0.0.9 is used more than once',
      'scenario.subnets[0].vpc: there is no vpc-2 in this scenario',
      'scenario.instances[1].subnet: there is no subnet-9 in this scenario',
      'scenario: the main table of vpc-1 is used more than once',
      'scenario.routeTables[0].routes[0].destination: there is no pl-1 in this scenario',
      'scenario.routeTables[0].routes[0].target: there is no i-2 in this scenario',
      'scenario.routeTables[1].subnets[0]: there is no subnet-3 in this scenario',
      'scenario: the static route of rtb-2 for 1.2.3.0/24 is used more than once',
    ]);
  });
});

describe('the demo', () => {
  it('has, per zone, an instance and a tagged table with ids that follow from its letter', () => {
    const world = createWorld(demoScenario({ azs: 2 }), { clock: manualClock(), random: seededRandom() });
    const { instances, interfaces, routeTables, gateways } = world.state();
    expect([...instances.keys()]).toEqual(['i-0a00000000000000a', 'i-0b00000000000000b']);
    expect(interfaces.get(`eni-${demoSuffix(1)}`)).toMatchObject({
      primaryIp: '127.0.2.10',
      sourceDestCheck: false,
      availabilityZone: 'eu-west-1b',
      attachment: { instanceId: 'i-0b00000000000000b', deviceIndex: 0 },
    });
    expect(routeTables.get(`rtb-${demoSuffix(0)}`)?.tags).toEqual({
      Name: 'private-a',
      az: 'eu-west-1a',
      type: 'private',
    });
    expect(routeTables.get(DEMO_IDS.mainTable)?.isMain).toBe(true);
    expect([...gateways.keys()]).toEqual([DEMO_IDS.internetGateway, DEMO_IDS.natGateway]);
  });

  it('has ids of the length that EC2 gives out', () => {
    const ids = [...Object.values(DEMO_IDS), `i-${demoSuffix(0)}`, `rtb-${demoSuffix(25)}`];
    expect(ids.map((id) => id.slice(id.indexOf('-') + 1).length)).toEqual(ids.map(() => 17));
  });

  it('has room for 26 zones and no more', () => {
    expect(problems(demoScenario({ azs: 26 }))).toEqual([]);
    expect(() => demoScenario({ azs: 27 })).toThrow(RangeError);
  });
});

describe('a scenario without details', () => {
  it('gets interfaces, addresses and local routes', () => {
    const world = createWorld(SCENARIO, { clock: manualClock(), random: seededRandom() });
    expect(world.state().interfaces.get('eni-two0')?.primaryIp).toBe('10.0.1.4');
    expect(world.state().interfaces.get('eni-two1')).toMatchObject({
      primaryIp: '10.0.1.5',
      secondaryIps: ['10.0.1.99'],
      attachment: { deviceIndex: 1, deleteOnTermination: false },
    });
    expect(
      world
        .state()
        .routeTables.get('rtb-1')
        ?.routes.map((route) => route.destination.key),
    ).toEqual(['10.0.0.0/16', '2001:db8::/56']);
  });
});
