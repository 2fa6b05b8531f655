import { hrtime } from 'node:process';
import type { Clock, Timer } from '../lib/clock.ts';
import { sendUnixDatagram } from '../lib/sockopt.ts';
import type { Io } from './io.ts';

/** What systemd is told of a service of `Type=notify` (sd_notify(3)). Does nothing where nobody listens. */
export class ServiceNotifier {
  readonly #io: Io;
  readonly #socket: string | undefined;
  readonly #watchdogMs: number | undefined;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #status = '';
  #isComplained = false;

  constructor(io: Io, clock: Clock) {
    this.#io = io;
    this.#socket = io.env.NOTIFY_SOCKET || undefined;
    const watchdogUs = Number(io.env.WATCHDOG_USEC ?? '');
    this.#watchdogMs = watchdogUs > 0 ? watchdogUs / 1_000 : undefined;
    this.#clock = clock;
  }

  /** Says that the service is up, then keeps its status line current and feeds the watchdog while `isAlive` says so. */
  ready(isAlive: () => boolean, status: () => string): void {
    if (this.#socket === undefined) return;
    this.#send('READY=1');
    const everyMs = Math.min(5_000, (this.#watchdogMs ?? 10_000) / 2);
    const beat = (): void => {
      if (this.#watchdogMs !== undefined && isAlive()) this.#send('WATCHDOG=1');
      const line = status();
      if (line !== this.#status) this.#send(`STATUS=${line}`);
      this.#status = line;
      this.#timer = this.#clock.after(everyMs, beat);
    };
    beat();
  }

  /** Brackets a reload (`Type=notify-reload` wants the monotonic time in µs as well). */
  reloading(): void {
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${hrtime.bigint() / 1_000n}`);
  }

  reloaded(): void {
    this.#send('READY=1');
  }

  /** `withinMs`: how long stopping takes at most, where that may be longer than a manager waits by itself. */
  stopping(withinMs?: number): void {
    this.#timer?.cancel();
    const more = withinMs === undefined ? '' : `\nEXTEND_TIMEOUT_USEC=${Math.ceil(withinMs * 1_000)}`;
    this.#send(`STOPPING=1${more}`);
  }

  /** A manager that does not hear changes nothing for the routes, but it may end us for that: it is told once. */
  #send(text: string): void {
    if (this.#socket === undefined) return;
    const sent = sendUnixDatagram(this.#socket, text);
    if (sent.ok || this.#isComplained) return;
    this.#isComplained = true;
    this.#io.err(
      `vpcast: the service manager can't be told (${sent.code}): Type=notify needs the koffi package\n`,
    );
  }
}
