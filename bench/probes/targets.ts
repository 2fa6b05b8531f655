/**
 * The services that are probed, in a process of their own, so that what they cost is not counted. Prints where they
 * listen as one line of JSON, and ends when its standard input does.
 */
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net';
import { makeCertificates } from '../../test/support/certificates.ts';
import { ADDRESS, ANSWER, type Targets } from './kinds.ts';

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen({ host: ADDRESS, port: 0, backlog: 4_096 }, resolve));
  return (server.address() as AddressInfo).port;
}

const certificates = await makeCertificates(['localhost']);
const tcp = createTcp((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', () => socket.end(`${ANSWER}\n`));
});
const http = createHttp((_request, response) => response.end('ok'));
const https = createHttps(certificates.server, (_request, response) => response.end('ok'));
const targets: Targets = {
  tcpPort: await portOf(tcp),
  httpPort: await portOf(http),
  httpsPort: await portOf(https),
  ca: certificates.authority.cert,
};
console.log(JSON.stringify(targets));
process.stdin.on('end', () => process.exit()).resume();
