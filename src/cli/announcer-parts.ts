import type { AnnouncerSpec } from '../agent/index.ts';
import {
  type Announcer,
  type AnnouncerEvent,
  EmbeddedAnnouncer,
  ServiceAddresses,
} from '../announce/index.ts';
import { systemClock } from '../lib/system-clock.ts';

export interface OpenAnnouncer {
  readonly announcer: Announcer;
  /** Peers that stay as they were keep their sessions. */
  reload(spec: AnnouncerSpec): void;
}

/** Begins to connect to the peers, with nothing to announce yet. */
export function openAnnouncer(
  { backend, addresses }: AnnouncerSpec,
  onEvent: (event: AnnouncerEvent) => void,
): OpenAnnouncer {
  const [clock, random] = [systemClock, Math.random];
  const embedded = new EmbeddedAnnouncer(backend.speaker, { clock, random, onEvent });
  const announcer =
    addresses === undefined
      ? embedded
      : new ServiceAddresses(embedded, { spec: addresses, clock, random, onEvent });
  return { announcer, reload: (spec) => embedded.reload(spec.backend.speaker) };
}
