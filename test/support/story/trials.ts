import type { AgentLogEvent } from './agent-log.ts';
import { type HeldRoute, routeText, type StoryZone } from './region.ts';
import type { Stage } from './stage.ts';

/** What two looks at the world and the log between them show. */
export interface Trial {
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Changes that the agents made meanwhile, as text. */
  readonly changes: readonly string[];
  readonly events: readonly AgentLogEvent[];
}

/** Ends the agent with the signal, starts it again, and waits until it knows its own service and everybody else's. */
export async function restartAgent(
  stage: Stage,
  zone: StoryZone,
  signal: 'SIGTERM' | 'SIGKILL',
): Promise<Trial> {
  return await observe(stage, async () => {
    await stage.endAgent(zone, signal);
    await stage.startAgent(zone);
    await stage.waitUntilWatching(zone);
  });
}

/** Does something, and tells what changed. */
export async function observe(stage: Stage, act: () => Promise<void>): Promise<Trial> {
  const mark = stage.logs.mark();
  const before = await stage.region.readRoutes();
  await act();
  const after = await stage.region.readRoutes();
  const events = stage.logs.since(mark);
  const changes = events.filter(({ event }) => event === 'route-changed').map(({ message }) => message);
  return { before: texts(before), after: texts(after), changes, events };
}

/** `api-failing` or `api-recovered` per zone and subject, with how often it was said. */
export function countBySubject(
  events: readonly AgentLogEvent[],
  event: string,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const entry of events.filter((one) => one.event === event)) {
    const key = `${entry.zone} ${String(entry.facts.subject ?? entry.facts.api)}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

function texts(routes: readonly HeldRoute[]): readonly string[] {
  return routes.map(routeText);
}
