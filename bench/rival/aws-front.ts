import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { makeCertificates } from '../../test/support/certificates.ts';

/**
 * AWS's own addresses, for a program that knows no other: an HTTP proxy that leads `CONNECT` to any host into the
 * sandbox, with a certificate for that host. Nothing of it leaves loopback.
 */
export interface AwsFront {
  /** For `HTTPS_PROXY`. */
  readonly proxyUrl: string;
  /** For `SSL_CERT_FILE`: what its certificates are signed by (PEM). */
  readonly authority: string;
  /** Hosts that were asked for. */
  hosts(): readonly string[];
  close(): Promise<void>;
}

export async function openAwsFront(options: {
  readonly target: string;
  readonly names: readonly string[];
}): Promise<AwsFront> {
  const { authority, server } = await makeCertificates(options.names);
  const hosts = new Set<string>();
  const sockets = new Set<Socket>();
  const inner = createTlsServer(server, (incoming, outgoing) => forward(options.target, incoming, outgoing));
  const proxy = createServer((_incoming, outgoing) => outgoing.writeHead(405).end());
  proxy.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    hosts.add(incoming.url ?? '');
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    inner.emit('connection', socket);
  });
  await new Promise<void>((resolve, reject) => {
    proxy.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = proxy.address() as AddressInfo;
  return {
    proxyUrl: `http://127.0.0.1:${port}`,
    authority: authority.cert,
    hosts: () => [...hosts],
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.closeAllConnections();
      return new Promise((resolve) => proxy.close(() => resolve()));
    },
  };
}

function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url = '/' } = incoming;
  const passed = request(new URL(url, target), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  passed.on('error', () => outgoing.destroy());
  incoming.pipe(passed);
}
