import { getSystemErrorName } from 'node:util';
import { type Libc, libc } from './libc.ts';

/** The answer's datagrams as they came, or the errno's name; `unavailable`: another system than Linux, or no binding. */
export type NetlinkResult =
  | { readonly ok: true; readonly datagrams: readonly Buffer[] }
  | { readonly ok: false; readonly code: string };

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_ROUTE = 0;

/** The kernel fills at most 32 KiB (netlink(7)). */
const DATAGRAM_BYTES = 65_536;
/** Far more than a machine's interfaces take. */
const DATAGRAMS_LIMIT = 2_048;

/**
 * Sends one request to the kernel's routing family (rtnetlink(7)) and gathers what it answers, until `isLast` says so of
 * a datagram. The calls are made in the thread pool: while an interface is changed the kernel lets everyone wait, which
 * with some drivers takes seconds.
 */
export async function askNetlink(
  request: Buffer,
  isLast: (datagram: Buffer) => boolean,
): Promise<NetlinkResult> {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const fd = native.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return { ok: false, code: native.lastError() };
  try {
    const sent = await native.sendLater(fd, request);
    return sent < 0 ? { ok: false, code: getSystemErrorName(sent) } : await gather(native, fd, isLast);
  } finally {
    native.close(fd);
  }
}

async function gather(
  native: Libc,
  fd: number,
  isLast: (datagram: Buffer) => boolean,
): Promise<NetlinkResult> {
  const into = Buffer.alloc(DATAGRAM_BYTES);
  const datagrams: Buffer[] = [];
  while (datagrams.length < DATAGRAMS_LIMIT) {
    const bytes = await native.receiveLater(fd, into);
    if (bytes < 0) return { ok: false, code: getSystemErrorName(bytes) };
    const datagram = Buffer.from(into.subarray(0, bytes));
    datagrams.push(datagram);
    if (isLast(datagram)) return { ok: true, datagrams };
  }
  return { ok: false, code: 'EMSGSIZE' };
}
