import type { Scene } from '../../test/support/story/scenes.ts';

/** The agent of a zone dies; its service and its instance go on, and so its routes stay where they are. */
export function agentIsKilled(name: string): Scene {
  return {
    title: `the agent of zone ${name} is killed with -9: its routes stay`,
    limitMs: 8_000,
    ...nobodyMoves,
    act: async (stage) => void (await stage.endAgent(stage.zone(name), 'SIGKILL')),
  };
}

/** The agent of a zone is told to stop; its routes stay as well. */
export function agentIsStopped(name: string): Scene {
  return {
    title: `the agent of zone ${name} is told to stop: its prefix drains first`,
    limitMs: 8_000,
    ...nobodyMoves,
    act: async (stage) => void (await stage.endAgent(stage.zone(name), 'SIGTERM')),
  };
}

export function agentReturns(name: string): Scene {
  return {
    title: `the agent of zone ${name} is started again`,
    limitMs: 8_000,
    ...nobodyMoves,
    act: (stage) => stage.startAgent(stage.zone(name)),
  };
}

const nobodyMoves: Pick<Scene, 'zones' | 'holders'> = { zones: () => [], holders: () => [] };

/** What there is to see beside the story where a router listens: it knows of an agent's end at once. */
export const ROUTER_STORY: readonly Scene[] = [
  agentIsKilled('c'),
  agentReturns('c'),
  agentIsStopped('c'),
  agentReturns('c'),
];
