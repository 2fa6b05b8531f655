import type { Announcement } from '../core/index.ts';
import { parseCidr } from '../lib/cidr.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { least } from '../lib/least.ts';
import { deadlineAfter, pause } from '../lib/wait.ts';
import { AddressLedger } from './address-ledger.ts';
import type { Announcer } from './announcer.ts';
import type { AnnouncerEvent } from './events.ts';
import { type InterfaceAddresses, kernelAddresses } from './interface-addresses.ts';
import type { ServiceAddressesSpec } from './spec.ts';
import type { AnnouncerStatus, PrefixStatus } from './status.ts';

export interface ServiceAddressesOptions {
  readonly spec: ServiceAddressesSpec;
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  onEvent(event: AnnouncerEvent): void;
  /** Default: the kernel's. */
  readonly addresses?: InterfaceAddresses;
}

/** How often the interface is looked at: an address that somebody took away must not stay announced. */
const LOOK_MS = 5_000;
/** As long as a close waits with the removal at most, and for the kernel each time: together no more than 2 s. */
const CLOSE_DELAY_MS = 1_000;
const CLOSE_REMOVAL_MS = 500;

/**
 * Keeps the address of each announced host prefix on an interface: it is there before the prefix is announced, and stays
 * for a while after it was withdrawn. A prefix whose address can't be had is not announced, since it would lead nowhere.
 * An address that it has not added is used, and never removed; its own it knows again by a mark (`ADDRESS_MARK`) after a
 * crash. Other prefixes are passed through.
 */
export class ServiceAddresses implements Announcer {
  readonly #inner: Announcer;
  readonly #options: ServiceAddressesOptions;
  readonly #addresses: InterfaceAddresses;
  readonly #ledger: AddressLedger;
  #all: readonly Announcement[] = [];
  #pushed: readonly Announcement[] = [];
  #running: Promise<void> | undefined;
  #isAgain = false;
  /** Nothing can be added now, and the next look says whether it can then. */
  #isBlocked = false;
  #lookedAtMs: number | undefined;
  #timer: Timer | undefined;
  #closed: Promise<boolean> | undefined;

