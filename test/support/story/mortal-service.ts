import { createServer, type Server, type Socket } from 'node:net';

/** What a service that is well says to whoever connects. */
export const GREETING = 'at your service';

/**
 * A TCP service in this process that can end at once, in two ways: it `dies` (connections are refused from then on), or
 * it `fallsSilent` (they are taken and nothing ever comes, as from an instance or a network that is gone).
 */
export class MortalService {
  readonly #sockets = new Set<Socket>();
  #isSilent = false;
  readonly #server: Server = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    if (!this.#isSilent) socket.write(`${GREETING}\n`);
  });

  /** Resolves with the port; 0 asks for a free one. */
  async listen(address: string, port = 0): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, address, resolve);
    });
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  fallSilent(): void {
    this.#isSilent = true;
  }

  /** Idempotent. */
  die(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
