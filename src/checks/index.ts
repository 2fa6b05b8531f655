/**
 * One file per kind of check, and the scheduler that runs them. It never decides what an outcome means for a route.
 * Start reading at `spec.ts` and `probe.ts`, then `scheduler.ts`.
 */

export { choosePingMethod, type PingMethod, type PingMethods } from './ping-method.ts';
export type * from './probe.ts';
export { makeProbe, type ProbeContext } from './probes.ts';
export { CheckRunner, type CheckRunnerOptions } from './scheduler.ts';
export type * from './spec.ts';
export { type StartTime, startTime, startTimes } from './start-times.ts';
export { trustSystemAuthorities } from './tls-settings.ts';
