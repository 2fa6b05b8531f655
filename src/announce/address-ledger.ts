import { backoffMs } from '../lib/backoff.ts';
import { least } from '../lib/least.ts';
import type { SocketResult } from '../lib/socket-call.ts';
import { explainAddressError } from './address-errors.ts';
import type { FoundAddress, InterfaceReading } from './interface-addresses.ts';
import type { ServiceAddressStatus } from './status.ts';

/** Something to tell of an address; `why` where there is more to say. */
export interface AddressNews {
  readonly prefix: string;
  readonly change: 'added' | 'removed' | 'found' | 'failed';
  readonly why: string | undefined;
}

export interface AddressLedgerOptions {
  readonly interface: string;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  tell(news: AddressNews): void;
}

interface Entry {
  isWanted: boolean;
  /** It was wanted at some time: it is shown, also when it is gone. */
  wasWanted: boolean;
  presence: 'gone' | 'unusable' | 'present';
  /** Added by us, in this run or, by the mark, in an earlier one: only such an address is ever removed. */
  isOwn: boolean;
  /** Why it is not as it should be. */
  why: string | undefined;
  failures: number;
  /** Not tried before; undefined: at once. */
  retryAtMs: number | undefined;
  /** Undefined: it stays. */
  removeAtMs: number | undefined;
}

const RETRY = { firstMs: 1_000, lastMs: 30_000 };

/** What is known of each service address, and what is to be done next. It does nothing itself, and time comes in. */
export class AddressLedger {
  readonly #options: AddressLedgerOptions;
  readonly #entries = new Map<string, Entry>();
  /** Somebody has said what is wanted: before that, nothing that was found is removed. */
  #isAsked = false;
  /** On the interface at the last look. */
  #found: ReadonlyMap<string, FoundAddress> = new Map();
  /** A mark was seen: this kernel keeps them, and an address without one is not ours. */
  #hasMarks = false;

  constructor(options: AddressLedgerOptions) {
    this.#options = options;
  }

  /** From now on exactly these should be there; others of ours stay until `removeAtMs`, if no earlier time was set. */
  want(prefixes: ReadonlySet<string>, removeAtMs: number): void {
    this.#isAsked = true;
    for (const prefix of prefixes) {
      const found = this.#entries.has(prefix) ? undefined : this.#found.get(prefix);
      const entry = this.#entryOf(prefix);
      if (!entry.isWanted) entry.retryAtMs = undefined;
      Object.assign(entry, { isWanted: true, wasWanted: true, removeAtMs: undefined });
      if (found !== undefined) this.#find(prefix, entry, found);
    }
    for (const [prefix, entry] of this.#entries) {
      if (prefixes.has(prefix)) continue;
      entry.isWanted = false;
      entry.removeAtMs = least([entry.removeAtMs, removeAtMs]);
    }
  }

