import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Clock } from '../lib/clock.ts';
import { AnswerSearch } from './answer-search.ts';
import { attemptWithin } from './attempt.ts';
import { FileWatch } from './file-watch.ts';
import type { Probe } from './probe.ts';
import { SingleWork } from './single-work.ts';
import type { FileSpec } from './spec.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

export interface FileProbeOptions {
  readonly spec: FileSpec;
  readonly clock: Clock;
}

/** What of stat(2) is judged. */
export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'other';
  readonly modifiedMs: number;
}

/** Whether the attempt that asked still waits for the answer. */
interface Asking {
  isOver: boolean;
}

/** A file in which text is looked for may be as large as this. */
const MOST_BYTES = 16 * 1_048_576;
const CHUNK_BYTES = 65_536;

/** Passes while the file is as it has to be. Symbolic links are followed, and only regular files are ever opened. */
export function fileProbe({ spec, clock }: FileProbeOptions): Probe {
  const work = new SingleWork();
  let watch: FileWatch | undefined;
  return {
    attempt(timeoutMs, signal) {
      const onTimeout = (): Verdict => ({
        reason: 'timeout',
        detail: `the file system did not answer within ${timeoutMs} ms`,
      });
      return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
        const asking: Asking = { isOver: false };
        const forget = work.begin(async () => {
          finish(await look(spec, clock, asking).catch(verdictOfFileError));
          // In the same turn of work, so that a file system which hangs has one call to hang and not two.
          await watch?.refresh();
        });
        return () => {
          asking.isOver = true;
          forget();
        };
      });
    },
    watch(onChange) {
      watch = new FileWatch(spec.path, onChange);
    },
    close() {
      watch?.close();
      return Promise.resolve();
    },
  };
}

async function look(spec: FileSpec, clock: Clock, asking: Asking): Promise<Verdict> {
  const facts = await factsOf(spec.path);
  const verdict = judgeFacts(spec, facts, clock.wallNow());
  if (verdict.reason !== 'passed' || spec.contains === undefined || facts === undefined) return verdict;
  if (facts.kind !== 'file') {
    return { reason: 'unreadable', detail: `${spec.path} is ${nameOf(facts)}, not a regular file` };
  }
  return search(spec.path, spec.contains, asking);
}

/** undefined: it is not there, or a link to it leads nowhere. */
async function factsOf(path: string): Promise<FileFacts | undefined> {
  try {
    const found = await stat(path);
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
    return { kind, modifiedMs: found.mtimeMs };
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether the file is there, or not, and of the right age. `nowMs` and the file's time are of the wall clock. */
export function judgeFacts(spec: FileSpec, facts: FileFacts | undefined, nowMs: number): Verdict {
  const { path, state, minAgeMs, maxAgeMs } = spec;
  if (facts === undefined) {
    return state === 'absent'
      ? { reason: 'passed' }
      : { reason: 'not-found', detail: `${path} is not there` };
  }
  if (state === 'absent') return { reason: 'found', detail: `${path} is there (${nameOf(facts)})` };
  const ageMs = nowMs - facts.modifiedMs;
  if (maxAgeMs !== undefined && ageMs > maxAgeMs) {
    return { reason: 'too-old', detail: `${path} was changed ${told(ageMs)} ago` };
  }
  // Dated ahead of its time it would count as new long after its writer has died.
  if (maxAgeMs !== undefined && -ageMs > maxAgeMs) {
    return { reason: 'too-new', detail: `${path} has a time of change ${told(-ageMs)} ahead` };
  }
  if (minAgeMs !== undefined && ageMs < minAgeMs) {
    return { reason: 'too-new', detail: `${path} was changed ${told(Math.max(ageMs, 0))} ago` };
  }
  return { reason: 'passed' };
}

/** Opened so that what is no regular file any more can't make it wait. */
async function search(path: string, text: string, asking: Asking): Promise<Verdict> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const found = await file.stat();
    if (!found.isFile()) return { reason: 'unreadable', detail: `${path} is no regular file any more` };
    if (found.size > MOST_BYTES) return tooLarge(path);
    return await searchOpened(file, { path, text, asking });
  } finally {
    await file.close();
  }
}

/** Read to its end however large it was said to be: it may grow, and files of /proc have no size. */
async function searchOpened(
  file: FileHandle,
  { path, text, asking }: { readonly path: string; readonly text: string; readonly asking: Asking },
): Promise<Verdict> {
  const wanted = new AnswerSearch(text);
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let total = 0; total <= MOST_BYTES && !asking.isOver; ) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) {
      return { reason: 'content-mismatch', detail: `the text is not in the ${total} bytes of ${path}` };
    }
    total += bytesRead;
    if (wanted.push(chunk.subarray(0, bytesRead))) return { reason: 'passed' };
  }
  return tooLarge(path);
}

function tooLarge(path: string): Verdict {
  return {
    reason: 'too-large',
    detail: `${path} is larger than ${MOST_BYTES} bytes, the most that is searched`,
  };
}

function nameOf({ kind }: FileFacts): string {
  switch (kind) {
    case 'file':
      return 'a regular file';
    case 'directory':
      return 'a directory';
    case 'other':
      return 'a device, pipe or socket';
  }
}

function told(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** What a file system refuses says something of the file, unless this process is out of something itself. */
export function verdictOfFileError(error: unknown): Verdict {
  const { reason, detail } = verdictOfError(error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return { reason: 'not-found', detail };
  if (reason === 'not-permitted') return { reason, detail };
  const isOwn = code === undefined || OWN_TROUBLE.has(String(code));
  return { reason: isOwn ? 'internal-error' : 'unreadable', detail };
}

const OWN_TROUBLE: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);
