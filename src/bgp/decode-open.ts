import { decodeCapabilities } from './capabilities.ts';
import { readDotted, readUint16, readUint32 } from './decode-octets.ts';
import { type Decoded, NO_DATA, type Refused, refused } from './decode-result.ts';
import type { Capability } from './message.ts';
import { ERROR_CODE, OPEN_MESSAGE_ERROR } from './notification.ts';

const VERSION = 4;
const LEAST_HOLD_TIME_SEC = 3;
/** Where things stand in an OPEN without its header (RFC 4271 §4.2). */
const OFFSET = { asn: 1, holdTime: 3, identifier: 5, parametersLength: 9, parameters: 10 } as const;
/** RFC 5492 §4, RFC 9072 §2. */
const PARAMETER = { capabilities: 2, extendedLength: 255 } as const;

/** RFC 4271 §6.2, but for what depends on the configuration: the AS, the role, an identifier that is our own. */
export function decodeOpen(body: Uint8Array): Decoded {
  const version = body[0] ?? 0;
  if (version !== VERSION) {
    const data = Uint8Array.of(0, VERSION);
    return refuse(OPEN_MESSAGE_ERROR.unsupportedVersionNumber, `version ${version}`, data);
  }
  const holdTime = readUint16(body, OFFSET.holdTime);
  if (holdTime > 0 && holdTime < LEAST_HOLD_TIME_SEC) {
    return refuse(OPEN_MESSAGE_ERROR.unacceptableHoldTime, `a hold time of ${holdTime} s`);
  }
  // RFC 6286 §2.1: any number but 0.
  if (readUint32(body, OFFSET.identifier) === 0) {
    return refuse(OPEN_MESSAGE_ERROR.badBgpIdentifier, 'the BGP identifier 0.0.0.0');
  }
  const capabilities = decodeParameters(body);
  if ('ok' in capabilities) return capabilities;
  const message = {
    type: 'open',
    version,
    myAutonomousSystem: readUint16(body, OFFSET.asn),
    holdTime,
    bgpIdentifier: readDotted(body, OFFSET.identifier),
    capabilities,
  } as const;
  return { ok: true, message, errors: [] };
}

/** All capabilities of all parameters: some peers send one parameter with all, some one for each. */
function decodeParameters(body: Uint8Array): readonly Capability[] | Refused {
  const field = parametersOf(body);
  if (field === undefined) return unspecific('optional parameters whose length is not theirs');
  const { bytes, lengthBytes } = field;
  const capabilities: Capability[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const type = bytes[offset] ?? 0;
    const start = offset + 1 + lengthBytes;
    const length = lengthBytes === 2 ? readUint16(bytes, offset + 1) : (bytes[offset + 1] ?? 0);
    offset = start + length;
    if (offset > bytes.length) return unspecific(`parameter ${type} is cut off`);
    if (type !== PARAMETER.capabilities) {
      return refuse(OPEN_MESSAGE_ERROR.unsupportedOptionalParameter, `optional parameter ${type}`);
    }
    const found = decodeCapabilities(bytes.subarray(start, offset));
    if (typeof found === 'string') return unspecific(found);
    capabilities.push(...found);
  }
  return capabilities;
}

interface ParametersField {
  readonly bytes: Uint8Array;
  /** Of the length of each parameter. */
  readonly lengthBytes: 1 | 2;
}

/**
 * RFC 9072 §2: where 255 stands for the type of the first parameter, all lengths have two octets, whatever the first one
 * says. Undefined: the length is not that of what is there.
 */
function parametersOf(body: Uint8Array): ParametersField | undefined {
  if (body[OFFSET.parameters] === PARAMETER.extendedLength) {
    const start = OFFSET.parameters + 3;
    const bytes = body.subarray(start);
    const isRight = body.length >= start && readUint16(body, start - 2) === bytes.length;
    return isRight ? { bytes, lengthBytes: 2 } : undefined;
  }
  const bytes = body.subarray(OFFSET.parameters);
  return body[OFFSET.parametersLength] === bytes.length ? { bytes, lengthBytes: 1 } : undefined;
}

function unspecific(why: string): Refused {
  return refuse(OPEN_MESSAGE_ERROR.unspecific, why);
}

function refuse(errorSubcode: number, why: string, data = NO_DATA): Refused {
  return refused({ errorCode: ERROR_CODE.openMessage, errorSubcode, data }, why);
}
