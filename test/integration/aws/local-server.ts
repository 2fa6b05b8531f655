import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that came in. `params` is the EC2 Query body (or STS's). */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly params: URLSearchParams;
  /** Which connection it came on, counted from 1. */
  readonly connection: number;
}

export interface LocalServer {
  readonly url: string;
  readonly received: Received[];
  readonly connections: () => number;
  close(): Promise<void>;
}

export type Responder = (request: Received, response: ServerResponse) => void;

/** An HTTP server on loopback that answers as told: for faults that a well-behaved fake does not have. */
export async function startServer(respond: Responder): Promise<LocalServer> {
  const received: Received[] = [];
  const numbers = new Map<unknown, number>();
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('error', () => undefined);
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      const params = new URLSearchParams(Buffer.concat(parts).toString());
      const request = { method, path, headers, params, connection: numbers.get(incoming.socket) ?? 0 };
      received.push(request);
      respond(request, response);
    });
  });
  server.on('connection', (socket) => numbers.set(socket, numbers.size + 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    connections: () => numbers.size,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An answer of EC2's Query API. */
export function answer(response: ServerResponse, action: string, body: string): void {
  response.writeHead(200, { 'content-type': 'text/xml' });
  response.end(
    `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>req-1</requestId>${body}</${action}Response>`,
  );
}

/** A refusal of EC2's Query API. */
export function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': 'req-2' });
  response.end(
    `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors><RequestID>req-2</RequestID></Response>`,
  );
}

/** The access key that signed a request. */
export function signerOf(request: Received): string | undefined {
  return request.headers.authorization?.match(/Credential=([^/]+)/)?.[1];
}
