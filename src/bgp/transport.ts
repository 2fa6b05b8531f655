import { connect, type NetConnectOpts, Socket } from 'node:net';
import { parseIpAddress } from '../lib/sockaddr.ts';
import { explainMd5, readMd5Counters } from './transport-md5-counters.ts';
import {
  familyOf,
  GTSM_TTL,
  type Guarded,
  guardSocket,
  nativeOptionsOf,
  type PeerLink,
  type TcpCalls,
  tcpCalls,
  withoutNative,
} from './transport-options.ts';

export interface DialOptions extends PeerLink {
  readonly remotePort: number;
  /** Source address; undefined: as the kernel chooses. */
  readonly localAddress: string | undefined;
}

export type Dialled =
  | {
      readonly ok: true;
      /** Connects, or has failed and tells by `error` later. `abandon` ends it at any time. */
      readonly socket: Socket;
      /** Why nothing came of it, one line: by the socket's error, or undefined where the caller has waited long enough. */
      readonly explain: (error: Error | undefined) => string;
    }
  /** `not-supported`: this platform lacks what the peer's configuration asks for. */
  | {
      readonly ok: false;
      readonly reason: 'not-supported' | 'connect-failed';
      readonly detail: string;
    };

/**
 * Begins a TCP connection with all that the peer asks for set before the first packet; never without. No timeout is set
 * on it: BGP has timers of its own for a peer that does not answer, falls silent or takes nothing (TCP_USER_TIMEOUT
 * would be a second, contradicting one). Where there is no native binding, plain peers are dialled with the system's TTL.
 */
export function dialPeer(options: DialOptions, calls: TcpCalls = tcpCalls): Dialled {
  const remote = parseIpAddress(options.remoteAddress);
  if (remote === undefined) return failed(`${options.remoteAddress} is no IP address`);
  if (!calls.hasNativeSockets()) return dialPlainly(options);
  const opened = calls.openTcpSocket(remote.family);
  if (!opened.ok) {
    const isLacking = opened.code === 'EAFNOSUPPORT';
    return isLacking
      ? notSupported('this host has no IPv6')
      : failed(`no socket can be opened (${opened.code})`);
  }
  const guarded = guardSocket(opened, options, calls);
  if (!guarded.ok) {
    calls.closeSocket(opened.fd);
    return refusal(guarded);
  }
  // Reading from a socket that is not connected yet would end it (ENOTCONN): it starts by itself at the connection.
  const socket = new Socket({ fd: opened.fd, readable: true, writable: true, ...{ manualStart: true } });
  if (options.security.hasGtsm) tightenOnceConnected(socket, { fd: opened.fd, options, calls });
  return begin(options, (to) => socket.connect(to), socket);
}

/**
 * A peer's listening socket may answer with another TTL than its sessions have, as GoBGP's does over IPv6: the least TTL
 * holds from the connection on, before anything is read, as FRR and BIRD do it. It was set once to know that it can be.
 */
function tightenOnceConnected(
  socket: Socket,
  { fd, options, calls }: { readonly fd: number; readonly options: DialOptions; readonly calls: TcpCalls },
): void {
  calls.setMinTtl(fd, familyOf(options), 0);
  socket.prependOnceListener('connect', () => {
    const set = calls.setMinTtl(fd, familyOf(options), GTSM_TTL);
    if (!set.ok) socket.destroy(Object.assign(new Error('no least TTL'), { code: set.code }));
  });
}

/**
 * Ends a connection at once, so that the peer hears a reset where it hears anything. Once our own FIN is out, or before
 * the connection stands, a reset fails and Node would keep the descriptor: it is only closed then.
 */
export function abandon(socket: Socket): void {
  if (!socket.connecting && !socket.destroyed && !socket.writableEnded) socket.resetAndDestroy();
  socket.destroy();
}

/** Why a connection could not be had, or broke: one line for people. */
export function explainConnectError(error: Error, options: DialOptions): string {
  const { remoteAddress, remotePort, localAddress } = options;
  const where = `${remoteAddress} port ${remotePort}`;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  switch (code) {
    case 'ECONNREFUSED':
      return `${where} refuses connections: no BGP speaker listens there, or not for us`;
    case 'ETIMEDOUT':
      return `${where} does not answer${hopHint(options)}`;
    case 'EHOSTUNREACH':
      return `${where} can't be reached${hopHint(options)}`;
    case 'ENETUNREACH':
      return `there is no route to ${where}`;
    case 'EADDRNOTAVAIL':
      return localAddress === undefined
        ? `no local address or port is free for ${where}`
        : `local_address ${localAddress} is on no interface of this host`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${where} has broken the connection off`;
    case 'EACCES':
    case 'EPERM':
      return `a rule of this host forbids connections to ${where} (${code})`;
    case 'EINVAL':
      return `${where} can't be dialled (EINVAL): a link-local address needs its interface, and local_address the same family`;
    default:
      return `${where}: ${code ?? error.message}`;
  }
}

/** The TTL of 1 that eBGP begins with is the usual reason why a peer behind a router never answers. */
function hopHint({ isEbgp, security }: DialOptions): string {
  const isLimited = isEbgp && security.multihopTtl === undefined && !security.hasGtsm;
  return isLimited ? '; if a router stands between, multihop_ttl is needed' : '';
}

function dialPlainly(options: DialOptions): Dialled {
  const lacking = nativeOptionsOf(options);
  if (lacking.length > 0) return refusal(withoutNative(lacking));
  return begin(options, connect, undefined);
}

function begin(
  options: DialOptions,
  start: (to: NetConnectOpts) => Socket,
  opened: Socket | undefined,
): Dialled {
  const { remotePort: port, localAddress, security } = options;
  const before = readMd5Counters();
  try {
    const to = { host: dialledHost(options), port, autoSelectFamily: false };
    const socket = start(localAddress === undefined ? to : { ...to, localAddress });
    socket.setNoDelay(true);
    const explain = (error: Error | undefined): string => {
      const why = explainConnectError(error ?? silence(), options);
      const isSilent = error === undefined || ('code' in error && error.code === 'ETIMEDOUT');
      const hasPassword = security.password !== undefined;
      const hint = isSilent ? explainMd5(before, readMd5Counters(), hasPassword) : undefined;
      return hint === undefined ? why : `${why}; ${hint}`;
    };
    return { ok: true, socket, explain };
  } catch (error) {
    opened?.destroy();
    return failed(explainConnectError(error instanceof Error ? error : new Error(String(error)), options));
  }
}

/**
 * The address with its interface. A link-local one without would get that of the first interface of this host which has
 * such an address (libuv does so), and not the one that the socket is tied to.
 */
export function dialledHost({
  remoteAddress,
  security,
}: Pick<DialOptions, 'remoteAddress' | 'security'>): string {
  const isBare = /^fe[89ab]/i.test(remoteAddress) && !remoteAddress.includes('%');
  return isBare && security.device !== undefined ? `${remoteAddress}%${security.device}` : remoteAddress;
}

function silence(): Error {
  return Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
}

function refusal(guarded: Guarded): Dialled {
  if (guarded.ok) return failed('');
  return guarded.isPlatformsFault ? notSupported(guarded.detail) : failed(guarded.detail);
}

function notSupported(detail: string): Dialled {
  return { ok: false, reason: 'not-supported', detail };
}

function failed(detail: string): Dialled {
  return { ok: false, reason: 'connect-failed', detail };
}
