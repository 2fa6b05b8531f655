/**
 * The services that are probed, in a process of their own, so that what they cost is not counted. Prints where they
 * listen as one line of JSON, and ends when its standard input does.
 */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../../test/support/certificates.ts';
import { ADDRESS, type Targets } from './kind.ts';
import { ANSWER, dnsAnswer, ntpAnswer, tftpAnswer } from './responders.ts';

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ host: ADDRESS, port: 0, backlog: 4_096 }, resolve));
  return (server.address() as AddressInfo).port;
}

/** A TCP service whose clients may go away as they like. */
function connections(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createTcp((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return portOf(server);
}

/** `answersFromElsewhere`: as a TFTP server does, whose transfers have a port of their own (RFC 1350 §4). */
async function datagrams(
  answerOf: (packet: Buffer) => Buffer | undefined,
  { answersFromElsewhere = false } = {},
): Promise<number> {
  const open = async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, ADDRESS, resolve));
    return socket;
  };
  const socket = await open();
  const answering = answersFromElsewhere ? await open() : socket;
  for (const each of new Set([socket, answering])) {
    each.on('message', (packet, { port, address }) => {
      const answer = answerOf(packet);
      if (answer !== undefined) answering.send(answer, port, address);
    });
  }
  return socket.address().port;
}

/** `status: SERVING`, whatever is asked for. */
function answerHealth(stream: ServerHttp2Stream): void {
  stream.on('error', () => undefined);
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.resume();
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.end(Buffer.of(0, 0, 0, 0, 2, 0x08, 1));
}

function cabourotteResult(): string {
  const atSec = Math.floor(Date.now() / 1_000);
  const result = { name: 'web', summary: 'on 127.0.0.1', success: true, message: 'success', duration: 0 };
  return JSON.stringify({ ...result, 'healthcheck-timestamp': atSec, source: 'configuration' });
}

const certificates = await makeCertificates(['localhost']);
const folder = mkdtempSync(join(tmpdir(), 'vpcast-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));
process.once('SIGTERM', () => process.exit());
const files = { chain: join(folder, 'chain.pem'), text: join(folder, 'text') };
writeFileSync(files.chain, `${certificates.server.cert}\n${certificates.authority.cert}\n`);
writeFileSync(files.text, 'all is ok\n');

const grpc = createHttp2();
grpc.on('session', (session) => session.on('error', () => undefined));
grpc.on('stream', answerHealth);
const targets: Targets = {
  address: ADDRESS,
  ports: {
    tcp: await connections((socket) => socket.on('data', () => socket.end(`${ANSWER}\n`))),
    http: await portOf(createHttp((_request, response) => response.end('ok'))),
    https: await portOf(createHttps(certificates.server, (_request, response) => response.end('ok'))),
    cabourotte: await portOf(createHttp((_request, response) => response.end(cabourotteResult()))),
    grpc: await portOf(grpc),
    dnsOverTcp: await connections((socket) =>
      socket.on('data', (query) => {
        const answer = dnsAnswer(query.subarray(2));
        socket.end(Buffer.concat([Buffer.of(0, answer.length), answer]));
      }),
    ),
    dns: await datagrams(dnsAnswer),
    ntp: await datagrams((request) => ntpAnswer(request, Date.now())),
    tftp: await datagrams(tftpAnswer, { answersFromElsewhere: true }),
  },
  silent: {
    tcp: await connections((socket) => socket.resume()),
    udp: await datagrams(() => undefined),
  },
  closing: { tcp: await connections((socket) => socket.end()) },
  ca: certificates.authority.cert,
  files,
};
console.log(JSON.stringify(targets));
process.stdin.on('end', () => process.exit()).resume();
