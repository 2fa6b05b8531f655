import { connect, createServer, type Socket } from 'node:net';

/** `pass`: as if it were not there. `refuse`: connections are reset. `blackhole`: they are taken, and nothing ever comes. */
export type ProxyMode = 'pass' | 'refuse' | 'blackhole';

/** Stands between the agents and an API, to take it away from them. */
export interface TcpProxy {
  readonly url: string;
  /** Holds for new connections; those that stand are reset (`refuse`) or go silent (`blackhole`). */
  setMode(mode: ProxyMode): void;
  close(): Promise<void>;
}

/** Listens on a free port of loopback and passes on to `target` (an http URL). */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let mode: ProxyMode = 'pass';

  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    track(client);
    if (mode === 'refuse') return void client.resetAndDestroy();
    if (mode === 'blackhole') return void client.resume();
    const upstream = connect({ host: hostname, port: Number(port) });
    track(upstream);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    forward(client, upstream);
    forward(upstream, client);
  });
  const forward = (from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => mode !== 'blackhole' && to.write(chunk));
    from.on('end', () => to.end());
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const ownPort = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${ownPort}`,
    setMode(next) {
      mode = next;
      if (next === 'refuse') for (const socket of sockets) socket.resetAndDestroy();
      // What went silent can't go on where it stopped: half a request is missing.
      if (next === 'pass') for (const socket of sockets) socket.destroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
