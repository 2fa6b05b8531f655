import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { ProbeReason } from './probe.ts';
import type { Verdict } from './verdict.ts';

export type ReadText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly verdict: Verdict };

const MAX_BYTES = 1_048_576;

const REASONS: Readonly<Record<string, ProbeReason>> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EACCES: 'not-permitted',
  EPERM: 'not-permitted',
};

/**
 * Reads one file again and again, the newest content each time. A read of a dead network file system cannot be called off
 * and holds a thread: there is never more than one, and who comes meanwhile waits for the same. Never rejects.
 */
export function pemReader(path: string): () => Promise<ReadText> {
  let underWay: Promise<ReadText> | undefined;
  return () => {
    underWay ??= readText(path).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

async function readText(path: string): Promise<ReadText> {
  let handle: FileHandle | undefined;
  try {
    // A pipe without a writer would hold the thread in open(2).
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (!stat.isFile()) return refuse('unreadable', `${path} is no file`);
    const bytes = stat.size > MAX_BYTES ? undefined : await readAll(handle, stat.size);
    if (bytes === undefined) return refuse('too-large', `${path} has more than ${MAX_BYTES} bytes`);
    return { ok: true, text: bytes.toString('latin1') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why = error instanceof Error ? error.message : String(error);
    return refuse(REASONS[code] ?? 'unreadable', code === 'ENOENT' ? `${path} does not exist` : why);
  } finally {
    await handle?.close().catch(() => undefined);
  }
}

/** undefined: it has grown beyond the limit meanwhile. */
async function readAll(handle: FileHandle, sizeAtFirst: number): Promise<Buffer | undefined> {
  let buffer = Buffer.alloc(sizeAtFirst + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
    if (length > MAX_BYTES) return undefined;
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(buffer.length)]);
  }
}

function refuse(reason: ProbeReason, detail: string): ReadText {
  return { ok: false, verdict: { reason, detail } };
}