  /** Begins to look at the interface at once. */
  constructor(inner: Announcer, options: ServiceAddressesOptions) {
    const { spec, random, onEvent } = options;
    this.#inner = inner;
    this.#options = options;
    this.#addresses = options.addresses ?? kernelAddresses(spec.interface);
    this.#ledger = new AddressLedger({
      interface: spec.interface,
      random,
      tell: ({ prefix, change, why }) => {
        const address = prefix.replace(/\/\d+$/, '');
        onEvent({ type: 'service-address', address, interface: spec.interface, change, why });
      },
    });
    this.#work();
  }

  /** What has its address, or needs none, is handed on before this returns; the rest as soon as it has. */
  set(all: readonly Announcement[]): void {
    if (this.#closed !== undefined) return;
    this.#all = all;
    const nowMs = this.#options.clock.now();
    const hosts = all.map(({ prefix }) => prefix).filter(isHostPrefix);
    this.#ledger.want(new Set(hosts), nowMs + this.#options.spec.removeDelayMs);
    this.#push();
    if (this.#ledger.nextToAdd(nowMs) === undefined) this.#arm();
    else this.#work();
  }

  status(): AnnouncerStatus {
    const inner = this.#inner.status();
    const addresses = [...inner.addresses, ...this.#ledger.status()];
    const wanted = new Set(this.#all.map(({ prefix }) => prefix));
    const known = new Set(inner.prefixes.map(({ prefix }) => prefix));
    const waiting = [...wanted]
      .filter((prefix) => !known.has(prefix))
      .map((prefix): PrefixStatus => ({ prefix, isDesired: true, announcedTo: [], withheldFrom: {} }));
    const prefixes = inner.prefixes.map((each) =>
      wanted.has(each.prefix) ? { ...each, isDesired: true } : each,
    );
    return { ...inner, prefixes: [...prefixes, ...waiting], addresses };
  }

  /** Removes its addresses too, once the peers were told: within 2 s, or a second after the other's close. */
  close(why: string): Promise<boolean> {
    this.#closed ??= this.#close(why);
    return this.#closed;
  }

  async #close(why: string): Promise<boolean> {
    const { clock, spec } = this.#options;
    const removeAtMs = clock.now() + Math.min(spec.removeDelayMs, CLOSE_DELAY_MS);
    this.#timer?.cancel();
    this.#all = [];
    this.#ledger.want(new Set(), removeAtMs);
    const wasTold = await this.#inner.close(why);
    // An address that is being added right now is one of them.
    await this.#bounded(this.#running);
    if (!this.#ledger.hasAny()) return wasTold;
    await pause(clock, removeAtMs - clock.now());
    await this.#bounded(this.#work());
    return wasTold;
  }

  async #bounded(work: Promise<void> | undefined): Promise<void> {
    if (work === undefined) return;
    const limit = deadlineAfter(this.#options.clock, CLOSE_REMOVAL_MS);
    await Promise.race([work, limit.passed]);
    limit.cancel();
  }

  /** Looks, adds and removes; one at a time, and once more where that was asked for meanwhile. */
  #work(): Promise<void> {
    if (this.#running === undefined) this.#running = this.#passes();
    else this.#isAgain = true;
    return this.#running;
  }

  async #passes(): Promise<void> {
    try {
      do {
        this.#isAgain = false;
        await this.#pass();
      } while (this.#isAgain);
    } catch (error) {
      this.#options.onEvent({ type: 'crash', where: 'service addresses', error });
    }
    this.#running = undefined;
    this.#arm();
  }

  async #pass(): Promise<void> {
    const { clock, spec } = this.#options;
    this.#lookedAtMs = clock.now();
    const reading = await this.#addresses.read();
    this.#ledger.see(reading, clock.now() + spec.removeDelayMs);
    this.#isBlocked = !reading.ok || !reading.isEnabled;
    if (!this.#isBlocked) await this.#add();
    this.#pushIfChanged();
    if (reading.ok) await this.#remove();
  }

  async #add(): Promise<void> {
    for (let prefix = this.#next('nextToAdd'); prefix !== undefined; prefix = this.#next('nextToAdd')) {
      const result = await this.#addresses.add(prefix);
      this.#ledger.added(prefix, result, this.#options.clock.now());
      // Whose it is, the next look says.
      if (!result.ok && result.code === 'EEXIST') this.#isAgain = true;
    }
  }

  async #remove(): Promise<void> {
    for (let prefix = this.#next('nextToRemove'); prefix !== undefined; prefix = this.#next('nextToRemove')) {
      this.#ledger.removing(prefix);
      this.#ledger.removed(prefix, await this.#addresses.remove(prefix), this.#options.clock.now());
    }
  }

  #next(which: 'nextToAdd' | 'nextToRemove'): string | undefined {
    return this.#ledger[which](this.#options.clock.now());
  }

  #push(): void {
    this.#pushed = this.#announceable();
    this.#inner.set(this.#pushed);
  }

  #pushIfChanged(): void {
    if (this.#closed !== undefined) return;
    const now = this.#announceable();
    const isSame = now.length === this.#pushed.length && now.every((each, at) => each === this.#pushed[at]);
    if (!isSame) this.#push();
  }

  #announceable(): readonly Announcement[] {
    return this.#all.filter(({ prefix }) => !isHostPrefix(prefix) || this.#ledger.isPresent(prefix));
  }

  #arm(): void {
    this.#timer?.cancel();
    if (this.#closed !== undefined || this.#running !== undefined) return;
    const { clock } = this.#options;
    const lookAtMs = this.#ledger.hasAny() ? (this.#lookedAtMs ?? 0) + LOOK_MS : undefined;
    const atMs = least([lookAtMs, this.#isBlocked ? undefined : this.#ledger.nextDeadlineMs()]);
    if (atMs !== undefined) this.#timer = clock.after(atMs - clock.now(), () => this.#work());
  }
}

function isHostPrefix(prefix: string): boolean {
  const cidr = parseCidr(prefix)?.cidr;
  return cidr !== undefined && cidr.prefixLength === cidr.bytes.length * 8;
}
