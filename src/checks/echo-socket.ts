import { createSocket } from 'node:dgram';
import type { Clock } from '../lib/clock.ts';
import type { IpFamily } from '../lib/sockaddr.ts';
import {
  attachSocketFilter,
  bindSocket,
  bindToDevice,
  closeSocket,
  connectSocket,
  type EchoSocketKind,
  openEchoSocket,
  receiveDatagram,
  type SocketResult,
  sendDatagram,
} from '../lib/sockopt.ts';
import { echoReplyFilter, stripIpHeader } from './echo.ts';

/** What an echo socket hears: ICMP messages without their IP header, and errors by errno name. */
export interface EchoListener {
  readonly message: (message: Buffer, source: string) => void;
  readonly error: (code: string) => void;
}

/**
 * An ICMP socket connected to one destination, so that the kernel drops what comes from elsewhere and reports the hard
 * errors of this one. IP_RECVERR is never set on it: Node aborts on what it would deliver (libuv issue 4447).
 */
export interface EchoSocket {
  readonly kind: EchoSocketKind;
  /** Whether replies carry the identifier that we wrote; on a ping socket the kernel writes its own. */
  readonly isIdentifierOurs: boolean;
  /** Sends at once; expected errors are values. */
  send(packet: Buffer): SocketResult;
  /** Hears until `ignore` or `close`, at least until the deadline (on the clock's `now`); first what came since then. */
  listen(listener: EchoListener, deadlineMs: number): void;
  ignore(): void;
  close(): void;
}

export interface EchoSocketTarget {
  readonly family: IpFamily;
  /** An IP address, with `%scope` where it is link-local. */
  readonly destination: string;
  readonly sourceAddress: string | undefined;
  readonly sourceInterface: string | undefined;
  /** For a raw socket, 16 bits. */
  readonly identifier: number;
  /** The longest ICMP message to expect. */
  readonly messageBytes: number;
  readonly clock: Clock;
}

export type OpenedEchoSocket = SocketResult<{ readonly socket: EchoSocket }>;

/** Codes that mean "not this kind of socket": the next kind may do. */
const KIND_REFUSED = new Set(['EACCES', 'EPERM', 'EPROTONOSUPPORT']);

/** Whether that failure leaves only the `ping` program to try. */
export function isKindRefused(code: string): boolean {
  return code === 'unavailable' || KIND_REFUSED.has(code);
}

/** Opens the best kind of socket that this process may have: the kernel's ping socket, else a raw one. */
export function connectEchoSocket(target: EchoSocketTarget): OpenedEchoSocket {
  const ping = openEchoSocket({ kind: 'ping-socket', family: target.family });
  if (ping.ok) return prepare(ping.fd, target, () => new PingSocket(ping.fd, target.family));
  if (!KIND_REFUSED.has(ping.code)) return ping;
  const raw = openEchoSocket({ kind: 'raw-socket', family: target.family });
  if (!raw.ok) return raw;
  const filtered = attachSocketFilter(raw.fd, echoReplyFilter(target.family, target.identifier));
  if (!filtered.ok) {
    closeSocket(raw.fd);
    return filtered;
  }
  return prepare(raw.fd, target, () => new RawSocket(raw.fd, target));
}

/** A failure here concerns the destination, not the kind: EACCES is a prohibited route, and must not look like the other. */
function prepare(fd: number, target: EchoSocketTarget, make: () => EchoSocket): OpenedEchoSocket {
  const { sourceAddress, sourceInterface, destination } = target;
  const tied: SocketResult = sourceInterface === undefined ? { ok: true } : bindToDevice(fd, sourceInterface);
  const bound = !tied.ok || sourceAddress === undefined ? tied : bindSocket(fd, sourceAddress);
  const ready = bound.ok ? connectSocket(fd, destination) : bound;
  if (ready.ok) return { ok: true, socket: make() };
  closeSocket(fd);
  return { ok: false, code: KIND_REFUSED.has(ready.code) ? 'EHOSTUNREACH' : ready.code };
}

