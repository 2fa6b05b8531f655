import type { Socket } from 'node:net';
import { Listener, type ListenerOptions } from '../../src/bgp/listener.ts';
import type { ListenerPeer } from '../../src/bgp/listener-peers.ts';
import type { Refusal } from '../../src/bgp/listener-refusals.ts';
import { dialPeer } from '../../src/bgp/transport.ts';
import { type TcpCalls, tcpCalls } from '../../src/bgp/transport-options.ts';
import { systemClock as clock } from '../../src/lib/system-clock.ts';
import { dialOptions } from './bgp-peers.ts';
import { waitFor } from './story/wait.ts';

/** Sockets of one test. */
export class TestSockets {
  readonly #open: (() => void)[] = [];

  /** Closes them all. */
  close(): void {
    for (const close of this.#open.splice(0)) close();
  }

  /** A listener of ours, known to listen or to have failed, and what it tells. `calls`: instead of the system's. */
  async listen(
    at: { readonly address: string; readonly port?: number },
    peers: readonly ListenerPeer[],
    calls: Partial<TcpCalls> = {},
  ) {
    const accepted: { readonly socket: Socket; readonly name: string }[] = [];
    const refusals: Refusal[] = [];
    const states: (string | undefined)[] = [];
    const crashes: unknown[] = [];
    const options: ListenerOptions<ListenerPeer> = {
      spec: { port: 0, ...at },
      peers,
      clock,
      onConnection: (socket, { name }) => {
        accepted.push({ socket: this.own(socket), name });
      },
      onState: (failure) => states.push(failure),
      onRefusal: (refusal) => refusals.push(refusal),
      onCrash: (error) => crashes.push(error),
    };
    const listener = new Listener(options, { ...tcpCalls, ...calls });
    this.#open.push(() => void listener.close());
    listener.start();
    await until(() => states.length > 0, 'it listens, or can not');
    return { listener, accepted, refusals, states, crashes, port: listener.port ?? 0 };
  }

  /** Dials, as a peer that asks for nothing but what is given. */
  dial(...how: Parameters<typeof dialOptions>) {
    const dialled = dialPeer(dialOptions(...how));
    if (!dialled.ok) throw new Error(dialled.detail);
    const { socket, explain } = dialled;
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    this.own(socket);
    return { socket, explain, errors };
  }

  own(socket: Socket): Socket {
    socket.on('error', () => undefined);
    this.#open.push(() => socket.destroy());
    return socket;
  }
}

/** Whether it stands, known once it does or has failed. */
export async function isConnected(socket: Socket): Promise<boolean> {
  await until(() => !socket.connecting || socket.destroyed, 'it is connected, or not');
  return socket.readyState === 'open';
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  await waitFor(condition, { limitMs: 10_000, what, everyMs: 2 });
}
