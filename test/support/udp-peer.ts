import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

/** A datagram socket of a test, on loopback at a free port. */
export interface UdpPeer {
  readonly address: string;
  readonly port: number;
  /** All that has come, oldest first. */
  readonly received: readonly Buffer[];
  send(data: Uint8Array, to: Pick<RemoteInfo, 'address' | 'port'>): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Opens one; `onMessage` answers what comes. */
export async function udpPeer(
  address: string,
  onMessage: (data: Buffer, from: RemoteInfo, peer: UdpPeer) => void = () => undefined,
): Promise<UdpPeer> {
  const socket: Socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const received: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port: 0, address }, () => resolve());
  });
  let closed: Promise<void> | undefined;
  const peer: UdpPeer = {
    address,
    port: socket.address().port,
    received,
    send: (data, to) => {
      if (closed === undefined) socket.send(data, to.port, to.address, () => undefined);
    },
    close: () => {
      closed ??= new Promise((resolve) => socket.close(() => resolve()));
      return closed;
    },
  };
  socket.on('message', (data, from) => {
    received.push(data);
    onMessage(data, from, peer);
  });
  return peer;
}
