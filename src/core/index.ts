/**
 * What should be true: health from probes, a decision per route, a plan. Pure: no clock, no I/O, no randomness; time
 * comes in as `nowMs`. It never acts. Start reading at `decide.ts`: the decision table.
 */
export type * from './action.ts';
export * from './announce.ts';
export type * from './announcement.ts';
export * from './decide.ts';
export { type Finder, matches } from './finder.ts';
export * from './health.ts';
export * from './health-expression.ts';
export * from './memory.ts';
export * from './plan.ts';
export * from './route.ts';
