import type { Instance, NetworkInterface, Route, WorldState } from './state.ts';

/** A route as EC2 shows it: with its state, and for an interface the instance behind it. */
export interface RouteView {
  readonly route: Route;
  readonly state: 'active' | 'blackhole';
  readonly instance: Instance | undefined;
  readonly interface: NetworkInterface | undefined;
}

/** States in which an instance no longer carries traffic. While it is `stopping` or `shutting-down`, EC2 still says active. */
const GONE: readonly string[] = ['stopped', 'terminated'];

/** `blackhole` follows from the target as it is now; nothing of it is stored, so it clears by itself. */
export function viewRoute(state: WorldState, route: Route): RouteView {
  const { target } = route;
  if (target.kind === 'local') return { route, state: 'active', instance: undefined, interface: undefined };
  if (target.kind !== 'network-interface') {
    const isThere = state.gateways.has(target.id);
    return { route, state: isThere ? 'active' : 'blackhole', instance: undefined, interface: undefined };
  }
  const eni = state.interfaces.get(target.id);
  const instance = eni?.attachment === undefined ? undefined : state.instances.get(eni.attachment.instanceId);
  const carries = instance !== undefined && !GONE.includes(instance.state);
  return { route, state: carries ? 'active' : 'blackhole', instance, interface: eni };
}

/** Status check summary as DescribeInstanceStatus has it; `not-applicable` unless the instance runs. */
export function viewStatus(instance: Instance) {
  if (instance.state !== 'running') return { system: 'not-applicable', instance: 'not-applicable' } as const;
  return { system: instance.systemStatus, instance: instance.instanceStatus } as const;
}
