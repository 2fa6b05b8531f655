import type { Announcer, AnnouncerStatus } from '../../src/announce/index.ts';
import type { MessageCounts, PeerStatus, SessionState } from '../../src/bgp/index.ts';
import type { Announcement } from '../../src/core/index.ts';
import type { Clock } from '../../src/lib/clock.ts';

/** What an announcer was told, and when. */
export interface Told {
  readonly atMs: number;
  /** Of a `set`; undefined: it was closed. */
  readonly all: readonly Announcement[] | undefined;
}

const NO_MESSAGES: MessageCounts = { open: 0, update: 0, notification: 0, keepalive: 0, 'route-refresh': 0 };

/** An announcer in memory: its peers, which are up unless said otherwise, have what was set last. */
export class FakeAnnouncer implements Announcer {
  readonly told: Told[] = [];
  readonly peers = new Map<string, SessionState>([['router', 'Established']]);
  /** Thrown by every call while it is there. */
  fault: Error | undefined;
  /** How long `close` takes. */
  closeMs = 0;
  closedWhy: string | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What it is to announce now; none before the first `set` and after `close`. */
  now(): readonly Announcement[] {
    return this.told.at(-1)?.all ?? [];
  }

  /** Prefixes that it is to announce now. */
  prefixes(): readonly string[] {
    return this.now().map(({ prefix }) => prefix);
  }

  set(all: readonly Announcement[]): void {
    if (this.fault !== undefined) throw this.fault;
    this.told.push({ atMs: this.#clock.now(), all });
  }

  async close(why: string): Promise<boolean> {
    if (this.fault !== undefined) throw this.fault;
    this.told.push({ atMs: this.#clock.now(), all: undefined });
    this.closedWhy = why;
    if (this.closeMs > 0) await new Promise<void>((ended) => this.#clock.after(this.closeMs, ended));
    return true;
  }

  status(): AnnouncerStatus {
    if (this.fault !== undefined) throw this.fault;
    const names = [...this.peers].flatMap(([name, state]) => (state === 'Established' ? [name] : []));
    return {
      backend: 'embedded',
      speaker: {
        routerId: '10.0.0.1',
        localAsn: 65_000,
        peers: [...this.peers].map(([name, state]) => this.#peer(name, state)),
      },
      prefixes: this.prefixes().map((prefix) => {
        return { prefix, isDesired: true, announcedTo: names, withheldFrom: {} };
      }),
      addresses: [],
    };
  }

  #peer(name: string, state: SessionState): PeerStatus {
    const isUp = state === 'Established';
    return {
      name,
      remoteAddress: '10.0.0.2',
      remoteAsn: 65_001,
      isIbgp: false,
      state,
      establishedAtMs: isUp ? 0 : undefined,
      flaps: 0,
      attempts: 0,
      lastEnd: undefined,
      retryAtMs: undefined,
      negotiated: undefined,
      received: NO_MESSAGES,
      sent: NO_MESSAGES,
      receivedPrefixes: 0,
      receivedWithdrawals: 0,
      receivedErrors: 0,
      sentPrefixes: 0,
      sentWithdrawals: 0,
      announced: new Set(isUp ? this.prefixes() : []),
      withheld: new Map(),
      outQueueBytes: 0,
      hasPassword: false,
    };
  }
}
