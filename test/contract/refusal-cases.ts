import { CreateRouteCommand, DeleteRouteCommand, ReplaceRouteCommand } from '@aws-sdk/client-ec2';
import { expect } from 'vitest';
import type { FailureKind } from '../../src/aws/index.ts';
import {
  type Change,
  type Connected,
  type ContractCase,
  change,
  GONE,
  mustChange,
  readRoute,
  refusalOf,
  toInterface,
} from './world.ts';

interface Refusal {
  readonly key: string;
  readonly title: string;
  readonly kind: FailureKind;
  readonly refused: string;
  readonly facts: (world: Connected) => Change;
}

const REFUSALS: readonly Refusal[] = [
  {
    key: 'missing-table',
    title: 'a table that does not exist is told apart',
    kind: 'table-missing',
    refused: 'InvalidRouteTableID.NotFound',
    facts: (world) => ({
      tableId: GONE.table,
      to: toInterface(world.interfaces.a),
      destination: world.fresh('ipv4'),
    }),
  },
  {
    key: 'missing-interface',
    title: 'an interface that does not exist is told apart',
    kind: 'target-missing',
    refused: 'InvalidNetworkInterfaceID.NotFound',
    facts: (world) => ({ to: toInterface(GONE.eni), destination: world.fresh('ipv4') }),
  },
  {
    key: 'missing-instance',
    title: 'an instance that does not exist is told apart',
    kind: 'target-missing',
    refused: 'InvalidInstanceID.NotFound',
    facts: (world) => ({ to: { kind: 'instance', id: GONE.instance }, destination: world.fresh('ipv4') }),
  },
  {
    key: 'multi-interface-instance',
    title: 'an instance with two interfaces is no target',
    kind: 'invalid',
    refused: 'InvalidInstanceID',
    facts: (world) => ({
      to: { kind: 'instance', id: world.instances.multi },
      destination: world.fresh('ipv4'),
    }),
  },
];

const targetCases = REFUSALS.flatMap(({ key, title, kind, refused, facts }): ContractCase[] => [
  {
    key: `create-${key}`,
    title: `${title} on create`,
    async run(world) {
      const result = await change(world, 'create', facts(world));
      expect(result).toMatchObject({ ok: false, failure: { kind, code: refused } });
    },
  },
  {
    key: `replace-${key}`,
    title: `${title} on replace`,
    async run(world) {
      const wanted = facts(world);
      if (wanted.tableId === undefined) {
        await mustChange(world, 'create', { ...wanted, to: toInterface(world.interfaces.b) });
      }
      const result = await change(world, 'replace', wanted);
      expect(result).toMatchObject({ ok: false, failure: { kind, code: refused } });
      if (wanted.tableId !== undefined) return;
      expect((await readRoute(world, wanted.destination))?.target).toEqual(toInterface(world.interfaces.b));
    },
  },
]);

const requestCases: readonly ContractCase[] = [
  {
    key: 'delete-missing-table',
    title: 'deleting from a table that does not exist is refused',
    async run(world) {
      const result = await change(world, 'delete', { tableId: GONE.table, destination: world.fresh('ipv4') });
      expect(result).toMatchObject({ ok: false, failure: { kind: 'table-missing' } });
    },
  },
  {
    key: 'no-target',
    title: 'a route needs a target',
    async run(world) {
      const input = { RouteTableId: world.tables.a, DestinationCidrBlock: '100.80.0.0/24' };
      expect(await refusalOf(world.sdk.send(new CreateRouteCommand(input)))).toBe('MissingParameter 400');
    },
  },
  {
    key: 'two-targets',
    title: 'a route has one target',
    async run(world) {
      const input = {
        RouteTableId: world.tables.a,
        DestinationCidrBlock: '100.81.0.0/24',
        NetworkInterfaceId: world.interfaces.a,
        GatewayId: world.gateways.gateway,
      };
      const refused = await refusalOf(world.sdk.send(new CreateRouteCommand(input)));
      expect(refused).toBe('InvalidParameterCombination 400');
    },
  },
  {
    key: 'bad-cidr',
    title: 'what is no CIDR is refused',
    async run(world) {
      const input = {
        RouteTableId: world.tables.a,
        DestinationCidrBlock: '100.81.0.0.0/24',
        GatewayId: world.gateways.gateway,
      };
      const refused = await refusalOf(world.sdk.send(new CreateRouteCommand(input)));
      expect(refused).toBe('InvalidParameterValue 400');
    },
  },
  {
    key: 'refusal-status',
    title: 'refusals have status 400',
    async run(world) {
      const where = { RouteTableId: world.tables.a, DestinationCidrBlock: '100.82.0.0/24' };
      const to = { NetworkInterfaceId: world.interfaces.a };
      const replaced = await refusalOf(world.sdk.send(new ReplaceRouteCommand({ ...where, ...to })));
      expect(['InvalidParameterValue 400', 'InvalidRoute.NotFound 400']).toContain(replaced);
      const deleted = await refusalOf(world.sdk.send(new DeleteRouteCommand(where)));
      expect(deleted).toBe('InvalidRoute.NotFound 400');
    },
  },
];

/** What EC2 refuses, with which code and status. */
export const REFUSAL_CASES: readonly ContractCase[] = [...targetCases, ...requestCases];
