import type { FleetSetup } from './script.ts';

/** The ids and addresses of what belongs to the agent `name`. */
export const instanceId = (name: string) => `i-${name}`;
export const interfaceId = (name: string, generation: number) => `eni-${name}${generation}`;
export const tableId = (name: string) => `rtb-${name}`;
export const subnetId = (name: string) => `subnet-${name}`;

export const VPC = 'vpc-1';
/** The fallback of routes that have one. */
export const FALLBACK = 'nat-1';
/** Where an operator points a route that is to leave the agents. */
export const GATEWAY = 'igw-1';

/** Name of the agent whose interface this is; undefined for a gateway or no route. */
export function nameOf(target: string | undefined): string | undefined {
  return /^eni-([a-z])\d+$/.exec(target ?? '')?.[1];
}

/** The address of an agent's `generation`-th interface. */
export function addressOf(fleet: FleetSetup, name: string, generation: number): string {
  return `10.0.${fleet.names.indexOf(name) + 1}.${generation + 9}`;
}

/** Name of the agent at this address. */
export function nameAt(fleet: FleetSetup, address: string): string | undefined {
  const zone = Number(address.split('.')[2]);
  return fleet.names[zone - 1];
}

/** The address of an interface, whether or not it still exists; undefined for what is none. */
export function addressOfTarget(fleet: FleetSetup, target: string): string | undefined {
  const [, name, generation] = /^eni-([a-z])(\d+)$/.exec(target) ?? [];
  return name === undefined ? undefined : addressOf(fleet, name, Number(generation));
}
