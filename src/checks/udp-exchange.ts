import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import type { Clock } from '../lib/clock.ts';
import { type IpFamily, isSameAddress, parseIpAddress } from '../lib/sockaddr.ts';
import { bindSocket, closeSocket, openDeviceSocket, type SocketResult } from '../lib/sockopt.ts';
import { attemptWithin, type Finish } from './attempt.ts';
import type { ProbeOutcome } from './probe.ts';
import { firstOfFamily, type Resolver } from './resolver.ts';
import type { SourceSpec } from './spec.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

/** Who is asked. `address` is an IP address, with `%scope` where it is link-local. */
export interface Peer {
  readonly address: string;
  readonly family: IpFamily;
  readonly port: number;
}

/** One conversation over UDP, as long as an attempt lasts. */
export interface UdpExchange {
  /** What it means that the time is up now. */
  silence(timeoutMs: number): Verdict;
  /** Frees everything. Called once, with how the attempt ended. */
  end(verdict: Verdict): void;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly resolver: Resolver;
  /** An IP address or a host name, of which the first address of the source's family is asked. */
  readonly destination: string;
  readonly port: number;
  readonly sourceAddress: string | undefined;
}

/** One attempt: looks the destination up, then begins. What `begin` throws is the outcome; it has to have closed all then. */
export function attemptExchange(
  options: ExchangeOptions,
  begin: (peer: Peer, finish: Finish) => UdpExchange,
): Promise<ProbeOutcome> {
  const { clock, timeoutMs, signal } = options;
  let exchange: UdpExchange | undefined;
  const onTimeout = (): Verdict =>
    exchange?.silence(timeoutMs) ?? {
      reason: 'resolve-failed',
      detail: `no address within ${timeoutMs} ms`,
    };
  return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
    let ended: Verdict | undefined;
    const onFound = (found: Peer | Verdict): void => {
      if (ended !== undefined) return;
      if ('reason' in found) {
        finish(found);
        return;
      }
      exchange = begin(found, finish);
      // What begins may have failed at once, and was not there to be ended yet.
      if (ended !== undefined) exchange.end(ended);
    };
    findPeer(options)
      .then(onFound)
      .catch((error: unknown) => finish(verdictOfError(error)));
    return (verdict) => {
      ended = verdict;
      exchange?.end(verdict);
    };
  });
}

async function findPeer(options: ExchangeOptions): Promise<Peer | Verdict> {
  const { resolver, destination, port, sourceAddress } = options;
  const resolution = await resolver.resolve(destination);
  if (!resolution.ok) return { reason: 'resolve-failed', detail: resolution.error.message };
  const sourceFamily = parseIpAddress(sourceAddress ?? '')?.family;
  const address = firstOfFamily(resolution.addresses, sourceFamily);
  const family = address === undefined ? undefined : parseIpAddress(address)?.family;
  if (address !== undefined && family !== undefined) return { address, family, port };
  return { reason: 'resolve-failed', detail: `${destination} has no address of the source's family` };
}

export interface UdpListener {
  readonly message: (data: Buffer, from: RemoteInfo) => void;
  readonly error: (error: Error) => void;
}

export interface UdpSource extends SourceSpec {
  readonly family: IpFamily;
  /** A local port to share with other sockets that say the same. By default an own one that the kernel draws (RFC 9109 §3). */
  readonly sharedPort?: number;
}

/**
 * Opens a datagram socket, bound to its source when this returns; throws, with a code, where that can't be. One with an
 * interface is bound to a port only when it first sends. Whoever opens it closes it.
 */
export function openUdpSocket(source: UdpSource, listener: UdpListener): Socket {
  const { family, sourceInterface, sharedPort } = source;
  const fd = sourceInterface === undefined ? undefined : openOnDevice(source, sourceInterface);
  const kind = family === 'ipv4' ? { type: 'udp4' as const } : { type: 'udp6' as const, ipv6Only: true };
  const socket = createSocket({ ...kind, lookup: asItIs, reuseAddr: sharedPort !== undefined });
  let failure: Error | undefined;
  let isOpening = true;
  socket.on('message', listener.message);
  socket.on('error', (error) => {
    if (isOpening) failure = error;
    else listener.error(error);
  });
  const local = { port: sharedPort ?? 0, ...(source.sourceAddress ? { address: source.sourceAddress } : {}) };
  socket.bind({ exclusive: true, ...(fd === undefined ? local : { fd }) });
  isOpening = false;
  if (failure === undefined) return socket;
  socket.close();
  throw failure;
}

function openOnDevice({ family, sourceAddress }: UdpSource, device: string): number {
  const opened = openDeviceSocket({ kind: 'udp', family, device });
  if (!opened.ok) throw sourceError(opened, `no socket on interface ${device}`);
  const bound: SocketResult = sourceAddress === undefined ? opened : bindSocket(opened.fd, sourceAddress);
  if (bound.ok) return opened.fd;
  closeSocket(opened.fd);
  throw sourceError(bound, `no socket on interface ${device} from ${sourceAddress}`);
}

function sourceError({ code }: { readonly code: string }, what: string): Error {
  const why = code === 'unavailable' ? 'interfaces can be chosen on Linux only' : code;
  return Object.assign(new Error(`${what}: ${why}`), { code });
}

/** Only addresses get here: what binds and connects need not wait, and is done when it returns. */
const asItIs: NonNullable<SocketOptions['lookup']> = (address, _options, callback) => {
  callback(null, address, address.includes(':') ? 6 : 4);
};

/** Whether a datagram came from this very address and port. */
export function isFrom({ address, port }: Peer, from: RemoteInfo): boolean {
  return from.port === port && isSameAddress(from.address, address);
}

/** The verdict on an error of a datagram socket. */
export function verdictOfUdpError(error: Error, { address, port }: Pick<Peer, 'address' | 'port'>): Verdict {
  const verdict = verdictOfError(error);
  if (verdict.reason !== 'refused') return verdict;
  return { ...verdict, detail: `nobody listens at ${placeOf(address, port)} (ECONNREFUSED)` };
}

function placeOf(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Datagrams that were not the answer: how many, and where the last of them came from. */
export class Strangers {
  #count = 0;
  #last = '';

  add({ address, port }: RemoteInfo): void {
    this.#count += 1;
    this.#last = placeOf(address, port);
  }

  /** To end a sentence with; empty where there were none. */
  get told(): string {
    if (this.#count === 0) return '';
    const what = this.#count === 1 ? '1 datagram that was' : `${this.#count} datagrams that were`;
    return `; ignored ${what} not the answer, from ${this.#last}${this.#count === 1 ? '' : ' last'}`;
  }
}
