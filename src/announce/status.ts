import type { SpeakerStatus } from '../bgp/index.ts';

/** What a backend does and has done. */
export interface AnnouncerStatus {
  readonly backend: 'embedded';
  readonly speaker: SpeakerStatus;
  readonly prefixes: readonly PrefixStatus[];
  readonly addresses: readonly ServiceAddressStatus[];
}

/** A prefix that is or was wanted. */
export interface PrefixStatus {
  readonly prefix: string;
  /** It should be announced. */
  readonly isDesired: boolean;
  /** Names of the peers that have it from us now. */
  readonly announcedTo: readonly string[];
  /** Name of a peer → why it can't have it. */
  readonly withheldFrom: Readonly<Record<string, string>>;
}

/** A service address on a local interface (`announcer.addresses`). */
export interface ServiceAddressStatus {
  readonly address: string;
  readonly interface: string;
  /** `foreign`: it was there already, and is never touched. */
  readonly state: 'absent' | 'present' | 'foreign' | 'failed';
  /** Of `failed`, one line. */
  readonly why: string | undefined;
}
