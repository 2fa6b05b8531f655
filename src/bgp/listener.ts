import type { Socket } from 'node:net';
import type { Clock, Timer } from '../lib/clock.ts';
import { type ListenerPeer, misdirection, peerOf, peersByDevice, plainAddress } from './listener-peers.ts';
import { ListenerRefusals, type Refusal } from './listener-refusals.ts';
import { ListenerSocket } from './listener-socket.ts';
import type { ListenSpec } from './spec.ts';
import { abandon } from './transport.ts';
import { guardAccepted, type TcpCalls, tcpCalls } from './transport-options.ts';

export interface ListenerOptions<Peer extends ListenerPeer> {
  readonly spec: ListenSpec;
  /** No two of one address on the same device: the first has it. */
  readonly peers: readonly Peer[];
  readonly clock: Clock;
  /** A peer has connected, and all that it asks for is set. The socket belongs to the callee. */
  onConnection(socket: Socket, peer: Peer): void;
  /** It can't listen, and why (it keeps trying); undefined: it listens now. */
  onState(failure: string | undefined): void;
  /** At most once a minute for each address. */
  onRefusal(refusal: Refusal): void;
  /** A bug: that connection is closed. */
  onCrash(error: unknown): void;
}

/** What listens at one device, or at all of them, and for whom. */
interface Group<Peer> {
  readonly socket: ListenerSocket;
  peers: readonly Peer[];
  /** Undefined: not known yet. */
  state: 'listening' | { readonly failure: string } | undefined;
}

const RETRY_MS = 10_000;

/**
 * Takes connections of configured peers, each with its password, GTSM, TTL and device, and closes all others. A peer whose
 * settings can't be had here is not let in without them.
 */
export class Listener<Peer extends ListenerPeer = ListenerPeer> {
  readonly #options: ListenerOptions<Peer>;
  readonly #calls: TcpCalls;
  readonly #refusals: ListenerRefusals;
  readonly #groups = new Map<string | undefined, Group<Peer>>();
  #peers: readonly Peer[];
  #told: { readonly failure: string | undefined } | undefined;
  #retry: Timer | undefined;
  /** What the kernel gave for port 0, so that it stays the same. */
  #anyPort = 0;
  #isRunning = false;

  constructor(options: ListenerOptions<Peer>, calls: TcpCalls = tcpCalls) {
    this.#options = options;
    this.#calls = calls;
    this.#peers = options.peers;
    this.#refusals = new ListenerRefusals(options.clock, (refusal) => options.onRefusal(refusal));
  }

