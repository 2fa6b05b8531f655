import { type BgpRoute, Speaker, type SpeakerSpec } from '../bgp/index.ts';
import type { Announcement } from '../core/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Announcer } from './announcer.ts';
import type { AnnouncerEvent } from './events.ts';
import type { AnnouncerStatus, PrefixStatus } from './status.ts';

export interface EmbeddedOptions {
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  onEvent(event: AnnouncerEvent): void;
}

/** A prefix that is to be announced, and what it was made of. */
interface Wanted {
  readonly attributes: Announcement['attributes'];
  readonly route: BgpRoute;
}

/** The backend that is built in: a BGP speaker of our own. */
export class EmbeddedAnnouncer implements Announcer {
  readonly #speaker: Speaker;
  #wanted: ReadonlyMap<string, Wanted> = new Map();

  constructor(spec: SpeakerSpec, { clock, random, onEvent }: EmbeddedOptions) {
    this.#speaker = new Speaker(spec, {
      clock,
      random,
      onState: ({ name, remoteAddress }, change) =>
        onEvent({ type: 'peer-state', peer: name, address: remoteAddress, ...change }),
      onCrash: ({ name }, error) => onEvent({ type: 'crash', where: `bgp peer ${name}`, error }),
      onListenerCrash: (error) => onEvent({ type: 'crash', where: 'bgp listener', error }),
      onListener: ({ address, port }, failure) =>
        onEvent({ type: 'bgp-listener', address: `${address} port ${port}`, failure }),
      onRefusal: (refusal) => onEvent({ type: 'bgp-connection-refused', ...refusal }),
      onWithheld: ({ name }, prefix, why) => onEvent({ type: 'prefix-withheld', peer: name, prefix, why }),
    });
  }

  /**
   * UPDATEs to established peers are handed to the kernel before this returns. What stays as it was remains the same
   * object: peers know by that, and not by looking at hundreds of routes, that it is nothing new.
   */
  set(all: readonly Announcement[]): void {
    const wanted = all.map(({ prefix, attributes }): [string, Wanted] => {
      const known = this.#wanted.get(prefix);
      const isSame = known !== undefined && known.attributes === attributes;
      return [prefix, isSame ? known : { attributes, route: { prefix, ...attributes } }];
    });
    this.#wanted = new Map(wanted);
    this.#speaker.set([...this.#wanted.values()].map(({ route }) => route));
  }

  /** Takes other settings: peers that stay as they were keep their sessions. */
  reload(spec: SpeakerSpec): void {
    this.#speaker.reload(spec);
  }

  status(): AnnouncerStatus {
    const speaker = this.#speaker.status();
    const names = new Set([
      ...this.#wanted.keys(),
      ...speaker.peers.flatMap(({ announced }) => [...announced]),
    ]);
    const prefixes = [...names].map((prefix): PrefixStatus => {
      const announcedTo = speaker.peers
        .filter(({ announced }) => announced.has(prefix))
        .map(({ name }) => name);
      const withheldFrom = speaker.peers.flatMap(({ name, withheld }): [string, string][] => {
        const why = withheld.get(prefix);
        return why === undefined ? [] : [[name, why]];
      });
      return {
        prefix,
        isDesired: this.#wanted.has(prefix),
        announcedTo,
        withheldFrom: Object.fromEntries(withheldFrom),
      };
    });
    return { backend: 'embedded', speaker, prefixes, addresses: [] };
  }

  close(why: string): Promise<boolean> {
    return this.#speaker.close(why);
  }
}
