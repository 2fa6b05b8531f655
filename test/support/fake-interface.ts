import type {
  FoundAddress,
  InterfaceAddresses,
  InterfaceReading,
} from '../../src/announce/interface-addresses.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { SocketResult } from '../../src/lib/sockopt.ts';
import { pause } from '../../src/lib/wait.ts';

/** A network interface in memory, with as much of the kernel's behaviour as its callers rely on. */
export class FakeInterface implements InterfaceAddresses {
  /** What it has. */
  readonly found = new Map<string, FoundAddress>();
  /** Calls, with the time, in the order of their beginning; looks are not among them. */
  readonly calls: string[] = [];
  isEnabled = true;
  /** Linux before 5.18 takes marks and forgets them. */
  keepsMarks = true;
  /** How long each call takes. */
  takesMs = 0;
  looks = 0;
  /** Errno's name: what reading, adding, removing come to. */
  readError: string | undefined;
  addError: string | undefined;
  removeError: string | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  prefixes(): readonly string[] {
    return [...this.found.keys()];
  }

  /** An address that somebody else has put there. */
  addForeign(prefix: string, isUsable = true): void {
    this.found.set(prefix, { isMarked: false, isUsable });
  }

  async read(): Promise<InterfaceReading> {
    this.looks += 1;
    await this.#wait();
    if (this.readError !== undefined) return { ok: false, code: this.readError };
    return { ok: true, isEnabled: this.isEnabled, found: new Map(this.found) };
  }

  async add(prefix: string): Promise<SocketResult> {
    this.calls.push(`${this.#clock.now()} add ${prefix}`);
    await this.#wait();
    if (this.addError !== undefined) return { ok: false, code: this.addError };
    if (this.found.has(prefix)) return { ok: false, code: 'EEXIST' };
    this.found.set(prefix, { isMarked: this.keepsMarks, isUsable: true });
    return { ok: true };
  }

  async remove(prefix: string): Promise<SocketResult> {
    this.calls.push(`${this.#clock.now()} remove ${prefix}`);
    await this.#wait();
    if (this.removeError !== undefined) return { ok: false, code: this.removeError };
    return this.found.delete(prefix) ? { ok: true } : { ok: false, code: 'EADDRNOTAVAIL' };
  }

  async #wait(): Promise<void> {
    if (this.takesMs > 0) await pause(this.#clock, this.takesMs);
  }
}
