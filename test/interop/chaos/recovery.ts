import { setTimeout as sleep } from 'node:timers/promises';
import { NotInTimeError, waitFor } from '../../support/story/wait.ts';
import { ANYCAST, DEFAULT_ROUTE } from './config.ts';
import { type Fleet, planOf } from './fleet.ts';
import { isRouteChange } from './history.ts';
import type { ChaosNode } from './node.ts';

/**
 * Every owner has its routes back within this after the last fault: a call that was not authorized is tried again after a
 * minute at most, and so is a route that EC2 refused; then 10 s in which an own change may settle, and the usual polls.
 */
export const RECOVERY_LIMIT_MS = 75_000;

/** How long nothing may change afterwards. */
const QUIET_MS = 15_000;

/** How the fleet came to rest. */
export interface Recovery {
  readonly beganMs: number;
  /** Until every owner had its routes; undefined: it took longer than it may. */
  readonly tookMs: number | undefined;
  readonly missing: readonly string[];
  /** Changes within the quiet time. */
  readonly unrest: number;
  /** What was wrong with a plan in an agent's place. */
  readonly plans: readonly string[];
  readonly footprints: readonly { readonly name: string; readonly rssMiB: number; readonly fds: number }[];
}

/** All faults are over: waits until the owners have their routes, and looks whether it stays so. */
export async function recover(fleet: Fleet): Promise<Recovery> {
  const beganMs = performance.now();
  fleet.sandbox.faults.clear();
  let missing: readonly string[] = [];
  const look = () => {
    missing = misplaced(fleet);
    return missing.length === 0;
  };
  let tookMs: number | undefined;
  try {
    await waitFor(look, { limitMs: allowance(fleet), what: 'the routes at their owners' });
    tookMs = performance.now() - beganMs;
  } catch (error) {
    if (!(error instanceof NotInTimeError)) throw error;
  }
  // An owner that was just given its route back verifies it, and others look at what they see.
  await sleep(1_000);
  const before = fleet.journal.filter(isRouteChange).length;
  await sleep(QUIET_MS);
  const unrest = fleet.journal.filter(isRouteChange).length - before;
  const footprints = fleet.nodes.flatMap((node) => {
    const footprint = node.readFootprint();
    return footprint === undefined ? [] : [{ name: node.facts.name, ...footprint }];
  });
  const plans = await Promise.all(fleet.nodes.map(checkPlan));
  return { beganMs, tookMs, missing, unrest, footprints, plans: plans.flat() };
}

/** An owner that lost a route five times in ten minutes to one holder leaves it there for a while: at most 5 min. */
function allowance({ nodes }: Fleet): number {
  const nowMs = performance.now();
  const ends = nodes.flatMap((node) =>
    node.logs
      .filter(({ event }) => event === 'owner-conflict')
      .map(({ seenMs, facts }) => seenMs + Number(facts.waitMs) - nowMs),
  );
  return RECOVERY_LIMIT_MS + Math.max(0, ...ends);
}

function misplaced({ nodes, sandbox }: Fleet): readonly string[] {
  return nodes.flatMap(({ facts }) =>
    [ANYCAST, DEFAULT_ROUTE].flatMap((destination) => {
      const target = sandbox.world.targetOf(facts.tableId, destination);
      return target === facts.interfaceId ? [] : [`${facts.name} ${destination} is at ${target ?? 'nobody'}`];
    }),
  );
}

async function checkPlan(node: ChaosNode): Promise<readonly string[]> {
  const { status, text } = await planOf(node);
  return status === 0 ? [] : [`plan at ${node.facts.name} exits ${status}: ${text}`];
}
