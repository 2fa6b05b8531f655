import { assertNever } from '../lib/assert-never.ts';
import type { CommandEnd } from '../lib/run-command.ts';
import type { Verdict } from './verdict.ts';

const OWN_TROUBLE: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);
const DETAIL_CHARACTERS = 200;

/** Out of descriptors, processes or memory, or lost from sight: nothing is said of a target by that. */
export function isOwnTrouble(code: string): boolean {
  return OWN_TROUBLE.has(code);
}

/** Why a program that looks for us could not; undefined: it has ended by itself. */
export function commandTrouble(program: string, end: CommandEnd): Verdict | undefined {
  switch (end.status) {
    case 'exited':
      return undefined;
    case 'signaled':
      return { reason: 'killed', detail: `${program} was killed by ${end.signal}` };
    case 'timeout':
      return { reason: 'timeout', detail: `${program} was killed, as it took too long` };
    case 'spawn-failed':
      return verdictOfSpawn(program, end.code);
    default:
      return assertNever(end);
  }
}

function verdictOfSpawn(program: string, code: string): Verdict {
  if (code === 'ENOENT') return { reason: 'spawn-failed', detail: `${program} is not here` };
  const reason = isOwnTrouble(code) ? 'internal-error' : 'spawn-failed';
  return { reason, detail: `${program} can't be run: ${code}` };
}

/** The last line of what a program said that is not empty. */
export function lastLineOf(output: string): string {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  return line.trim().slice(0, DETAIL_CHARACTERS);
}