  /** Compares with what the interface has now. What an earlier run has left, and nobody wants, goes at `removeAtMs`. */
  see(reading: InterfaceReading, removeAtMs: number): void {
    const code = reading.ok ? (reading.isEnabled ? undefined : 'ENETDOWN') : reading.code;
    if (code !== undefined) this.#block(code);
    if (!reading.ok) return;
    this.#found = reading.isEnabled ? reading.found : new Map();
    for (const [prefix, { isMarked }] of reading.found) {
      if (!isMarked) continue;
      this.#hasMarks = true;
      this.#entryOf(prefix);
    }
    for (const [prefix, entry] of this.#entries) {
      const found = reading.found.get(prefix);
      if (found === undefined) this.#miss(prefix, entry);
      else if (reading.isEnabled) this.#find(prefix, entry, found);
      else entry.isOwn = this.#isOurs(entry, found);
      if (this.#isAsked && !entry.isWanted) entry.removeAtMs ??= removeAtMs;
    }
  }

  isPresent(prefix: string): boolean {
    return this.#entries.get(prefix)?.presence === 'present';
  }

  /** The next address that is wanted and missing, and may be tried now. */
  nextToAdd(nowMs: number): string | undefined {
    return this.#first(({ isWanted, presence, retryAtMs }) => {
      return isWanted && presence === 'gone' && isDue(retryAtMs, nowMs);
    });
  }

  /** The next of our addresses whose time is up. */
  nextToRemove(nowMs: number): string | undefined {
    return this.#first(({ isWanted, isOwn, removeAtMs, retryAtMs }) => {
      const isTime = removeAtMs !== undefined && isDue(removeAtMs, nowMs) && isDue(retryAtMs, nowMs);
      return !isWanted && isOwn && isTime;
    });
  }

  added(prefix: string, result: SocketResult, nowMs: number): void {
    if (!result.ok) {
      this.#failed(prefix, result.code, nowMs);
      return;
    }
    Object.assign(this.#entryOf(prefix), { ...SETTLED, presence: 'present', isOwn: true });
    this.#options.tell({ prefix, change: 'added', why: undefined });
  }

  /** It is about to be removed: from here on it counts as gone, also for whoever wants it again meanwhile. */
  removing(prefix: string): void {
    this.#entryOf(prefix).presence = 'gone';
  }

  removed(prefix: string, result: SocketResult, nowMs: number): void {
    if (!result.ok && result.code !== 'EADDRNOTAVAIL') {
      this.#failed(prefix, result.code, nowMs);
      return;
    }
    const entry = this.#entryOf(prefix);
    Object.assign(entry, { ...SETTLED, isOwn: false });
    this.#options.tell({ prefix, change: 'removed', why: undefined });
    if (!entry.wasWanted) this.#entries.delete(prefix);
  }

  /** When there is something to add or to remove; undefined: never. What can be done at once is not in it. */
  nextDeadlineMs(): number | undefined {
    const deadlines = [...this.#entries.values()].map((entry) => {
      if (entry.isWanted) return entry.presence === 'gone' ? entry.retryAtMs : undefined;
      if (!entry.isOwn || entry.removeAtMs === undefined) return undefined;
      return Math.max(entry.removeAtMs, entry.retryAtMs ?? 0);
    });
    return least(deadlines);
  }

  /** Whether there is any address to look after. */
  hasAny(): boolean {
    return [...this.#entries.values()].some(({ isWanted, isOwn }) => isWanted || isOwn);
  }

  status(): readonly ServiceAddressStatus[] {
    return [...this.#entries].map(([prefix, entry]) => ({
      address: prefix.replace(/\/\d+$/, ''),
      interface: this.#options.interface,
      state: stateOf(entry),
      why: entry.why,
    }));
  }

  /** The interface is missing, off, or can't be looked at. A reading that failed says nothing about what was there. */
  #block(code: string): void {
    const isLost = code === 'ENODEV' || code === 'ENETDOWN';
    for (const [prefix, entry] of this.#entries) {
      if (isLost) entry.presence = 'gone';
      if (code === 'ENODEV') entry.isOwn = false;
      if (entry.isWanted && entry.presence !== 'present') this.#complain(prefix, code);
    }
  }

  #miss(prefix: string, entry: Entry): void {
    if (entry.presence === 'present') {
      this.#options.tell({ prefix, change: 'removed', why: 'somebody else removed it' });
    }
    entry.presence = 'gone';
    entry.isOwn = false;
  }

  #find(prefix: string, entry: Entry, { isMarked, isUsable }: FoundAddress): void {
    const wasKnown = entry.isOwn || entry.presence === 'present';
    entry.isOwn = this.#isOurs(entry, { isMarked });
    if (!isUsable) {
      entry.presence = 'unusable';
      if (entry.isWanted) this.#complain(prefix, 'unusable');
      return;
    }
    // One that could not be removed is not well because it is still there.
    if (entry.isWanted) Object.assign(entry, SETTLED);
    entry.presence = 'present';
    if (wasKnown) return;
    const why = entry.isOwn ? 'an earlier run has left it' : 'it is not ours, and is never removed';
    this.#options.tell({ prefix, change: 'found', why });
  }

  /** Somebody else may have removed ours and added it again: where marks are kept, that shows. */
  #isOurs({ isOwn }: Entry, { isMarked }: Pick<FoundAddress, 'isMarked'>): boolean {
    return isMarked || (isOwn && !this.#hasMarks);
  }

  #failed(prefix: string, code: string, nowMs: number): void {
    const entry = this.#entryOf(prefix);
    entry.failures += 1;
    entry.retryAtMs = nowMs + backoffMs(entry.failures, RETRY, this.#options.random);
    this.#complain(prefix, code);
  }

  #complain(prefix: string, code: string): void {
    const entry = this.#entryOf(prefix);
    const why = explainAddressError(code, this.#options.interface);
    if (entry.why === why) return;
    entry.why = why;
    this.#options.tell({ prefix, change: 'failed', why });
  }

  #first(isMeant: (entry: Entry) => boolean): string | undefined {
    for (const [prefix, entry] of this.#entries) if (isMeant(entry)) return prefix;
    return undefined;
  }

  #entryOf(prefix: string): Entry {
    const known = this.#entries.get(prefix);
    if (known !== undefined) return known;
    const entry: Entry = {
      ...SETTLED,
      isWanted: false,
      wasWanted: false,
      presence: 'gone',
      isOwn: false,
      removeAtMs: undefined,
    };
    this.#entries.set(prefix, entry);
    return entry;
  }
}

const SETTLED = { why: undefined, failures: 0, retryAtMs: undefined } as const;

function isDue(atMs: number | undefined, nowMs: number): boolean {
  return atMs === undefined || atMs <= nowMs;
}

function stateOf({ isWanted, presence, isOwn, why }: Entry): ServiceAddressStatus['state'] {
  if (presence === 'present' && (isWanted || why === undefined)) return isOwn ? 'present' : 'foreign';
  return why === undefined ? 'absent' : 'failed';
}
