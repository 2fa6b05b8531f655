import type { SpeakerSpec } from '../bgp/index.ts';

/** The backend's settings; a later backend is another member. */
export type BackendSpec = { readonly backend: 'embedded'; readonly speaker: SpeakerSpec };

/** Where the addresses of announced host prefixes are added and removed; undefined elsewhere: nowhere. */
export interface ServiceAddressesSpec {
  /** Name of a network interface: `lo`, or a dummy one. */
  readonly interface: string;
  /** How long a withdrawn prefix's address stays: the routers' last packets are still answered. */
  readonly removeDelayMs: number;
}
