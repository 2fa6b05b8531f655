import { EMPTY_MEMORY, type ObservedRoute, type RouteFacts, type RouteSpec } from '../../src/core/index.ts';

/** A route spec with everything at its default: `10.9.9.9/32`, no check, owner. */
export function routeSpec(over: Partial<RouteSpec> = {}): RouteSpec {
  return {
    destination: { kind: 'ipv4', cidr: '10.9.9.9/32' },
    target: { instance: 'SELF', interface: undefined },
    health: { kind: 'all', of: [] },
    remoteCheck: undefined,
    ifUnhealthy: false,
    neverDelete: false,
    fallback: undefined,
    preemptDelayMs: 0,
    hooks: {},
    ...over,
  };
}

/** A route that the interface `eni` of the instance `i-<eni>` holds. */
export function heldBy(eni: string, over: Partial<ObservedRoute> = {}): ObservedRoute {
  return {
    destination: { kind: 'ipv4', cidr: '10.9.9.9/32' },
    target: { kind: 'network-interface', id: eni },
    instanceId: `i-${eni}`,
    interfaceId: eni,
    origin: 'CreateRoute',
    state: 'active',
    ...over,
  };
}

/** A route that points at something that is no instance. */
export function heldByGateway(id: string, over: Partial<ObservedRoute> = {}): ObservedRoute {
  const kind = id.startsWith('nat-') ? 'nat-gateway' : 'gateway';
  return heldBy(id, { target: { kind, id }, instanceId: undefined, interfaceId: undefined, ...over });
}

/** Facts of a healthy agent with the interface `eni-me` that sees no route. */
export function routeFacts(over: Partial<RouteFacts> = {}): RouteFacts {
  return {
    spec: routeSpec(),
    observed: undefined,
    readAtMs: 100_000,
    own: {
      interfaceIds: new Set(['eni-me', 'eni-me2']),
      instanceId: 'i-me',
      target: { kind: 'network-interface', id: 'eni-me' },
    },
    health: { health: 'healthy', healthySinceMs: 0, unhealthySinceMs: undefined },
    isDraining: false,
    holderHealth: undefined,
    holderStatus: 'ok',
    memory: EMPTY_MEMORY,
    nowMs: 100_000,
    ...over,
  };
}