  /** Begins to listen; tells by `onState` what came of it. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#open();
  }

  /**
   * From now on these may connect. Connections that stand are not touched. The port stays open all the while, unless
   * keys of TCP-AO change, or peers are tied to another device.
   */
  setPeers(peers: readonly Peer[]): void {
    this.#peers = peers;
    if (this.#isRunning) this.#open();
  }

  /** Why a peer's connections are refused: what it asks for can't be had here. */
  refusalOf(peer: string): string | undefined {
    for (const { socket } of this.#groups.values()) {
      const why = socket.refusalOf(peer);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  /** How many connections were closed at once. */
  get refused(): number {
    return this.#refusals.total;
  }

  /** Undefined while it does not listen. */
  get port(): number | undefined {
    const ports = [...this.#groups.values()].map(({ socket }) => socket.port);
    return ports.find((port) => port !== undefined);
  }

  /** Idempotent. Connections that were accepted stay. */
  close(): Promise<void> {
    this.#isRunning = false;
    this.#retry?.cancel();
    for (const device of [...this.#groups.keys()]) this.#drop(device);
    return Promise.resolve();
  }

  /** Opens what is missing, closes what is too much, and tells the rest of its peers. */
  #open(): void {
    const wanted = this.#wantedGroups();
    const isShared = wanted.size > 1;
    for (const device of [...this.#groups.keys()]) if (!wanted.has(device)) this.#drop(device);
    for (const [device, { socket, state }] of [...this.#groups]) {
      const isFailed = typeof state === 'object';
      if (isFailed || !socket.fits(wanted.get(device) ?? [], isShared)) this.#drop(device);
    }
    for (const [device, peers] of wanted) {
      const group = this.#groups.get(device);
      if (group === undefined) this.#add(device, { peers, isShared, address: this.#options.spec.address });
      else {
        group.peers = peers;
        group.socket.setPeers(peers);
      }
    }
    this.#tell();
  }

  /** Without native calls no socket can be tied to a device: peers that ask for it are refused by the only one. */
  #wantedGroups(): ReadonlyMap<string | undefined, readonly Peer[]> {
    const groups = peersByDevice(this.#peers);
    return this.#calls.hasNativeSockets() && groups.size > 0 ? groups : new Map([[undefined, this.#peers]]);
  }

  #add(
    device: string | undefined,
    how: { readonly peers: readonly Peer[]; readonly isShared: boolean; readonly address: string },
  ): void {
    const { peers, isShared, address } = how;
    const port = this.#options.spec.port === 0 ? (this.port ?? this.#anyPort) : this.#options.spec.port;
    const socket: ListenerSocket = new ListenerSocket({
      address,
      port,
      device,
      isShared,
      calls: this.#calls,
      onConnection: (connection) => {
        try {
          this.#accept(group, connection);
        } catch (error) {
          abandon(connection);
          this.#options.onCrash(error);
        }
      },
      onState: (error) => {
        if (this.#groups.get(device) !== group) return;
        if (error?.code === 'EAFNOSUPPORT' && address === '::') {
          // A host without IPv6 has all of its addresses at the other wildcard.
          this.#add(device, { peers: group.peers, isShared, address: '0.0.0.0' });
          return;
        }
        group.state =
          error === undefined ? 'listening' : { failure: explain(error.code, { address, port, device }) };
        this.#anyPort = socket.port ?? this.#anyPort;
        this.#tell();
      },
    });
    const group: Group<Peer> = { socket, peers, state: undefined };
    this.#groups.set(device, group);
    socket.open(peers);
  }

  #drop(device: string | undefined): void {
    this.#groups.get(device)?.socket.close();
    this.#groups.delete(device);
  }

  #tell(): void {
    const states = [...this.#groups.values()].map(({ state }) => state);
    const failed = states.find((state) => typeof state === 'object');
    this.#retry?.cancel();
    if (failed !== undefined) this.#retry = this.#options.clock.after(RETRY_MS, () => this.#open());
    else if (states.includes(undefined)) return;
    const failure = failed?.failure;
    if (this.#told !== undefined && this.#told.failure === failure) return;
    this.#told = { failure };
    this.#options.onState(failure);
  }

  #accept({ socket: listening, peers }: Group<Peer>, socket: Socket): void {
    // Of one that nobody takes over; and its reset may have come already.
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    const address = plainAddress(socket.remoteAddress ?? '');
    const peer = peerOf(peers, address);
    const why = peer === undefined ? 'no peer has this address' : this.#whyNot(listening, socket, peer);
    if (peer === undefined || why !== undefined) {
      abandon(socket);
      if (address !== '') this.#refusals.add(address, why ?? '');
      return;
    }
    socket.setNoDelay(true);
    socket.off('error', ignore);
    this.#options.onConnection(socket, peer);
  }

  #whyNot(listening: ListenerSocket, socket: Socket, peer: Peer): string | undefined {
    const refused = listening.refusalOf(peer.name) ?? misdirection(peer, socket.localAddress ?? '');
    const { family, device } = listening;
    if (refused !== undefined || family === undefined) return refused;
    const guarded = guardAccepted({ socket, family, device }, peer, this.#calls);
    return guarded.ok ? undefined : guarded.detail;
  }
}

/** Why it can't listen, and what mends it. */
function explain(
  code: string,
  at: { readonly address: string; readonly port: number; readonly device: string | undefined },
): string {
  const where = `${at.address} port ${at.port}`;
  switch (code) {
    case 'EACCES':
      return (
        `${where} needs CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE), ` +
        `or the sysctl net.ipv4.ip_unprivileged_port_start=${at.port}`
      );
    case 'EADDRINUSE':
      return `another program listens on ${where}: stop it, or choose another address or port by listen`;
    case 'EADDRNOTAVAIL':
      return `${at.address} is on no interface of this host`;
    case 'ENODEV':
      return `there is no network interface ${at.device ?? 'for this link-local address'}`;
    default:
      return `can't listen on ${where} (${code})`;
  }
}
