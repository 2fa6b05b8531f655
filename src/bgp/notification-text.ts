import { attributeName, FLAG } from './attribute-kinds.ts';
import { readUint16, readUint32 } from './decode-octets.ts';
import {
  CEASE,
  ERROR_CODE,
  MESSAGE_HEADER_ERROR,
  type Notification,
  OPEN_MESSAGE_ERROR,
  UPDATE_MESSAGE_ERROR,
} from './notification.ts';
import { notificationName } from './notification-names.ts';

/** RFC 9003 §2: its length is one octet. */
const MAX_COMMUNICATION_BYTES = 255;
const MAX_SHOWN_BYTES = 32;
const ERROR_BYTES = 2;
/** RFC 4486 §4: AFI, SAFI and the limit. */
const MAX_PREFIXES_BYTES = 7;

/**
 * One line for people, safe to print: `Cease/Administrative Shutdown: "maintenance"`,
 * `Cease/Maximum Number of Prefixes Reached: IPv4 unicast, at most 2`. Data without a known meaning are hexadecimal.
 */
export function describeNotification(notification: Notification): string {
  const { errorCode, errorSubcode, data } = notification;
  const name = notificationName(errorCode, errorSubcode);
  const detail = data.length === 0 ? undefined : (meaningOf(notification) ?? `data ${hex(data)}`);
  return detail === undefined || detail === '' ? name : `${name}: ${detail}`;
}

/** What the data say; undefined: nothing that is known, or not in the form that it should have. */
function meaningOf({ errorCode, errorSubcode, data }: Notification): string | undefined {
  switch (errorCode) {
    case ERROR_CODE.messageHeader:
      return headerMeaning(errorSubcode, data);
    case ERROR_CODE.openMessage:
      return openMeaning(errorSubcode, data);
    case ERROR_CODE.updateMessage:
      return updateMeaning(errorSubcode, data);
    case ERROR_CODE.cease:
      return ceaseMeaning(errorSubcode, data);
    default:
      return undefined;
  }
}

/** RFC 4271 §6.1. */
function headerMeaning(subcode: number, data: Uint8Array): string | undefined {
  if (subcode === MESSAGE_HEADER_ERROR.badMessageLength && data.length === 2) {
    return `length ${readUint16(data, 0)}`;
  }
  return subcode === MESSAGE_HEADER_ERROR.badMessageType && data.length === 1 ? `type ${data[0]}` : undefined;
}

/** RFC 4271 §6.2; RFC 5492 §5: the capabilities that are missed. FRR and BIRD say what they did not like. */
function openMeaning(subcode: number, data: Uint8Array): string | undefined {
  const number = data.length === 4 ? readUint32(data, 0) : readUint16(data, 0);
  const isNumber = data.length === 2 || data.length === 4;
  switch (subcode) {
    case OPEN_MESSAGE_ERROR.unsupportedVersionNumber:
      return data.length === 2 ? `version ${number} is the one to use` : undefined;
    case OPEN_MESSAGE_ERROR.badPeerAs:
      return isNumber ? `AS ${number}` : undefined;
    case OPEN_MESSAGE_ERROR.unacceptableHoldTime:
      return data.length === 2 ? `${number} s` : undefined;
    case OPEN_MESSAGE_ERROR.unsupportedCapability:
      return data.length < 2 ? undefined : `capability ${data[0]}, ${hex(data)}`;
    default:
      return undefined;
  }
}

/** RFC 4271 §6.3: the type of an attribute that is missing, else the attribute. */
function updateMeaning(subcode: number, data: Uint8Array): string | undefined {
  if (subcode === UPDATE_MESSAGE_ERROR.missingWellKnownAttribute && data.length === 1) {
    return attributeName(data[0] ?? 0);
  }
  const isExtended = ((data[0] ?? 0) & FLAG.extendedLength) !== 0;
  const length = isExtended ? 4 + readUint16(data, 2) : 3 + (data[2] ?? 0);
  return data.length === length ? `${attributeName(data[1] ?? 0)}, ${hex(data)}` : undefined;
}

function ceaseMeaning(subcode: number, data: Uint8Array): string | undefined {
  switch (subcode) {
    case CEASE.maximumNumberOfPrefixesReached:
      if (data.length !== MAX_PREFIXES_BYTES) return undefined;
      return `${familyName(readUint16(data, 0), data[2] ?? 0)}, at most ${readUint32(data, 3)}`;
    case CEASE.administrativeShutdown:
    case CEASE.administrativeReset:
      return communication(data);
    case CEASE.hardReset:
      return hardReset(data);
    default:
      return undefined;
  }
}

/** RFC 8538 §3.1: the reason stands inside. One in another is nothing that anybody sends. */
function hardReset(data: Uint8Array): string | undefined {
  const [errorCode = 0, errorSubcode = 0] = data;
  const isNested = errorCode === ERROR_CODE.cease && errorSubcode === CEASE.hardReset;
  if (data.length < ERROR_BYTES || isNested) return undefined;
  return describeNotification({ errorCode, errorSubcode, data: data.subarray(ERROR_BYTES) });
}

/** RFC 9003 §2; empty where it is. */
function communication(data: Uint8Array): string | undefined {
  if (data[0] !== data.length - 1) return undefined;
  const text = printable(new TextDecoder().decode(data.subarray(1)));
  return text === '' ? '' : `"${text}"`;
}

/** Control characters, line ends and what changes the direction of writing would reach further than their own text. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

function familyName(afi: number, safi: number): string {
  const family = ['IPv4', 'IPv6'][afi - 1];
  return family !== undefined && safi === 1 ? `${family} unicast` : `AFI ${afi} SAFI ${safi}`;
}

function hex(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, MAX_SHOWN_BYTES)).toString('hex');
  return bytes.length > MAX_SHOWN_BYTES ? `${shown}… (${bytes.length} octets)` : shown;
}

/**
 * The data of a Cease with a Shutdown Communication (RFC 9003 §2): of a longer text, the characters that fit in 255
 * octets of UTF-8. Empty where the text is.
 */
export function shutdownData(text: string): Uint8Array {
  const room = new Uint8Array(MAX_COMMUNICATION_BYTES);
  // Writes no part of a character.
  const { written } = new TextEncoder().encodeInto(text, room);
  return written === 0 ? new Uint8Array(0) : Uint8Array.of(written, ...room.subarray(0, written));
}
