import type { Clock } from '../lib/clock.ts';
import { type CommandResult, runCommand } from '../lib/run-command.ts';
import { type IpFamily, isSameAddress } from '../lib/sockaddr.ts';
import { isOwnTrouble } from './command-trouble.ts';
import type { PingSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

export interface PingProgramOptions {
  /** A path, or a name in PATH; undefined: `ping`. */
  readonly program: string | undefined;
  readonly family: IpFamily;
  /** An IP address, never a name. */
  readonly destination: string;
  readonly spec: PingSpec;
  readonly timeoutMs: number;
  /** Kills it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** The verdict, and the round trip as the program tells it. */
export interface ProgramVerdict extends Verdict {
  readonly rttMs?: number | undefined;
}

const DEFAULT_PROGRAM = 'ping';

/** How to get a socket instead; said with every "not permitted". */
export const PING_SOCKET_ADVICE =
  "set net.ipv4.ping_group_range to cover this process's group (it governs IPv6 too), or grant CAP_NET_RAW";

/**
 * Asks by the host's `ping` (iputils or BusyBox), where this process may open no ICMP socket: a process for each
 * attempt, and an answer that is only as well matched as that program does it. Its exit status must be 0, and the
 * address that it says answered must be the one asked.
 */
export async function pingByProgram(options: PingProgramOptions): Promise<ProgramVerdict> {
  const { timeoutMs, signal, clock } = options;
  const result = await runCommand({ argv: pingArguments(options), timeoutMs, signal, clock });
  return verdictOf(result, options.destination);
}

/** Whether the program can be started at all. */
export async function hasPingProgram(clock: Clock, program: string = DEFAULT_PROGRAM): Promise<boolean> {
  const result = await runCommand({ argv: [program, '-V'], timeoutMs: 1_000, clock });
  return result.status !== 'spawn-failed' || isOwnTrouble(result.code);
}

function pingArguments({ program, family, destination, spec, timeoutMs }: PingProgramOptions): string[] {
  const waitSec = Math.max(Math.ceil(timeoutMs / 1_000), 1); // older ones take no fraction; our own timer is exact
  const sources = [spec.sourceInterface, spec.sourceAddress];
  const source = sources.flatMap((from) => (from === undefined ? [] : ['-I', from]));
  const flags = [
    '-n',
    family === 'ipv4' ? '-4' : '-6',
    '-c',
    '1',
    '-W',
    `${waitSec}`,
    '-s',
    `${spec.payloadBytes}`,
  ];
  return [program ?? DEFAULT_PROGRAM, ...flags, ...source, destination];
}

function verdictOf(result: CommandResult, destination: string): ProgramVerdict {
  if (result.status === 'spawn-failed') {
    if (isOwnTrouble(result.code))
      return { reason: 'internal-error', detail: `ping program: ${result.code}` };
    return {
      reason: 'not-permitted',
      detail: `no ICMP socket, and no ping program (${result.code}): ${PING_SOCKET_ADVICE}`,
    };
  }
  if (result.status === 'timeout') return { reason: 'timeout', detail: 'no reply in time (ping program)' };
  if (result.status === 'signaled')
    return { reason: 'killed', detail: `the ping program was killed by ${result.signal}` };
  const answering = /bytes from ([^\s]+?):? /.exec(result.output)?.[1];
  if (result.code === 0 && answering !== undefined && isSameAddress(answering, destination)) {
    const time = /\btime[=<](\d+(?:\.\d+)?) ?ms\b/.exec(result.output)?.[1];
    return { reason: 'passed', rttMs: time === undefined ? undefined : Number(time) };
  }
  if (result.code <= 1) return { reason: 'timeout', detail: 'no reply (ping program)' };
  return { reason: 'unreachable', detail: `the ping program exited with ${result.code}` };
}
