import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Lab } from '../../test/support/bgp/lab.ts';
import { monotonicMs } from './monotonic.ts';

interface Waiting {
  readonly fits: (event: never) => boolean;
  readonly found: (event: never) => void;
  readonly lost: (error: Error) => void;
}

/** Far more than anything here takes: who waits so long waits for ever. */
const LIMIT_MS = 20_000;
const CLOCK_TRIES = 50;

/** A script of this folder in a namespace of a lab, told and telling by a line of JSON at a time. It ends with this process. */
export class ScriptChild<Command extends { readonly type: string }, Event extends { readonly type: string }> {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Set<Waiting>();
  #ended: string | undefined;

  /** Resolves once it runs; what it tells is heard from then on. */
  static async start<Command extends { readonly type: string }, Event extends { readonly type: string }>(
    lab: Lab,
    link: number,
    script: string,
    argument: unknown,
  ): Promise<ScriptChild<Command, Event>> {
    const node = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, script),
    ];
    const command = ['netns', 'exec', lab.namespace(link), ...node, JSON.stringify(argument)];
    const child = spawn('ip', command, {
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const started = new ScriptChild<Command, Event>(child, script);
    await new Promise((found, lost) => child.once('spawn', found).once('error', lost));
    return started;
  }

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.#name = name;
    child.stdin?.on('error', () => undefined);
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as Event));
    }
    child.once('close', (code, signal) => {
      this.#ended = `${name} has ended (${code ?? signal})`;
      for (const { lost } of this.#waiting) lost(new Error(this.#ended));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(command: Command): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /**
   * The first event from now on of this type that fits; `what` is that for people. Rejects where there is none in 20 s, or
   * the script ends.
   */
  next<Type extends Event['type']>(
    type: Type,
    fits: (event: Extract<Event, { type: Type }>) => boolean = () => true,
    what = '',
  ): Promise<Extract<Event, { type: Type }>> {
    return this.#await<Extract<Event, { type: Type }>>(
      (event) => event.type === type && fits(event),
      `${this.#name}: ${type} ${what}`,
    );
  }

  /** Of this process's clock and the script's, by questions and answers: ms. Throws where they are not the same. */
  async clockDoubtMs(): Promise<number> {
    let leastMs = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < CLOCK_TRIES; turn += 1) {
      const answer = this.#await<{ readonly type: string; readonly atMs: number }>(
        (event) => event.type === 'clock',
        `${this.#name}: clock`,
      );
      const askedMs = monotonicMs();
      this.#child.stdin?.write('{"type":"clock"}\n');
      const { atMs } = await answer;
      const heardMs = monotonicMs();
      if (atMs < askedMs || atMs > heardMs) throw new Error(`the clock of ${this.#name} is another one`);
      leastMs = Math.min(leastMs, heardMs - askedMs);
    }
    return leastMs;
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    process.kill(this.pid, name);
  }

  #await<Wanted>(fits: (event: Wanted) => boolean, what: string): Promise<Wanted> {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    return new Promise<Wanted>((found, lost) => {
      const waiting: Waiting = { fits, found, lost };
      this.#waiting.add(waiting);
      const timer = setTimeout(() => lost(new Error(`not within ${LIMIT_MS} ms: ${what}`)), LIMIT_MS);
      const forget = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      Object.assign(waiting, {
        found: (event: Wanted) => {
          forget();
          found(event);
        },
        lost: (error: Error) => {
          forget();
          lost(error);
        },
      });
    });
  }

  #hear(event: Event): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.fits(event as never)) waiting.found(event as never);
    }
  }
}
