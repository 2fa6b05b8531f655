import { createServer } from 'node:net';
import { join } from 'node:path';
import type { OwnedProcess, Processes } from './processes.ts';

const PROGRAM = join(import.meta.dirname, 'tcp-service-main.ts');

/** Starts a real process that listens there; resolves when it does. */
export async function startTcpService(
  processes: Processes,
  at: { readonly address: string; readonly port: number },
): Promise<OwnedProcess> {
  const said = Promise.withResolvers<string>();
  const service = await processes.start({
    name: `service at ${at.address}:${at.port}`,
    script: PROGRAM,
    args: [at.address, String(at.port)],
    env: {},
    onLine: said.resolve,
  });
  const line = await said.promise;
  if (line === 'listening') return service;
  throw new Error(`${service.name}: ${line}`);
}

/** An address that this host does not have (on macOS only 127.0.0.1 of 127.0.0.0/8 is up). */
export class NoAddressError extends Error {}

/** A port that is free on each of the addresses. Throws NoAddressError. */
export async function findCommonPort(addresses: readonly string[]): Promise<number> {
  const [first = '127.0.0.1', ...others] = addresses;
  for (let tries = 0; tries < 50; tries += 1) {
    const port = await tryListen(first, 0);
    const ports = await Promise.all(others.map((address) => tryListen(address, port ?? 0)));
    if (port !== undefined && ports.every((found) => found === port)) return port;
  }
  throw new Error(`no port is free on all of ${addresses.join(', ')}`);
}

/** Listens for a moment; resolves with the port, or undefined if that one is taken. */
function tryListen(address: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else if (error.code === 'EADDRNOTAVAIL') reject(new NoAddressError(address));
      else reject(error);
    });
    server.listen(port, address, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' ? bound?.port : undefined));
    });
  });
}
