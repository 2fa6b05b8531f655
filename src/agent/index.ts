/**
 * The loop: it owns the state, asks core what should be done, and drives the drivers. Start reading at `agent.ts`,
 * then `engine.ts`: one pass of reading, deciding and acting.
 */
export { Agent, type AgentOptions } from './agent.ts';
export type { AnnouncerView } from './announcing.ts';
export type * from './deps.ts';
export { Engine } from './engine.ts';
export type * from './events.ts';
export { chooseInterface, type SourceDestRefusal } from './own-interfaces.ts';
export type { DecideMode } from './route-facts.ts';
export type { RouteView } from './route-index.ts';
export type { AgentSnapshot, CheckView, RouteStanding } from './snapshot.ts';
export type * from './spec.ts';
