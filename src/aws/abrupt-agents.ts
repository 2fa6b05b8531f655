import { type ClientRequestArgs, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Socket, type TcpNetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';

type OnConnected = (error: Error | null, stream: Duplex) => void;

/**
 * A connection that is given up ends by a reset (RST). After an ordinary close the kernel goes on delivering what was
 * written for a minute or two: a change that timed out behind a network fault would be made when the fault is over,
 * whatever has become of the route meanwhile.
 */
class AbruptSocket extends Socket {
  #isEnding = false;

  override destroy(error?: Error): this {
    const isGivenUp = error === undefined || error.name === 'AbortError';
    // One that is ending already can't be reset: libuv refuses, and Node would never close it.
    const isOver = this.#isEnding || this.writableEnded || this.connecting || this.destroyed;
    if (!isGivenUp || isOver) return super.destroy(error);
    this.#isEnding = true;
    return this.resetAndDestroy();
  }
}

export class AbruptHttpAgent extends HttpAgent {
  override createConnection(options: ClientRequestArgs): Duplex {
    return open(options);
  }
}

/** TLS goes over the socket given, and destroys it when it is destroyed itself. */
export class AbruptHttpsAgent extends HttpsAgent {
  override createConnection(
    options: ClientRequestArgs,
    onConnected?: OnConnected,
  ): Duplex | null | undefined {
    return super.createConnection({ ...options, socket: open(options) } as ClientRequestArgs, onConnected);
  }
}

function open(options: ClientRequestArgs): Socket {
  return new AbruptSocket().connect(options as TcpNetConnectOpts);
}
