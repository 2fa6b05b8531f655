import { describe, expect, it } from 'vitest';
import {
  type DecidedRoute,
  type ObservedTable,
  plan,
  routeKey,
  staticRoutes,
} from '../../../src/core/index.ts';
import { heldBy, heldByGateway } from '../../support/facts.ts';

const table = (routes: ObservedTable['routes']): ObservedTable => ({
  id: 'rtb-1',
  vpcId: 'vpc-1',
  ownerId: '123456789012',
  tags: {},
  isMain: false,
  subnetIds: [],
  routes,
  roleArn: undefined,
  readAtMs: 0,
});

function decided(tableId: string, decision: DecidedRoute['decision']): DecidedRoute {
  const destination = { kind: 'ipv4', cidr: '10.9.9.9/32' } as const;
  return {
    route: { key: routeKey(tableId, destination), tableId, roleArn: undefined, destination },
    decision,
  };
}

const to = { kind: 'network-interface', id: 'eni-me' } as const;
const from = { kind: 'network-interface', id: 'eni-b' } as const;

describe('plan', () => {
  it('puts dead routes first, then routes without a fit holder, then preference; equals stay in order', () => {
    const actions = plan([
      decided('rtb-1', { verdict: 'replace', reason: 'owner', from, to }),
      decided('rtb-2', { verdict: 'delete', reason: 'unhealthy', from }),
      decided('rtb-3', { verdict: 'replace', reason: 'holder-unhealthy', from, to }),
      decided('rtb-4', { verdict: 'hold', reason: 'already-held', untilMs: undefined }),
      decided('rtb-5', { verdict: 'replace', reason: 'blackhole', from, to }),
      decided('rtb-6', { verdict: 'create', reason: 'absent', to }),
    ]);
    expect(actions.map((action) => action.tableId)).toEqual(['rtb-5', 'rtb-6', 'rtb-3', 'rtb-2', 'rtb-1']);
  });

  it('says from where to where, as far as there is one', () => {
    const actions = plan([
      decided('rtb-1', { verdict: 'create', reason: 'absent', to }),
      decided('rtb-2', { verdict: 'delete', reason: 'unhealthy', from }),
    ]);
    expect(actions.map((action) => [action.kind, action.from, action.to])).toEqual([
      ['create', undefined, to],
      ['delete', from, undefined],
    ]);
  });
});

describe('staticRoutes', () => {
  const held = (...routes: ObservedTable['routes']) => staticRoutes(table(routes)).get('10.9.9.9/32');

  it('does not see propagated routes, which stay underneath', () => {
    const propagated = heldByGateway('vgw-1', { origin: 'EnableVgwRoutePropagation' });
    const advertised = heldBy('eni-rs', { origin: 'Advertisement' });
    expect(held(propagated, advertised)).toBeUndefined();
    expect(held(propagated, heldBy('eni-b'))?.interfaceId).toBe('eni-b');
  });

  it('wants exactly this destination', () => {
    const wider = heldBy('eni-b', { destination: { kind: 'ipv4', cidr: '10.9.9.0/24' } });
    expect(held(wider)).toBeUndefined();
  });
});
