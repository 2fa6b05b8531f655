import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '../lib/clock.ts';
import { KeepRunning } from '../lib/keep-running.ts';
import { dumpNetlink, netlinkBuffer } from '../lib/netlink.ts';
import { type AddressEntry, addressesRequest, type LinkEntry, linksRequest } from '../lib/rtnetlink.ts';
import { parseIpAddress } from '../lib/sockaddr.ts';

/** An address that this machine has, on one interface. */
export interface OwnAddress {
  readonly interface: string;
  /** Lower-case hexadecimal, 8 or 32 digits. */
  readonly addressHex: string;
  readonly isUp: boolean;
  readonly duplicateCheck: AddressEntry['duplicateCheck'];
}

export type OwnAddressesResult =
  /** `isPartial`: interfaces that are down could not be looked at. */
  | { readonly ok: true; readonly addresses: readonly OwnAddress[]; readonly isPartial: boolean }
  /** An errno's name. */
  | { readonly ok: false; readonly code: string };

export interface OwnAddressesOptions {
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

const MONITOR = ['ip', 'monitor', 'address', 'link'] as const;
/** By then `ip monitor`, just started, listens: what changed before, it does not tell. */
const LISTENING_MS = 250;

/**
 * The addresses of this machine, and word of their changes: for all checks of a process together, which share one
 * reading at a time and one `ip monitor`.
 */
export class OwnAddresses {
  readonly #options: OwnAddressesOptions;
  readonly #listeners = new Set<() => void>();
  #running: Promise<OwnAddressesResult> | undefined;
  #next: Promise<OwnAddressesResult> | undefined;
  /** For the one reading at a time. */
  #buffer: Buffer | undefined;
  #monitor: KeepRunning | undefined;
  #listening: Timer | undefined;

  constructor(options: OwnAddressesOptions) {
    this.#options = options;
  }

  /** As they are now: never by a reading that began before this was called. Rejects only for bugs. */
  read(): Promise<OwnAddressesResult> {
    if (this.#running === undefined) return this.#read();
    const readAgain = (): Promise<OwnAddressesResult> => this.#running ?? this.#read();
    this.#next ??= this.#running.then(readAgain, readAgain);
    return this.#next;
  }

  /** Stops listening; idempotent. */
  close(): Promise<void> {
    this.#listeners.clear();
    this.#quieten();
    return Promise.resolve();
  }

  /** Calls `onChange` whenever an address or an interface may have changed, until the returned function is called. */
  watch(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    this.#monitor ??= this.#startMonitor();
    return () => {
      this.#listeners.delete(onChange);
      if (this.#listeners.size === 0) this.#quieten();
    };
  }

  #quieten(): void {
    this.#listening?.cancel();
    this.#monitor?.close();
    this.#monitor = undefined;
  }

  #read(): Promise<OwnAddressesResult> {
    this.#next = undefined;
    this.#buffer ??= netlinkBuffer();
    const reading = readOwnAddresses(this.#buffer).finally(() => {
      if (this.#running === reading) this.#running = undefined;
    });
    this.#running = reading;
    return reading;
  }

  #startMonitor(): KeepRunning {
    const tell = (): void => {
      for (const onChange of this.#listeners) onChange();
    };
    return new KeepRunning({
      ...this.#options,
      argv: MONITOR,
      onOutput: tell,
      onStart: () => {
        this.#listening?.cancel();
        this.#listening = this.#options.clock.after(LISTENING_MS, tell);
      },
    });
  }
}

async function readOwnAddresses(buffer: Buffer): Promise<OwnAddressesResult> {
  const links = await dumpNetlink(linksRequest(), buffer);
  if (!links.ok) return links.code === 'unavailable' ? fromNode() : links;
  const addresses = await dumpNetlink(addressesRequest(), buffer);
  if (!addresses.ok) return addresses;
  const known = new Map(links.parts.flatMap((part) => part.links).map((link) => [link.index, link]));
  const found = addresses.parts.flatMap((part) => part.addresses);
  return { ok: true, addresses: found.map((entry) => joined(entry, known)), isPartial: false };
}

/** An interface that came between the two answers is not known to be up; its event has the address read again. */
function joined(entry: AddressEntry, links: ReadonlyMap<number, LinkEntry>): OwnAddress {
  const { interfaceIndex, addressHex, duplicateCheck } = entry;
  const { name, isUp } = links.get(interfaceIndex) ?? { name: `interface ${interfaceIndex}`, isUp: false };
  return { interface: name, addressHex, isUp, duplicateCheck };
}

/** Node's own list leaves out interfaces that are down, and names an IPv4 address's label for its interface. */
function fromNode(): OwnAddressesResult {
  const all = Object.entries(networkInterfaces()).flatMap(([label, infos]) =>
    (infos ?? []).flatMap(({ address }): OwnAddress[] => {
      const addressHex = hexOf(address);
      const [name = label] = label.split(':');
      if (addressHex === undefined) return [];
      return [{ interface: name, addressHex, isUp: true, duplicateCheck: 'passed' }];
    }),
  );
  return { ok: true, addresses: all, isPartial: true };
}

/** An IP address as it is compared here; undefined: it is none. */
export function hexOf(address: string): string | undefined {
  const parsed = parseIpAddress(address);
  return parsed === undefined ? undefined : Buffer.from(parsed.bytes).toString('hex');
}
