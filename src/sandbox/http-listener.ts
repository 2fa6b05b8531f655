import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A listening HTTP server that can be closed at once, whatever its clients do. */
export interface HttpListener {
  readonly host: string;
  readonly port: number;
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  /** Destroys every connection and stops listening; resolves when the port is free. Idempotent. */
  close(): Promise<void>;
}

/** Listens on `port` (0: any free one). Rejects if the address cannot be had. */
export async function listenHttp(options: {
  readonly host: string;
  readonly port: number;
  readonly onRequest: RequestListener;
}): Promise<HttpListener> {
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, options.onRequest);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const shown = options.host.includes(':') ? `[${options.host}]` : options.host;
  let closing: Promise<void> | undefined;
  return {
    host: options.host,
    port,
    url: `http://${shown}:${port}`,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
      return closing;
    },
  };
}

/** The body as text; undefined: longer than `limitBytes`, or the client went away. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      const bytes = chunk as Buffer;
      size += bytes.length;
      if (size > limitBytes) return undefined;
      chunks.push(bytes);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Ends a connection with a reset (RST) rather than an orderly close. */
export function resetConnection(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}
