import { createServer, type Server, type Socket } from 'node:net';
import type { IpFamily } from '../lib/sockaddr.ts';
import type { SocketResult } from '../lib/sockopt.ts';
import type { TcpSocket } from '../lib/tcp-socket.ts';
import { answeringTtl, type ListenerPeer, listeningFamilies, listeningMinTtl } from './listener-peers.ts';
import { familyOf, nativeOptionsOf, setPeerKey, type TcpCalls, withoutNative } from './transport-options.ts';

export interface ListenerSocketOptions {
  readonly address: string;
  /** 0: any. */
  readonly port: number;
  /** Interface or VRF of all its peers. */
  readonly device: string | undefined;
  /** Another of our sockets listens at the same place, for another interface. */
  readonly isShared: boolean;
  readonly calls: TcpCalls;
  onConnection(socket: Socket): void;
  /** It listens now; or can't, for an errno, and is of no use any more. */
  onState(error: { readonly code: string } | undefined): void;
}

/** DSCP CS6, as on the connections. */
const NETWORK_CONTROL = 0xc0;

/**
 * One listening socket, with the keys of all its peers: the kernel drops what is not signed with them, and accepted
 * sockets inherit them.
 */
export class ListenerSocket {
  readonly #options: ListenerSocketOptions;
  readonly #server: Server;
  /** What was opened natively, as long as it is open. */
  #socket: TcpSocket | undefined;
  /** Address of a peer → the password that is set for it. */
  readonly #passwords = new Map<string, string>();
  /** Name of a peer → why it is not let in. */
  #refused: ReadonlyMap<string, string> = new Map();
  #aoKeys: string | undefined;
  #isListening = false;
  #isClosed = false;

  constructor(options: ListenerSocketOptions) {
    this.#options = options;
    this.#server = createServer((socket) => options.onConnection(socket));
    this.#server.on('listening', () => this.#listens());
    this.#server.on('error', (error) => this.#failed('code' in error ? String(error.code) : error.message));
  }

