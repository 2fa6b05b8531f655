import { MAX_NOTIFICATION_DATA_BYTES } from './framer.ts';
import type { AddressFamily, BgpMessage } from './message.ts';
import type { Notification } from './notification.ts';

/** What the two OPENs came to, as far as bytes mean something else by it. */
export interface DecodingContext {
  /** AS numbers of AS_PATH and AGGREGATOR have four octets (RFC 6793). */
  readonly isFourOctetAs: boolean;
  readonly isIbgp: boolean;
  /** Agreed on. Routes of others are not looked into. */
  readonly families: readonly AddressFamily[];
  /** RFC 8950: IPv4 routes may have an IPv6 next hop. */
  readonly hasExtendedNextHop: boolean;
}

/** A message; or an error that ends the session, with the NOTIFICATION that says so. */
export type Decoded =
  | {
      readonly ok: true;
      /**
       * Of an UPDATE: after the treatment of its errors. Of one that was treated as a withdrawal, what it announced
       * stands among what it withdraws, and no other attribute is left.
       */
      readonly message: BgpMessage;
      readonly errors: readonly AttributeError[];
    }
  | Refused;

export interface Refused {
  readonly ok: false;
  readonly notification: Notification;
  /** In words, for the log. */
  readonly why: string;
}

/** An error of an UPDATE that does not end the session (RFC 7606 §2). */
export interface AttributeError {
  /** Type code of the attribute; 0: of none. */
  readonly code: number;
  readonly treatment: 'attribute-discard' | 'treat-as-withdraw';
  readonly why: string;
}

/** What is wrong with one path attribute. */
export interface AttributeFault {
  readonly code: number;
  readonly treatment: AttributeError['treatment'] | 'session-reset';
  readonly why: string;
  /** Of UPDATE Message Error (RFC 4271 §6.3): how a NOTIFICATION says it, should it come to that. */
  readonly subcode: number;
  readonly data: Uint8Array;
}

export const NO_DATA: Uint8Array = new Uint8Array(0);

/** The data as far as a NOTIFICATION has room for it. */
export function refused({ errorCode, errorSubcode, data }: Notification, why: string): Refused {
  const room = data.subarray(0, MAX_NOTIFICATION_DATA_BYTES);
  return { ok: false, notification: { errorCode, errorSubcode, data: room }, why };
}
