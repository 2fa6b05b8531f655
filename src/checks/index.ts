/**
 * One file per kind of check, and the scheduler that runs them. It never decides what an outcome means for a route.
 * Start reading at `spec.ts` and `probe.ts`.
 */
export type * from './probe.ts';
export type * from './spec.ts';
