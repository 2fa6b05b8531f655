/**
 * What a NOTIFICATION says (RFC 4271 §4.5), and what our own errors come to. `data` is as it stands on the wire.
 */
export interface Notification {
  readonly errorCode: number;
  readonly errorSubcode: number;
  readonly data: Uint8Array;
}

/** RFC 4271 §4.5, 7 of RFC 7313 §5, 8 of RFC 9687 §6. */
export const ERROR_CODE = {
  messageHeader: 1,
  openMessage: 2,
  updateMessage: 3,
  holdTimerExpired: 4,
  finiteStateMachine: 5,
  cease: 6,
  routeRefresh: 7,
  sendHoldTimerExpired: 8,
} as const;

/** RFC 4271 §6.1. */
export const MESSAGE_HEADER_ERROR = {
  connectionNotSynchronized: 1,
  badMessageLength: 2,
  badMessageType: 3,
} as const;

/** RFC 4271 §6.2, RFC 5492 §5 (7), RFC 9234 §4.2 (11). */
export const OPEN_MESSAGE_ERROR = {
  unspecific: 0,
  unsupportedVersionNumber: 1,
  badPeerAs: 2,
  badBgpIdentifier: 3,
  unsupportedOptionalParameter: 4,
  unacceptableHoldTime: 6,
  unsupportedCapability: 7,
  roleMismatch: 11,
} as const;

/** RFC 4271 §6.3. */
export const UPDATE_MESSAGE_ERROR = {
  malformedAttributeList: 1,
  unrecognizedWellKnownAttribute: 2,
  missingWellKnownAttribute: 3,
  attributeFlagsError: 4,
  attributeLengthError: 5,
  invalidOriginAttribute: 6,
  invalidNextHopAttribute: 8,
  optionalAttributeError: 9,
  invalidNetworkField: 10,
  malformedAsPath: 11,
} as const;

/** RFC 6608 §3. */
export const FINITE_STATE_MACHINE_ERROR = {
  unspecified: 0,
  unexpectedInOpenSent: 1,
  unexpectedInOpenConfirm: 2,
  unexpectedInEstablished: 3,
} as const;

/** RFC 7313 §5. */
export const ROUTE_REFRESH_ERROR = { invalidMessageLength: 1 } as const;

/** RFC 4486 §4, RFC 8538 §3.1 (9), RFC 9384 §3 (10). */
export const CEASE = {
  maximumNumberOfPrefixesReached: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  connectionCollisionResolution: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const;
