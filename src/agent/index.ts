/**
 * The loop: it owns the state, asks core what should be done, and drives the drivers. Start reading at `agent.ts`.
 */
export type * from './spec.ts';
