import type { AgentSpec } from '../../src/agent/index.ts';
import type { Announcer, AnnouncerStatus } from '../../src/announce/index.ts';
import type { Announcement, Health } from '../../src/core/index.ts';
import { GRACEFUL_SHUTDOWN } from '../support/announcements.ts';
import { LOCAL } from './agent-spec.ts';
import type { SimProcess } from './sim-process.ts';
import type { Told } from './told.ts';
import type { Invariant } from './violation.ts';

/** The process that announces, and what it was told. */
export interface AnnouncingActor {
  readonly process: SimProcess;
  readonly told: Told;
  spec: AgentSpec;
  /** It was told to stop. */
  isStopping: boolean;
}

export interface SimAnnouncerOptions {
  readonly actor: AnnouncingActor;
  accuse(invariant: Invariant, why: string): void;
  note(what: string): void;
}

/** A router's view of one process: what it is told is held against what the process was told. */
export class SimAnnouncer implements Announcer {
  readonly #options: SimAnnouncerOptions;
  #all: ReadonlyMap<string, Announcement> | undefined;
  #isClosed = false;

  constructor(options: SimAnnouncerOptions) {
    this.#options = options;
  }

  set(all: readonly Announcement[]): void {
    const { accuse, note } = this.#options;
    const before = this.#all ?? new Map<string, Announcement>();
    const now = new Map(all.map((each) => [each.prefix, each]));
    if (this.#isClosed) accuse('announced-once', 'it is closed');
    if (this.#all !== undefined && JSON.stringify([...before.values()]) === JSON.stringify(all))
      accuse('announced-once', `${[...now.keys()].join(' ') || 'nothing'} for the second time`);
    for (const each of all) this.#judge(each, before.has(each.prefix));
    this.#all = now;
    note(`announces ${all.map(describe).join(', ') || 'nothing'}`);
  }

  /** Looks at what is announced now that some time has passed since the process was told something last. */
  look(): void {
    const { process, told, isStopping, spec } = this.#options.actor;
    const nowMs = process.clock.now();
    if (this.#isClosed || this.#all === undefined || process.continuedAtMs === nowMs) return;
    for (const { prefix } of spec.announcer?.routes ?? []) {
      const announced = this.#all.get(prefix);
      const [health, ...others] = this.#possible(prefix);
      if (others.length > 0 || told.drain.atMs === nowMs) continue;
      if (health === 'unhealthy' && announced !== undefined) this.#late(prefix, 'is unhealthy');
      if (isStopping || health !== 'healthy') continue;
      const drainedForMs = told.drain.isOn ? nowMs - told.drain.atMs : 0;
      const drainMs = spec.announcer?.drainMs ?? 0;
      if (drainedForMs > drainMs && announced !== undefined) this.#late(prefix, 'is drained');
      if (!told.drain.isOn && announced === undefined) this.#late(prefix, 'is healthy and not announced');
      if (!told.drain.isOn && announced !== undefined && isGraceful(announced))
        this.#late(prefix, 'is announced as if draining');
    }
  }

  status(): AnnouncerStatus {
    const speaker = { routerId: '192.0.2.254', localAsn: 65_000, peers: [] };
    return { backend: 'embedded', speaker, prefixes: [], addresses: [] };
  }

  async close(): Promise<boolean> {
    this.#isClosed = true;
    this.#options.note('announces nothing any more');
    return true;
  }

  /** What is new needs health, and no drain; what stays must not be known to be unhealthy. */
  #judge(announcement: Announcement, wasAnnounced: boolean): void {
    const { actor, accuse } = this.#options;
    const { told, isStopping, process } = actor;
    const possible = this.#possible(announcement.prefix);
    const isNewNotice = told.drain.atMs === process.clock.now();
    const mustDrain = told.drain.isOn && !isNewNotice;
    const mayDrain = told.drain.isOn || isNewNotice || isStopping;
    const found = [
      possible.every((health) => health === 'unhealthy') ? 'it is unhealthy' : undefined,
      !wasAnnounced && !possible.includes('healthy') ? `anew, and it is ${possible.join(' or ')}` : undefined,
      !wasAnnounced && (mustDrain || isStopping) ? 'anew, in a drain' : undefined,
      mustDrain && !isGraceful(announcement) ? 'as if nothing drained' : undefined,
      !mayDrain && isGraceful(announcement) ? 'as if it drained' : undefined,
    ];
    for (const why of found) if (why !== undefined) accuse('announced-fit', `${announcement.prefix} ${why}`);
  }

  #possible(prefix: string): readonly Health[] {
    const { told, spec, process } = this.#options.actor;
    const route = spec.announcer?.routes.find((each) => each.prefix === prefix);
    if (route?.health.kind !== 'check') return ['healthy'];
    return told.healthOf(route.health.name, LOCAL, process.clock.now());
  }

  #late(prefix: string, why: string): void {
    this.#options.accuse('announced-promptly', `${prefix} ${why}`);
  }
}

function isGraceful({ attributes }: Announcement): boolean {
  return attributes.communities.includes(GRACEFUL_SHUTDOWN);
}

function describe(announcement: Announcement): string {
  return `${announcement.prefix}${isGraceful(announcement) ? ' (draining)' : ''}`;
}
