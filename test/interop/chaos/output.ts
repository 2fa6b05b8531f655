import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** Standard output of an agent as chaos has it: what reads it can stop, or be gone. */
export interface Output {
  /** For the child; the caller closes its own copy once the child runs. */
  readonly childFd: number;
  /** The reader stops reading, and the pipe is full at once. What is given back reads on. */
  block(): () => void;
  /** The reader goes away: a write fails with EPIPE. What is given back opens the pipe anew. */
  hangUp(): () => void;
  /** Takes in what has come. */
  poll(): void;
  close(): void;
}

/** A named pipe, read by this process. */
export function openPipe(path: string, onLine: (line: string) => void): Output {
  if (!existsSync(path)) execFileSync('mkfifo', [path]);
  const openReader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const firstFd = openReader();
  const childFd = openSync(path, constants.O_WRONLY);
  let reader = readFrom(firstFd, onLine);
  let isClosed = false;
  return {
    childFd,
    block() {
      const blocked = reader.pause();
      // A paused stream still takes in what its own buffer holds: filled anew until nothing moves any more.
      const timer = setInterval(() => fill(path), 50);
      return () => {
        clearInterval(timer);
        blocked.resume();
      };
    },
    hangUp() {
      reader.destroy();
      return () => {
        // The next agent's output has a reader of its own.
        if (!isClosed) reader = readFrom(openReader(), onLine);
      };
    },
    poll: () => undefined,
    close() {
      isClosed = true;
      reader.destroy();
    },
  };
}

/** A file, which may be on a disk that gets full. Nobody can hang up on it. */
export function openFile(path: string, onLine: (line: string) => void): Output {
  const childFd = openSync(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND,
  );
  const readFd = openSync(path, constants.O_RDONLY);
  const take = lineReader(onLine);
  const chunk = Buffer.alloc(65_536);
  let isClosed = false;
  const poll = (): void => {
    for (let size = -1; size !== 0 && !isClosed; ) {
      size = readSync(readFd, chunk, 0, chunk.length, null);
      take(chunk.toString('utf8', 0, size));
    }
  };
  return {
    childFd,
    block: () => () => undefined,
    hangUp: () => () => undefined,
    poll,
    close() {
      if (isClosed) return;
      poll();
      isClosed = true;
      closeSync(readFd);
    },
  };
}

/** Gives whole lines to `onLine`. */
export function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
}

function readFrom(fd: number, onLine: (line: string) => void): Socket {
  const reader = new Socket({ fd, readable: true, writable: false });
  reader
    .setEncoding('utf8')
    .on('data', lineReader(onLine))
    .on('error', () => reader.destroy());
  return reader;
}

/** Writes until the pipe takes no more: a log of some lines a minute would take long to fill it. */
function fill(path: string): void {
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      for (const size of [4_096, 1]) for (;;) if (tryWrite(fd, size) === 0) break;
    } finally {
      closeSync(fd);
    }
  } catch {
    // The agent has ended meanwhile: nobody has the other end.
  }
}

function tryWrite(fd: number, size: number): number {
  try {
    return writeSync(fd, '#'.repeat(size));
  } catch {
    return 0;
  }
}
