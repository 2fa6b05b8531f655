import { createServer, type Socket } from 'node:net';
import type { BadPeerEvent, BadPeersTask, Misbehaviour } from './bad-peers.ts';

// A child of bad-peers.ts in a router's namespace: each of its listeners treats whoever connects in one bad way.

const MARKER = 'f'.repeat(32);
const KEEPALIVE = Buffer.from(`${MARKER}001304`, 'hex');
/** An UPDATE whose withdrawn routes are said to be longer than the message (RFC 4271 §6.3). */
const OVERRUN = Buffer.from(`${MARKER}001702ffff0000`, 'hex');
/** The length that a message says is below that of its header (RFC 4271 §6.1). */
const TOO_SHORT = Buffer.from(`${MARKER}000104`, 'hex');

const TYPE_OFFSET = 18;

const task = JSON.parse(process.argv[2] ?? '') as BadPeersTask;
for (const [behaviour, port] of Object.entries(task.ports)) {
  createServer((socket) => treat(socket, behaviour as Misbehaviour)).listen(port, task.address, () =>
    tell({ behaviour: behaviour as Misbehaviour, what: 'listening' }),
  );
}
process.stdin.resume().on('end', () => process.exit(0));

function treat(socket: Socket, behaviour: Misbehaviour): void {
  tell({ behaviour, what: 'connected' });
  socket.on('error', () => undefined);
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (let message = take(); message !== undefined; message = take()) {
      tell({ behaviour, what: 'received', message: message.subarray(TYPE_OFFSET).toString('hex') });
      answer(socket, behaviour, message[TYPE_OFFSET] ?? 0);
    }
  });
  const take = (): Buffer | undefined => {
    const length = received.length < 19 ? 19 : received.readUInt16BE(16);
    if (received.length < length) return undefined;
    const message = received.subarray(0, length);
    received = received.subarray(length);
    return message;
  };
  if (behaviour === 'hangs-up') socket.destroy();
  if (behaviour === 'garbage') socket.write(Buffer.alloc(200, 'not of this protocol\r\n'));
  if (behaviour === 'short-message') socket.write(TOO_SHORT);
}

/** To an OPEN (1) and to the KEEPALIVE (4) that confirms ours. */
function answer(socket: Socket, behaviour: Misbehaviour, type: number): void {
  if (type === 1 && behaviour === 'wrong-asn') socket.write(open(64_999, 4));
  if (type === 1 && behaviour === 'wrong-version') socket.write(open(task.asn, 3));
  if (type === 1 && behaviour === 'bad-update') {
    socket.write(Buffer.concat([open(task.asn, 4), KEEPALIVE]));
  }
  if (type === 4 && behaviour === 'bad-update') socket.write(OVERRUN);
}

/** An OPEN without capabilities. */
function open(asn: number, version: number): Buffer {
  const message = Buffer.from(`${MARKER}001d0100${'0000'}005a${'0a4d02fe'}00`, 'hex');
  message.writeUInt8(version, 19);
  message.writeUInt16BE(asn, 20);
  return message;
}

function tell(event: BadPeerEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
