import { getSystemErrorName } from 'node:util';
import { libc } from './libc.ts';
import { type DumpPart, readDump } from './rtnetlink.ts';
import type { SocketResult } from './socket-call.ts';

/** The answer's datagrams as they came, or the errno's name; `unavailable`: another system than Linux, or no binding. */
export type NetlinkResult =
  | { readonly ok: true; readonly datagrams: readonly Buffer[] }
  | { readonly ok: false; readonly code: string };

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;

/** The kernel fills at most 32 KiB (netlink(7)). */
const DATAGRAM_BYTES = 32_768;
/** Far more than a machine's interfaces take. */
const DATAGRAMS_LIMIT = 2_048;

/** An answer during which something changed is asked for again, but not for ever. */
const ASKED_AT_MOST = 3;

/** What an answer is received into. Who asks often, one at a time, keeps one. */
export function netlinkBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(DATAGRAM_BYTES);
}

/** Asks for a list of what there is, until nothing has changed meanwhile. `code` as of `askNetlink`, or the kernel's errno. */
export async function dumpNetlink(
  request: Buffer,
  into: Buffer = netlinkBuffer(),
): Promise<
  { readonly ok: true; readonly parts: readonly DumpPart[] } | { readonly ok: false; readonly code: string }
> {
  for (let asked = 1; ; asked += 1) {
    const parts: DumpPart[] = [];
    const isLast = (datagram: Buffer): boolean => {
      const part = readDump(datagram);
      parts.push(part);
      return part.isEnd;
    };
    const answer = await askNetlink(request, isLast, into);
    if (!answer.ok) return answer;
    const error = parts.find((part) => part.error !== undefined)?.error;
    if (error !== undefined) return { ok: false, code: errorName(error) };
    if (asked === ASKED_AT_MOST || !parts.some((part) => part.isStale)) return { ok: true, parts };
  }
}

/** Asks for a change, which the kernel acknowledges. `EPERM`: not without CAP_NET_ADMIN. */
export async function changeByNetlink(request: Buffer): Promise<SocketResult> {
  const answer = await askNetlink(request, (datagram) => readDump(datagram).error !== undefined);
  if (!answer.ok) return answer;
  const last = answer.datagrams.at(-1);
  const error = last === undefined ? undefined : readDump(last).error;
  return error === 0 ? { ok: true } : { ok: false, code: errorName(error ?? 0) };
}

/** 0 where an errno is due: what came can't be read. */
function errorName(error: number): string {
  return error > 0 ? getSystemErrorName(-error) : 'EINTR';
}

/**
 * Sends one request to the kernel's routing family (rtnetlink(7)) and gathers what it answers, until `isLast` says so of
 * a datagram. The calls are made in the thread pool: while an interface is changed the kernel lets everyone wait, which
 * with some drivers takes seconds.
 */
export async function askNetlink(
  request: Buffer,
  isLast: (datagram: Buffer) => boolean,
  into: Buffer = netlinkBuffer(),
): Promise<NetlinkResult> {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const fd = native.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return { ok: false, code: native.lastError() };
  try {
    const sent = await native.sendLater(fd, request);
    if (sent < 0) return { ok: false, code: getSystemErrorName(sent) };
    return await gather((buffer) => native.receiveLater(fd, buffer), isLast, into);
  } finally {
    native.close(fd);
  }
}

async function gather(
  receive: (into: Buffer) => Promise<number>,
  isLast: (datagram: Buffer) => boolean,
  into: Buffer,
): Promise<NetlinkResult> {
  const datagrams: Buffer[] = [];
  while (datagrams.length < DATAGRAMS_LIMIT) {
    const bytes = await receive(into);
    if (bytes < 0) return { ok: false, code: getSystemErrorName(bytes) };
    const datagram = Buffer.from(into.subarray(0, bytes));
    datagrams.push(datagram);
    if (isLast(datagram)) return { ok: true, datagrams };
  }
  return { ok: false, code: 'EMSGSIZE' };
}
