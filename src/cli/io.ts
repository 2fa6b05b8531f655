import { readFileSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** What a command has of the process that it runs in: nothing below cli knows `process`. */
export interface Io {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  readonly columns: number;
  /** Whether what is written to a terminal may be colored: https://no-color.org. */
  readonly isColored: boolean;
  readonly uptimeMs: () => number;
  out(text: string): void;
  err(text: string): void;
  readStdin(): string;
  /** Calls `run` at each of these signals until it is taken back. */
  onSignal(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP', run: () => void): () => void;
  /** Ends the process at once. */
  exitNow(code: number): never;
}

/** The io of a real process. Writing is synchronous, so that nothing is lost at exit; a closed pipe loses text only. */
export function processIo(process: NodeJS.Process): Io {
  const { env } = process;
  // `process.stdout` is a stream that takes some ms to open, and is not written to.
  const isTerminal = isatty(1);
  return {
    argv: process.argv.slice(2),
    env,
    isTerminal,
    columns: isTerminal ? (process.stdout.columns ?? 80) : 80,
    isColored: isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
    uptimeMs: () => process.uptime() * 1_000,
    out: writerTo(1),
    err: writerTo(2),
    readStdin: () => readFileSync(0, 'utf8'),
    onSignal(name, run) {
      process.on(name, run);
      return () => process.off(name, run);
    },
    exitNow: (code) => endNow(process, code),
  };
}

/**
 * Ends the process at once, with that exit status where it can be: Node would wait for a thread that hangs in the kernel
 * (a file system that is gone), for ever.
 */
export function endNow(process: NodeJS.Process, code: number): never {
  if (process.getActiveResourcesInfo().some(holdsThread)) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

/** Whether that is carried out by a thread: file systems, and look-ups of names. */
function holdsThread(resource: string): boolean {
  return /^(FSReq|GetAddrInfo|GetNameInfo)/.test(resource);
}

/**
 * Writes whole texts. A full or closed pipe must neither stop nor end an agent: a text that can't be written now is
 * dropped, and one that was written in part is finished before the next, so that lines stay lines.
 */
export function writerTo(fd: number): (text: string) => void {
  let rest: Uint8Array = new Uint8Array();
  return (text) => {
    rest = writeSome(fd, rest);
    if (rest.length > 0) return;
    const whole = Buffer.from(text);
    const left = writeSome(fd, whole);
    if (left.length < whole.length) rest = left;
  };
}

/** What could not be written now. */
function writeSome(fd: number, bytes: Uint8Array): Uint8Array {
  let rest = bytes;
  for (let tries = 0; rest.length > 0 && tries < 1_000; tries += 1) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return new Uint8Array();
    }
  }
  return rest;
}
