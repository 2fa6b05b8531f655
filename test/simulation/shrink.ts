import type { Script, SimEvent } from './script.ts';

/** Runs at most this many smaller scripts. */
const MAX_RUNS = 400;

/**
 * A script that fails in the same way with fewer events, shorter ones and a smaller fleet: leaves out ever smaller
 * groups of events, and keeps what still fails.
 */
export async function shrink(script: Script, isFailing: Fails): Promise<Script> {
  let runs = 0;
  const fails = async (candidate: Script): Promise<boolean> => {
    runs += 1;
    return runs <= MAX_RUNS && (await isFailing(candidate));
  };
  let smallest = script;
  let before: Script;
  do {
    before = smallest;
    smallest = await withFewerEvents(smallest, fails);
    for (const candidate of simpler(smallest)) if (await fails(candidate)) smallest = candidate;
  } while (smallest !== before && runs < MAX_RUNS);
  return smallest;
}

export type Fails = (script: Script) => Promise<boolean>;

async function withFewerEvents(script: Script, fails: Fails): Promise<Script> {
  let { events } = script;
  for (let size = Math.ceil(events.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < events.length; ) {
      const fewer = events.toSpliced(from, size);
      if (await fails({ ...script, events: fewer })) events = fewer;
      else from += size;
    }
  }
  return events.length === script.events.length ? script : { ...script, events };
}

/** The same with one thing less: an agent that no event names, a route, a second in which an event lasts. */
function* simpler(script: Script): Generator<Script> {
  const { fleet, events } = script;
  for (const name of fleet.names.slice(2).reverse()) {
    const isNamed = events.some((event) => Object.values(event).includes(name));
    if (!isNamed && name === fleet.names.at(-1))
      yield { ...script, fleet: { ...fleet, names: fleet.names.slice(0, -1) } };
  }
  if (fleet.routes.length > 1) {
    const kept = events.filter((event) => event.kind !== 'edit-route');
    if (kept.length === events.length)
      for (const route of fleet.routes) yield { ...script, fleet: { ...fleet, routes: [route] } };
  }
  for (const [index, event] of events.entries()) {
    if (!('forMs' in event) || event.forMs < 1_000) continue;
    const shorter: SimEvent = { ...event, forMs: Math.round(event.forMs / 2) };
    yield { ...script, events: events.with(index, shorter) };
  }
}
