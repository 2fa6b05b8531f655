import type { Server, Socket } from 'node:net';

/** A server on loopback at a free port, or on a Unix socket; `close` ends its connections too. */
export interface Listening {
  readonly port: number;
  /** How many connections are open. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts any server of node:net, tls, http or https. */
export async function listen(
  server: Server,
  at: { readonly path?: string; readonly host?: string; readonly port?: number } = {},
): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined); // a probe may reset
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      at.path === undefined ? { port: at.port ?? 0, host: at.host ?? '127.0.0.1' } : { path: at.path },
      resolve,
    );
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    connections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
