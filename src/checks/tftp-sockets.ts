import type { RemoteInfo, Socket } from 'node:dgram';
import { openUdpSocket, type Peer, type UdpListener, type UdpSource } from './udp-exchange.ts';

const MAX_DRAWS = 8;

/**
 * The client's end of a transfer. The server answers from a port of its own choice (RFC 1350 §4), so the socket that
 * sends can't be connected, and Linux tells only connected ones of a closed port. Therefore a second one with the same
 * port is connected to wherever we send: it hears that port and its errors, the first hears all others. A socket on
 * an interface has no second one, and a closed port is silence there.
 */
export class TftpSockets {
  readonly #open: Socket;
  readonly #connected: Socket | undefined;
  readonly #listener: UdpListener;
  #peer: Peer;

  /** Throws, with a code, where the source is not to be had. */
  constructor(source: UdpSource, peer: Peer, listener: UdpListener) {
    this.#listener = listener;
    this.#peer = peer;
    if (source.sourceInterface !== undefined) {
      this.#open = openUdpSocket(source, listener);
      return;
    }
    [this.#open, this.#connected] = openPair(source, listener);
    this.#connect();
  }

  /** Sends to the server, at the port that it was last heard from. */
  send(packet: Buffer): void {
    this.#open.send(packet, this.#peer.port, this.#peer.address, (error) => {
      if (error) this.#listener.error(error);
    });
  }

  /** Sends to somebody else; whether that works is no matter of ours. */
  reply(packet: Buffer, { port, address }: RemoteInfo): void {
    this.#open.send(packet, port, address, () => undefined);
  }

  /** The server goes on from this port. */
  follow(port: number): void {
    if (port === this.#peer.port) return;
    this.#peer = { ...this.#peer, port };
    this.#connected?.disconnect();
    this.#connect();
  }

  close(): void {
    this.#open.close();
    this.#connected?.close();
  }

  #connect(): void {
    this.#connected?.connect(this.#peer.port, this.#peer.address, (error?: Error) => {
      if (error) this.#listener.error(error);
    });
  }
}

/**
 * Two sockets with one port, which `draw` gives. It may be taken again by the time it is used: a process that is just
 * being started holds a copy of the socket that drew it, until its own program has begun. Then another one is drawn.
 * Throws, with a code, and leaves nothing open then.
 */
export function openPair(source: UdpSource, listener: UdpListener, draw = drawPort): [Socket, Socket] {
  for (let drawn = 1; ; drawn += 1) {
    try {
      return openBoth({ ...source, sharedPort: draw(source) }, listener);
    } catch (error) {
      if (drawn === MAX_DRAWS || !isTaken(error)) throw error;
    }
  }
}

function openBoth(source: UdpSource, listener: UdpListener): [Socket, Socket] {
  const first = openUdpSocket(source, listener);
  try {
    return [first, openUdpSocket(source, listener)];
  } catch (error) {
    first.close();
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/**
 * A free port that no other check has. It is drawn for a socket that shares with nobody: those that share may be given
 * each other's.
 */
function drawPort(source: UdpSource): number {
  const socket = openUdpSocket(source, { message: () => undefined, error: () => undefined });
  const { port } = socket.address();
  socket.close();
  return port;
}
