import { basename } from 'node:path';
import { assertNever } from '../lib/assert-never.ts';
import type { Clock } from '../lib/clock.ts';
import { type CommandEnd, runCommand } from '../lib/run-command.ts';
import { isOwnTrouble } from './command-trouble.ts';
import type { Probe } from './probe.ts';
import type { CommandSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

const DESTINATION = '%DESTINATION%';
const DETAIL_CHARACTERS = 200;

export interface CommandProbeOptions {
  readonly spec: CommandSpec;
  readonly destination: string;
  readonly clock: Clock;
}

/** Passes when the program exits with 0 in time. Its process group is killed otherwise. */
export function commandProbe({ spec, destination, clock }: CommandProbeOptions): Probe {
  const argv = spec.argv.map((argument) => argument.replaceAll(DESTINATION, () => destination));
  return {
    async attempt(timeoutMs, signal) {
      const result = await runCommand({ argv, timeoutMs, signal, clock });
      const { reason, detail } = verdictOf(result, argv);
      const said = lastLine(result.output);
      return {
        ok: reason === 'passed',
        reason,
        latencyMs: result.durationMs,
        detail: reason === 'passed' || said === '' ? detail : `${detail}: ${said}`,
      };
    },
    // The runner's signal has killed what runs; nothing outlives an attempt.
    close: () => Promise.resolve(),
  };
}

function verdictOf(end: CommandEnd, argv: readonly string[]): Verdict {
  const name = basename(argv[0] ?? '');
  switch (end.status) {
    case 'exited':
      return end.code === 0
        ? { reason: 'passed' }
        : { reason: 'exit-status', detail: `${name} exited with ${end.code}` };
    case 'signaled':
      return { reason: 'killed', detail: `${name} was killed by ${end.signal}` };
    case 'timeout':
      return { reason: 'timeout', detail: `${name} was killed, as it took too long` };
    case 'spawn-failed':
      if (isOwnTrouble(end.code)) return { reason: 'internal-error', detail: `${argv[0]}: ${end.code}` };
      return { reason: 'spawn-failed', detail: `${argv[0]}: ${end.code}` };
    default:
      return assertNever(end);
  }
}

function lastLine(output: string): string {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  return line.trim().slice(0, DETAIL_CHARACTERS);
}
