import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type AdminSources, type Answer, answer } from './answer.ts';

/** Where the server listens. */
export interface AdminSpec {
  /** An IP address; undefined: every address of this machine. */
  readonly host: string | undefined;
  /** 0: any free one. */
  readonly port: number;
}

/** A server that listens. */
export interface AdminServer {
  readonly port: number;
  /** Ends every connection at once and stops listening; resolves when the port is free. Idempotent. */
  close(): Promise<void>;
}

export interface AdminOptions {
  readonly sources: AdminSources;
  /** Told of what should not happen: a source that throws, a connection that can't be accepted. */
  onError(error: unknown): void;
}

/** `why`: one sentence that says the address, what is in the way, and what to do. */
export type Opened =
  | { readonly ok: true; readonly server: AdminServer }
  | { readonly ok: false; readonly code: string; readonly why: string };

/** A scraper needs one connection. What more come are turned away, those that say nothing are ended. */
const LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;
const MAX_CONNECTIONS = 64;
/** Requests of one connection that wait for their answers. Thousands fit into one read, and would stop the loop. */
const MAX_WAITING = 16;
/** For so long an address is turned away that sent more: just to read such a heap has taken tens of ms. */
const TURNED_AWAY_MS = 1_000;
/** Without a byte in either direction. */
const SILENCE_MS = 10_000;

/** Listens, or tells why not. */
export async function openAdmin(spec: AdminSpec, options: AdminOptions): Promise<Opened> {
  const sockets = new Set<Socket>();
  const waiting = new WeakMap<Socket, number>();
  const floods = new Set<string | undefined>();
  const turnAway = ({ remoteAddress }: Socket): void => {
    if (floods.has(remoteAddress)) return;
    floods.add(remoteAddress);
    setTimeout(() => floods.delete(remoteAddress), TURNED_AWAY_MS).unref();
    for (const socket of sockets) if (socket.remoteAddress === remoteAddress) socket.destroy();
  };
  const server = createServer(LIMITS, (request, response) => {
    const { socket } = request;
    const count = waiting.get(socket) ?? 0;
    if (count >= MAX_WAITING) {
      turnAway(socket);
      return;
    }
    waiting.set(socket, count + 1);
    respond(request, response, options)
      .catch((error: unknown) => {
        options.onError(error);
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
      })
      .finally(() => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = SILENCE_MS;
  server.on('connection', (socket) => {
    if (floods.has(socket.remoteAddress)) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const failure = await listen(server, spec);
  if (failure !== undefined) return { ok: false, code: failure.code ?? '', why: whyNot(spec, failure) };
  // An error without a listener would end the agent.
  server.on('error', options.onError);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : spec.port;
  return { ok: true, server: { port, close: onceClosed(server, sockets) } };
}

/** Undefined: it listens. */
function listen(server: Server, { host, port }: AdminSpec): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', resolve);
      resolve(undefined);
    });
  });
}

function onceClosed(server: Server, sockets: ReadonlySet<Socket>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
    return closing;
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { sources }: AdminOptions,
): Promise<void> {
  // A scraper that goes away in the middle is none of our business.
  response.on('error', () => undefined);
  const { method = '', url = '' } = request;
  const answered = await answer({ method, url }, sources);
  response.writeHead(answered.status, headersOf(answered, request));
  response.end(answered.body);
}

function headersOf({ contentType, body, allow }: Answer, request: IncomingMessage) {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  // A body that nobody asked for is not read to its end, so the connection is of no further use.
  const hasBody = encoding !== undefined || (length !== undefined && length !== '0');
  return {
    'content-type': contentType,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(allow === undefined ? {} : { allow }),
    ...(hasBody ? { connection: 'close' } : {}),
  };
}

function whyNot({ host, port }: AdminSpec, { code, message }: NodeJS.ErrnoException): string {
  const shown = host === undefined ? `:${port}` : `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const subject = `admin.address ${shown}: `;
  switch (code) {
    case 'EADDRINUSE':
      return `${subject}another process listens there (ss -ltnp shows which); end it, or choose another port`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return `${subject}this machine has no such address; choose one of its own (ip address shows them)`;
    case 'EACCES':
      return `${subject}this process may not listen there; choose a port from 1024, or grant CAP_NET_BIND_SERVICE`;
    default:
      return `${subject}it cannot be listened on (${message}); choose another`;
  }
}
