import { createServer, type Socket } from 'node:net';
import { decodeMessage } from '../../../src/bgp/decode.ts';
import { encodeMessage } from '../../../src/bgp/encode.ts';
import { Framer } from '../../../src/bgp/framer.ts';
import type { BgpMessage, Capability, OpenMessage, UpdateMessage } from '../../../src/bgp/message.ts';
import { formatPrefix } from '../../../src/bgp/prefix.ts';

/** What the peer does with a connection: nothing but read, or a whole session. */
export type Manner = 'silent' | 'session';

export interface RecordingPeerOptions {
  readonly host?: string;
  readonly port?: number;
  readonly asn?: number;
  readonly holdTime?: number;
  readonly bgpIdentifier?: string;
  readonly capabilities?: readonly Capability[];
  readonly manner?: Manner;
}

/** One connection of the speaker under test. */
export class PeerConnection {
  readonly socket: Socket;
  readonly messages: BgpMessage[] = [];
  /** Prefixes that it holds from what it was told, each with the UPDATE that brought it. */
  readonly table = new Map<string, UpdateMessage>();
  isClosed = false;
  readonly #framer = new Framer();
  readonly #options: Required<RecordingPeerOptions>;

  constructor(socket: Socket, options: Required<RecordingPeerOptions>) {
    this.socket = socket;
    this.#options = options;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.table.clear();
    });
  }

  send(message: BgpMessage): void {
    this.socket.write(encodeMessage(message, { isFourOctetAs: true }));
  }

  of<T extends BgpMessage['type']>(type: T): Extract<BgpMessage, { type: T }>[] {
    return this.messages.filter((message): message is Extract<BgpMessage, { type: T }> => {
      return message.type === type;
    });
  }

  #take(chunk: Uint8Array): void {
    for (const framed of this.#framer.push(chunk)) {
      if (!framed.ok) throw new Error(`the speaker wrote what can't be framed: ${framed.why}`);
      const families = ['ipv4', 'ipv6'] as const;
      const context = { isFourOctetAs: true, isIbgp: false, families, hasExtendedNextHop: true };
      const decoded = decodeMessage(framed.type, framed.body, context);
      if (!decoded.ok || decoded.errors.length > 0) {
        const why = decoded.ok ? decoded.errors[0]?.why : decoded.why;
        throw new Error(`the speaker wrote what can't be read: ${why}`);
      }
      this.messages.push(decoded.message);
      this.#answer(decoded.message);
    }
  }

  #answer(message: BgpMessage): void {
    if (message.type === 'update') this.#learn(message);
    if (message.type !== 'open' || this.#options.manner !== 'session') return;
    const { asn, holdTime, bgpIdentifier, capabilities } = this.#options;
    const open: OpenMessage = {
      type: 'open',
      version: 4,
      myAutonomousSystem: Math.min(asn, 65_535),
      holdTime,
      bgpIdentifier,
      capabilities,
    };
    this.send(open);
    this.send({ type: 'keepalive' });
  }

  #learn(update: UpdateMessage): void {
    for (const prefix of update.withdrawnRoutes) this.table.delete(formatPrefix(prefix));
    for (const prefix of update.nlri) this.table.set(formatPrefix(prefix), update);
    for (const attribute of update.pathAttributes) {
      if (attribute.type === 'mp-unreach-nlri') {
        for (const prefix of attribute.withdrawnRoutes ?? []) this.table.delete(formatPrefix(prefix));
      }
      if (attribute.type === 'mp-reach-nlri') {
        for (const prefix of attribute.nlri ?? []) this.table.set(formatPrefix(prefix), update);
      }
    }
  }
}

/** A peer that listens on loopback, takes part in sessions as told, and keeps what it hears. */
export interface RecordingPeer {
  readonly host: string;
  readonly port: number;
  /** In the order they came. */
  readonly connections: PeerConnection[];
  last(): PeerConnection | undefined;
  close(): Promise<void>;
}

export async function openRecordingPeer(options: RecordingPeerOptions = {}): Promise<RecordingPeer> {
  const asn = options.asn ?? 65_000;
  const all: Required<RecordingPeerOptions> = {
    host: '127.0.0.2',
    port: 0,
    asn,
    holdTime: 90,
    bgpIdentifier: '192.0.2.1',
    capabilities: [
      { type: 'multiprotocol', afi: 1, safi: 1 },
      { type: 'multiprotocol', afi: 2, safi: 1 },
      { type: 'route-refresh' },
      { type: 'four-octet-as', asn },
    ],
    manner: 'session',
    ...options,
  };
  const connections: PeerConnection[] = [];
  const server = createServer((socket) => connections.push(new PeerConnection(socket, all)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(all.port, all.host, resolve);
  });
  const address = server.address();
  return {
    host: all.host,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    connections,
    last: () => connections.at(-1),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const { socket } of connections) socket.destroy();
      await closed;
    },
  };
}
