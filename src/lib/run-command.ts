import type { Clock, Timer } from './clock.ts';
import type { CommandRequest, OwnEnd, RunEnd, RunReport } from './command-run.ts';
import { CommandStarter } from './command-starter.ts';
import { makeCommandWorker } from './command-thread.ts';
import { setDeadline } from './deadline.ts';
import { once } from './once.ts';
import { systemClock } from './system-clock.ts';

export interface CommandOptions extends CommandRequest {
  readonly timeoutMs: number;
  /** Kills the command; the result is then `signaled` by SIGKILL. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
}

/** `spawn-failed` with EAGAIN: it is not known how it ended, or it was never begun, for reasons of our own. */
export type CommandEnd = OwnEnd | { readonly status: 'timeout' };

export type CommandResult = CommandEnd & {
  /** The last 4 KiB of standard output and standard error, in the order they came. */
  readonly output: string;
  /** All of standard output; undefined where it was not wanted, or larger than wanted. */
  readonly stdout: string | undefined;
  readonly durationMs: number;
};

const ABORTED: CommandEnd = { status: 'signaled', signal: 'SIGKILL' };
const TIMED_OUT: CommandEnd = { status: 'timeout' };
const LOST: CommandEnd = { status: 'spawn-failed', code: 'EAGAIN' };

/** The thread that kills a command is heard within a fraction of this, if it is not about to start another one. */
const LAST_WORD_MS = 50;
/** Of the time for which a command waited for its turn, as much is given again, where it was longer than this. */
const MAX_GRANT_MS = 250;
const WAIT_MS = 50;

/**
 * The threads that start commands belong to the process, as its children do. They end with it; what has begun then is
 * killed.
 */
const processStarter = once(() => {
  const starter = new CommandStarter({ makeWorker: makeCommandWorker, clock: systemClock });
  process.once('exit', () => {
    // A thread that hangs in the kernel would keep the process for ever.
    if (!starter.end()) process.kill(process.pid, 'SIGKILL');
  });
  return starter;
});

/**
 * Runs a program to its end, its timeout or its abort, whichever is first; never rejects. It has a process group of its
 * own, and all of that is killed (SIGKILL) at timeout and abort, and when this process exits. What it leaves running when
 * it exits by itself is left alone, and not waited for even where it holds our pipe open.
 */
export function runCommand(
  options: CommandOptions,
  starter: Pick<CommandStarter, 'start'> = processStarter(),
): Promise<CommandResult> {
  const { argv, env, stdoutBytes, survivesExit, timeoutMs, signal, clock = systemClock } = options;
  const startedMs = clock.now();
  if (signal?.aborted === true) {
    return Promise.resolve({ ...ABORTED, output: '', stdout: undefined, durationMs: 0 });
  }
  return new Promise((resolve) => {
    let timer: Timer | undefined;
    let turnMs: number | undefined;
    let killedAs: CommandEnd | undefined;
    const finish = ({ end, output, stdout }: RunReport): void => {
      timer?.cancel();
      signal?.removeEventListener('abort', onAbort);
      resolve({ ...commandEndOf(end, killedAs), output, stdout, durationMs: clock.now() - startedMs });
    };
    const killAs = (end: CommandEnd): void => {
      killedAs ??= end;
      timer?.cancel();
      timer = clock.after(LAST_WORD_MS, () =>
        finish({ end: { status: 'killed' }, output: '', stdout: undefined }),
      );
      kill();
    };
    const onTimeout = (): void => {
      const waitedMs = (turnMs ?? startedMs) - startedMs;
      if (waitedMs <= WAIT_MS) killAs(TIMED_OUT);
      else timer = clock.after(Math.min(waitedMs, MAX_GRANT_MS), () => killAs(TIMED_OUT));
    };
    const onAbort = (): void => killAs(ABORTED);
    timer = setDeadline(clock, timeoutMs, onTimeout);
    signal?.addEventListener('abort', onAbort, { once: true });
    const kill = starter.start(
      { argv, env, stdoutBytes, survivesExit },
      {
        onTurn: () => {
          turnMs = clock.now();
        },
        onReport: finish,
      },
    );
  });
}

function commandEndOf(end: RunEnd, killedAs: CommandEnd | undefined): CommandEnd {
  switch (end.status) {
    case 'killed':
      return killedAs ?? LOST;
    case 'lost':
      return killedAs === ABORTED ? ABORTED : LOST;
    default:
      return end;
  }
}
