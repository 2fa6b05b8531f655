/** The properties that a run is judged by. docs/proof.md says each in a sentence. */
export const INVARIANTS = [
  'configured-only',
  'known-health',
  'fit-to-take',
  'own-target',
  'unfit-to-release',
  'never-delete',
  'own-route-only',
  'fresh-facts',
  'holder-suspect',
  'gateway-spared',
  'preempt-delay',
  'bounded-exchanges',
  'no-storm',
  'mutation-rate',
  'delete-race-bound',
  'announced-fit',
  'announced-promptly',
  'announced-once',
  'converges',
  'comes-to-rest',
  'no-crash',
  'stays-alive',
] as const;

export type Invariant = (typeof INVARIANTS)[number];

export interface Violation {
  readonly invariant: Invariant;
  readonly atMs: number;
  /** Label of the process; undefined where it is the fleet as a whole. */
  readonly process: string | undefined;
  readonly what: string;
}
