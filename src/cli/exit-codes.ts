/** Exit codes: sysexits.h, plus 2 for "plan has changes". */
export const EXIT = {
  ok: 0,
  failed: 1,
  changes: 2,
  usage: 64,
  noInput: 66,
  unavailable: 69,
  software: 70,
  config: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
