import type { RemoteInfo } from 'node:dgram';
import { type UdpPeer, udpPeer } from '../../support/udp-peer.ts';

/** One transfer as a server sees it: from a port of its own, to the client that asked. */
export interface Session {
  readonly own: UdpPeer;
  readonly client: RemoteInfo;
  send(packet: Uint8Array): void;
}

/** What a server does with each packet of a transfer, the request first. */
export type Script = (packet: Buffer, session: Session) => void;

export interface TftpServer {
  readonly port: number;
  /** The requests that came to its first port. */
  readonly requests: readonly Buffer[];
  /** One for each request. */
  readonly sessions: readonly Session[];
  close(): Promise<void>;
}

/** A TFTP server that follows a script. */
export async function tftpServer(address: string, script: Script): Promise<TftpServer> {
  const sessions: Session[] = [];
  const main = await udpPeer(address, (request, client) => {
    const toClient = async (): Promise<void> => {
      let session: Session | undefined;
      const own = await udpPeer(address, (packet, from) => {
        if (session !== undefined && from.port === client.port) script(packet, session);
      });
      session = { own, client, send: (packet) => own.send(packet, client) };
      sessions.push(session);
      script(request, session);
    };
    void toClient();
  });
  return {
    port: main.port,
    requests: main.received,
    sessions,
    close: async () => {
      await Promise.all([main, ...sessions.map(({ own }) => own)].map((peer) => peer.close()));
    },
  };
}

export function dataPacket(block: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0, 3, (block >>> 8) & 0xff, block & 0xff]), content]);
}

export function optionsPacket(...texts: readonly string[]): Buffer {
  return Buffer.concat([Buffer.from([0, 6]), ...texts.map((text) => Buffer.from(`${text}\0`))]);
}

export function errorPacket(code: number, message: string): Buffer {
  return Buffer.from(`\0\x05\0${String.fromCharCode(code)}${message}\0`, 'latin1');
}

/** `ack 3`, `error 5`, `request`: what a client's packet is. */
export function nameOf(packet: Buffer): string {
  const opcode = packet.readUInt16BE(0);
  if (opcode === 4) return `ack ${packet.readUInt16BE(2)}`;
  return opcode === 5 ? `error ${packet.readUInt16BE(2)}` : 'request';
}

/** An honest server of one file, in blocks as each client asks; `agree` false: it knows no options. */
export function honest(file: Buffer, { agree = true } = {}): Script {
  const sizes = new WeakMap<UdpPeer, number>();
  return (packet, { own, send }) => {
    const name = nameOf(packet);
    const [, asked] = (name === 'request' && /blksize\0(\d+)\0/.exec(packet.toString('latin1'))) || [];
    if (asked !== undefined && agree) sizes.set(own, Number(asked));
    const size = sizes.get(own) ?? 512;
    const block = name === 'request' ? 0 : Number(name.split(' ')[1]);
    if (asked !== undefined && agree) {
      send(optionsPacket('blksize', String(size), 'tsize', String(file.length), 'timeout', '1'));
    } else if (!name.startsWith('error') && block * size <= file.length) {
      send(dataPacket(block + 1, file.subarray(block * size, (block + 1) * size)));
    }
  };
}