  /** Tells by `onState`, later. `peers`: as of `setPeers`. */
  open(peers: readonly ListenerPeer[]): void {
    const { address: host, port, calls } = this.#options;
    if (!calls.hasNativeSockets()) {
      this.setPeers(peers);
      this.#server.listen({ host, port });
      return;
    }
    const opened = this.#openNative(peers);
    if (opened.ok) this.#server.listen({ fd: opened.fd });
    else queueMicrotask(() => this.#failed(opened.code));
  }

  /** Whether these peers can be had without another socket. Keys of TCP-AO are set once, as it is opened. */
  fits(peers: readonly ListenerPeer[], isShared: boolean): boolean {
    return isShared === this.#options.isShared && aoKeysOf(peers) === (this.#aoKeys ?? aoKeysOf(peers));
  }

  /** From now on these may connect, with these keys. */
  setPeers(peers: readonly ListenerPeer[]): void {
    const socket = this.#socket;
    if (socket === undefined) {
      this.#refused = new Map(peers.flatMap((peer) => refusalWithoutNative(peer)));
      return;
    }
    for (const family of this.#families()) this.#setFamily(socket.fd, family, peers);
    this.#refused = this.#setKeys(socket, peers);
  }

  /** Why a peer's connections can't be taken; undefined: they can. */
  refusalOf(peer: string): string | undefined {
    return this.#refused.get(peer);
  }

  /** Accepted connections are tied to it. */
  get device(): string | undefined {
    return this.#options.device;
  }

  /** An accepted connection's own, for what is set on it. Undefined: there is no native binding. */
  get family(): IpFamily | undefined {
    return this.#socket?.family;
  }

  /** Undefined unless it listens. */
  get port(): number | undefined {
    const address = this.#isClosed ? null : this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : undefined;
  }

  /** Connections that were accepted stay. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#socket = undefined;
    // Without `listening` there is nothing to close; the descriptor went with the failure.
    if (this.#server.listening) this.#server.close();
  }

  #openNative(peers: readonly ListenerPeer[]): SocketResult<TcpSocket> {
    const { address, port, device, isShared, calls } = this.#options;
    const family: IpFamily = this.#families().includes('ipv6') ? 'ipv6' : 'ipv4';
    const opened = calls.openTcpSocket(family);
    if (!opened.ok) return opened;
    const tied: SocketResult = device === undefined ? { ok: true } : calls.bindToDevice(opened.fd, device);
    const bound = tied.ok ? calls.bindTcpSocket(opened, { address, port, isShared }) : tied;
    if (!bound.ok) {
      calls.closeSocket(opened.fd);
      return bound;
    }
    this.#socket = { fd: opened.fd, family };
    // Before it listens: nobody gets in unsigned.
    this.setPeers(peers);
    return opened;
  }

  #setFamily(fd: number, family: IpFamily, peers: readonly ListenerPeer[]): void {
    const { calls } = this.#options;
    // Where one of them fails, the accepted socket fails too, and is closed for that.
    calls.setTtl(fd, family, answeringTtl(peers, family));
    calls.setMinTtl(fd, family, listeningMinTtl(peers, family));
    calls.setTrafficClass(fd, family, NETWORK_CONTROL);
  }

  #setKeys(socket: TcpSocket, peers: readonly ListenerPeer[]): ReadonlyMap<string, string> {
    const { calls } = this.#options;
    const isFirst = this.#aoKeys === undefined;
    const refused = new Map<string, string>();
    this.#removePasswords(socket, peers);
    const seen = new Set<string>();
    for (const peer of peers) {
      const { name, remoteAddress, security } = peer;
      // An address has one key; a second peer of that address would not be found either.
      if (seen.has(remoteAddress)) continue;
      seen.add(remoteAddress);
      const isSet =
        security.tcpAo === undefined
          ? this.#passwords.get(remoteAddress) === security.password
          : !isFirst && !this.#refused.has(name);
      if (isSet || !this.#families().includes(familyOf(peer))) continue;
      const keyed = setPeerKey(socket, peer, calls);
      if (!keyed.ok) refused.set(name, keyed.detail);
      else if (security.password !== undefined) this.#passwords.set(remoteAddress, security.password);
    }
    this.#aoKeys = aoKeysOf(peers);
    return refused;
  }

  #removePasswords(socket: TcpSocket, peers: readonly ListenerPeer[]): void {
    const kept = new Set(peers.filter(hasPassword).map(({ remoteAddress }) => remoteAddress));
    for (const address of this.#passwords.keys()) {
      if (kept.has(address)) continue;
      this.#options.calls.setMd5Key(socket, address, '');
      this.#passwords.delete(address);
    }
  }

  #families(): readonly IpFamily[] {
    return listeningFamilies(this.#options.address);
  }

  #listens(): void {
    this.#isListening = true;
    if (this.#isClosed) this.#server.close();
    else this.#options.onState(undefined);
  }

  /** An error once it listens is one of a connection that could not be accepted: the peer will try again. */
  #failed(code: string): void {
    if (this.#isListening || this.#isClosed) return;
    this.#socket = undefined;
    this.#options.onState({ code });
  }
}

function hasPassword({ security }: ListenerPeer): boolean {
  return security.password !== undefined;
}

/** All of them as one text. */
function aoKeysOf(peers: readonly ListenerPeer[]): string {
  return JSON.stringify(
    peers.map(({ remoteAddress, security }) => security.tcpAo && [remoteAddress, security.tcpAo]),
  );
}

function refusalWithoutNative(peer: ListenerPeer): readonly [string, string][] {
  const lacking = nativeOptionsOf(peer);
  const guarded = lacking.length === 0 ? undefined : withoutNative(lacking);
  return guarded === undefined || guarded.ok ? [] : [[peer.name, guarded.detail]];
}
