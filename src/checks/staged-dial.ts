import type { Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { parseIpAddress } from '../lib/sockaddr.ts';
import { type DialTarget, dial } from './dial.ts';
import { dialOptions } from './dial-options.ts';

/** A connection that is told of how far it has come. */
export interface StagedDial {
  /** What is read and written: the TLS connection where there is one. */
  readonly socket: Socket;
  /** What it waits for. */
  readonly awaited: DialStage;
}

export type DialStage = 'address' | 'connection' | 'TLS handshake' | 'answer';

/**
 * Begins a TCP connection, and TLS on it where options for that are given. Whatever fails is an error of `socket`, and
 * destroying that frees everything. It is not to be reset: Node's HTTP clients fail an assertion, or crash, where the
 * connection below TLS ends before the TLS one.
 */
export function dialStaged(target: DialTarget, tls: ConnectionOptions | undefined): StagedDial {
  let awaited: DialStage = parseIpAddress(target.host) === undefined ? 'address' : 'connection';
  const { wire, socket } =
    tls === undefined || target.sourceInterface !== undefined
      ? dialLayers(target, tls)
      : dialTls(target, tls);
  wire.once('lookup', () => {
    awaited = 'connection';
  });
  wire.once('connect', () => {
    awaited = tls === undefined ? 'answer' : 'TLS handshake';
  });
  socket.once('secureConnect', () => {
    awaited = 'answer';
  });
  return {
    socket,
    get awaited() {
      return awaited;
    },
  };
}

/** `wire` tells of the TCP connection. */
interface Layers {
  readonly wire: Socket;
  readonly socket: Socket;
}

function dialTls(target: DialTarget, tls: ConnectionOptions): Layers {
  const { host, port } = target;
  const socket = connectTls({ ...tls, host, port, ...dialOptions(target) });
  return { wire: socket, socket };
}

function dialLayers(target: DialTarget, tls: ConnectionOptions | undefined): Layers {
  const wire = dial(target);
  if (tls === undefined) return { wire, socket: wire };
  const socket = connectTls({ ...tls, socket: wire });
  wire.on('error', (error) => socket.destroy(error));
  socket.once('close', () => wire.destroy());
  return { wire, socket };
}