/** How much of what comes while nobody listens is kept for the next listener, as the kernel does for a raw socket. */
const MAX_EARLY = 16;

/** The kernel's own ping socket (icmp(7)): it gives out the identifier and filters by it. Received by Node's loop. */
class PingSocket implements EchoSocket {
  readonly kind = 'ping-socket';
  readonly isIdentifierOurs = false;
  readonly #fd: number;
  readonly #socket;
  readonly #early: { readonly message: Buffer; readonly source: string }[] = [];
  #listener: EchoListener | undefined;
  #isClosed = false;

  constructor(fd: number, family: IpFamily) {
    this.#fd = fd;
    this.#socket = createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
    this.#socket.on('message', (message, { address: source }) => {
      if (this.#listener !== undefined) this.#listener.message(message, source);
      else if (this.#early.length < MAX_EARLY) this.#early.push({ message, source });
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#listener?.error(error.code ?? 'EIO'));
    this.#socket.bind({ fd });
    this.#socket.unref(); // an attempt is kept alive by its deadline; a socket kept for the next must not keep the process
  }

  send(packet: Buffer): SocketResult {
    return this.#isClosed ? { ok: false, code: 'EBADF' } : sendDatagram(this.#fd, packet);
  }

  listen(listener: EchoListener): void {
    this.#listener = listener;
    for (const { message, source } of this.#early.splice(0)) listener.message(message, source);
  }

  ignore(): void {
    this.#listener = undefined;
  }

  close(): void {
    this.#listener = undefined;
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }
}

/** How much of the time waited so far may pass between two looks: the error of the latency, about 6 %. */
const LOOK_SHARE = 1 / 16;
const MIN_LOOK_MS = 1;
const MAX_MESSAGES_PER_LOOK = 64;
const IP_HEADER_MAX_BYTES = 60;

/**
 * A raw socket. Node's loop cannot wait for one, and a thread that waits would be one of the four that look names up,
 * so it is looked at: at once, then at growing distances, and last just before the deadline.
 */
class RawSocket implements EchoSocket {
  readonly kind = 'raw-socket';
  readonly isIdentifierOurs = true;
  readonly #fd: number;
  readonly #family: IpFamily;
  readonly #clock: Clock;
  readonly #buffer: Buffer;
  #listener: EchoListener | undefined;
  #isClosed = false;

  constructor(fd: number, { family, clock, messageBytes }: EchoSocketTarget) {
    this.#fd = fd;
    this.#family = family;
    this.#clock = clock;
    // One byte more, so that a longer message is not taken for ours when cut off.
    this.#buffer = Buffer.alloc(IP_HEADER_MAX_BYTES + messageBytes + 1);
  }

  send(packet: Buffer): SocketResult {
    return this.#isClosed ? { ok: false, code: 'EBADF' } : sendDatagram(this.#fd, packet);
  }

  listen(listener: EchoListener, deadlineMs: number): void {
    this.#listener = listener;
    const sinceMs = this.#clock.now();
    const look = (): void => {
      if (this.#listener !== listener) return;
      this.#receive(listener);
      if (this.#listener !== listener) return;
      const nowMs = this.#clock.now();
      const pauseMs = Math.min((nowMs - sinceMs) * LOOK_SHARE, deadlineMs - nowMs - MIN_LOOK_MS);
      this.#clock.after(Math.max(pauseMs, MIN_LOOK_MS), look);
    };
    setImmediate(look);
  }

  ignore(): void {
    this.#listener = undefined;
  }

  close(): void {
    this.#listener = undefined;
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSocket(this.#fd);
  }

  #receive(listener: EchoListener): void {
    for (let count = 0; count < MAX_MESSAGES_PER_LOOK && this.#listener === listener; count += 1) {
      const received = receiveDatagram(this.#fd, this.#buffer);
      if (!received.ok) {
        if (received.code !== 'EAGAIN' && received.code !== 'EINTR') listener.error(received.code);
        return;
      }
      const message = stripIpHeader(this.#family, this.#buffer.subarray(0, received.bytes));
      if (message !== undefined) listener.message(message, received.source ?? '');
    }
  }
}
