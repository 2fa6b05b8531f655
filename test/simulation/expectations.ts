import { ownersOf } from './agent-spec.ts';
import type { Fleet } from './fleet.ts';
import { FALLBACK, instanceId, nameOf, tableId } from './ids.ts';
import type { RouteSetup } from './script.ts';

/** A route that is not where it belongs. */
export interface Shortfall {
  readonly key: string;
  readonly holder: string | undefined;
  /** What it may point at instead. */
  readonly expected: readonly string[];
}

/** Every route of the fleet that is not where it belongs, given who is healthy now and that nothing changes any more. */
export function expectedHolders(fleet: Fleet): readonly Shortfall[] {
  return fleet.setup.names.flatMap((table) =>
    fleet.setup.routes.flatMap((route) => {
      const holder = fleet.options.region.world.targetOf(tableId(table), route.cidr);
      const expected = expectedFor(fleet, { table, route, holder });
      if (expected === undefined || expected.includes(holder ?? 'none')) return [];
      return [{ key: `${tableId(table)} ${route.cidr}`, holder, expected }];
    }),
  );
}

/** Undefined: it may be anywhere. */
function expectedFor(
  fleet: Fleet,
  { table, route, holder }: { table: string; route: RouteSetup; holder: string | undefined },
): readonly string[] | undefined {
  const healthy = fleet.setup.names.filter(
    (name) => fleet.isServing(name) && fleet.process(name) !== undefined,
  );
  const owners = ownersOf(fleet.setup, table);
  const fitOwners = owners.filter((name) => healthy.includes(name));
  if (fitOwners.length > 0) return targetsOf(fleet, fitOwners);
  const held = nameOf(holder);
  // An owner that is unfit keeps what it must never delete; a backup sees that only by its remote check.
  const isHidden = held !== undefined && !healthy.includes(held) && !route.hasRemoteCheck;
  if (isHidden && route.neverDelete) return undefined;
  if (healthy.length > 0) {
    // Gateways are left alone by backups; what is deleted or dead is taken.
    const isSpared =
      holder !== undefined && held === undefined && !(route.hasFallback && holder === FALLBACK);
    return isSpared ? undefined : targetsOf(fleet, healthy);
  }
  // An interface that is gone is no agent's any more, and nobody is fit to mend it.
  if (route.neverDelete || isDead(fleet, holder)) return undefined;
  return ['none', ...(route.hasFallback ? [FALLBACK] : []), ...nobodysGateway(holder)];
}

function isDead(fleet: Fleet, holder: string | undefined): boolean {
  if (holder === undefined || nameOf(holder) === undefined) return false;
  return fleet.options.region.world.state().interfaces.get(holder)?.attachment === undefined;
}

/** With nobody healthy, what an operator pointed elsewhere stays there. */
function nobodysGateway(holder: string | undefined): readonly string[] {
  return holder !== undefined && nameOf(holder) === undefined ? [holder] : [];
}

function targetsOf(fleet: Fleet, names: readonly string[]): readonly string[] {
  const interfaces = [...fleet.options.region.world.state().interfaces.values()];
  return interfaces
    .filter((eni) => names.some((name) => eni.attachment?.instanceId === instanceId(name)))
    .map((eni) => eni.id);
}
