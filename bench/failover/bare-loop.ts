import { connect } from 'node:net';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { GREETING } from '../../test/support/story/mortal-service.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import type { CheckPace } from '../vpc/configs.ts';

export interface BareLoopOptions {
  readonly sandbox: Sandbox;
  readonly address: string;
  readonly port: number;
  readonly pace: CheckPace;
  /** The route that it moves in the end: one that nobody else touches. */
  readonly tableId: string;
  readonly destination: string;
  readonly target: string;
}

/**
 * The least that a failover takes with the same settings: a timer, a bare socket, one read and one change by plain HTTP,
 * nothing else. What vpcast is held against.
 */
export class BareLoop {
  readonly #options: BareLoopOptions;
  readonly #seq: number;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #start: NodeJS.Timeout | undefined;
  #move: Promise<void> | undefined;

  constructor(options: BareLoopOptions) {
    this.#options = options;
    this.#seq = options.sandbox.journal().at(-1)?.seq ?? 0;
    const { everyMs } = options.pace;
    this.#start = setTimeout(() => {
      this.#probe();
      this.#timer = setInterval(() => this.#probe(), everyMs);
    }, Math.random() * everyMs);
  }

  /** When it had moved its route, in ms since the epoch. */
  async movedAtMs(): Promise<number> {
    const { sandbox, tableId, destination } = this.#options;
    const look = () =>
      sandbox
        .journal(this.#seq)
        .find((entry) => entry.tableId === tableId && entry.destination === destination);
    const moved = await waitFor(look, { limitMs: 60_000, what: 'the bare loop moved its route' });
    // EC2 has made the change before it answers: whoever closes it must not do so in between.
    await this.#move;
    return moved.wallMs;
  }

  close(): void {
    clearTimeout(this.#start);
    clearInterval(this.#timer);
  }

  #probe(): void {
    const { address, port, pace } = this.#options;
    const socket = connect({ host: address, port });
    const end = (isWell: boolean) => {
      clearTimeout(deadline);
      socket.removeAllListeners().on('error', () => undefined);
      socket.destroy();
      this.#failures = isWell ? 0 : this.#failures + 1;
      if (this.#failures !== pace.fall) return;
      this.close();
      this.#move = this.#moveRoute();
      this.#move.catch(() => undefined); // told by `movedAtMs`
    };
    const deadline = setTimeout(() => end(false), pace.timeoutMs);
    socket.on('error', () => end(false)).on('close', () => end(false));
    socket.on('data', (data) => end(String(data).includes(GREETING)));
  }

  async #moveRoute(): Promise<void> {
    const { tableId, destination, target } = this.#options;
    await this.#call({ Action: 'DescribeRouteTables', 'RouteTableId.1': tableId });
    await this.#call({
      Action: 'ReplaceRoute',
      RouteTableId: tableId,
      DestinationCidrBlock: destination,
      NetworkInterfaceId: target,
    });
  }

  async #call(params: Readonly<Record<string, string>>): Promise<void> {
    const answer = await fetch(this.#options.sandbox.url, {
      method: 'POST',
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=AKIABARELOOP/x' },
      body: new URLSearchParams({ ...params, Version: '2016-11-15' }),
    });
    await answer.text();
    if (!answer.ok) throw new Error(`the bare loop's ${params.Action} failed: ${answer.status}`);
  }
}
