/** IANA: BGP Error (Notification) Codes. */
const ERRORS: readonly (string | undefined)[] = [
  undefined,
  'Message Header Error',
  'OPEN Message Error',
  'UPDATE Message Error',
  'Hold Timer Expired',
  'Finite State Machine Error',
  'Cease',
  'ROUTE-REFRESH Message Error',
  'Send Hold Timer Expired',
];

/** IANA: the subcodes of each. Two that were taken back have the names of RFC 1771, since old peers still send them. */
const SUBCODES: readonly (readonly (string | undefined)[])[] = [
  [],
  ['Unspecific', 'Connection Not Synchronized', 'Bad Message Length', 'Bad Message Type'],
  [
    'Unspecific',
    'Unsupported Version Number',
    'Bad Peer AS',
    'Bad BGP Identifier',
    'Unsupported Optional Parameter',
    'Authentication Failure',
    'Unacceptable Hold Time',
    'Unsupported Capability',
    undefined,
    undefined,
    undefined,
    'Role Mismatch',
  ],
  [
    'Unspecific',
    'Malformed Attribute List',
    'Unrecognized Well-known Attribute',
    'Missing Well-known Attribute',
    'Attribute Flags Error',
    'Attribute Length Error',
    'Invalid ORIGIN Attribute',
    'AS Routing Loop',
    'Invalid NEXT_HOP Attribute',
    'Optional Attribute Error',
    'Invalid Network Field',
    'Malformed AS_PATH',
  ],
  [],
  [
    'Unspecified Error',
    'Receive Unexpected Message in OpenSent State',
    'Receive Unexpected Message in OpenConfirm State',
    'Receive Unexpected Message in Established State',
  ],
  [
    undefined,
    'Maximum Number of Prefixes Reached',
    'Administrative Shutdown',
    'Peer De-configured',
    'Administrative Reset',
    'Connection Rejected',
    'Other Configuration Change',
    'Connection Collision Resolution',
    'Out of Resources',
    'Hard Reset',
    'BFD Down',
  ],
  [undefined, 'Invalid Message Length'],
  [],
];

/** `Cease/Administrative Shutdown`; numbers for what has no name. An unnamed subcode 0 says nothing, and is left out. */
export function notificationName(errorCode: number, errorSubcode: number): string {
  const error = ERRORS[errorCode];
  if (error === undefined) return `error ${errorCode}/${errorSubcode}`;
  const subcode = SUBCODES[errorCode]?.[errorSubcode];
  if (subcode !== undefined) return `${error}/${subcode}`;
  return errorSubcode === 0 ? error : `${error}/subcode ${errorSubcode}`;
}
