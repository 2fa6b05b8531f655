/**
 * Announces prefixes, by one of several backends behind one interface: `Announcer`. It never decides what is announced.
 * Start reading at `announcer.ts`.
 */
export type { Announcer } from './announcer.ts';
export { EmbeddedAnnouncer, type EmbeddedOptions } from './embedded.ts';
export type * from './events.ts';
export { ServiceAddresses, type ServiceAddressesOptions } from './service-addresses.ts';
export type * from './spec.ts';
export type * from './status.ts';
