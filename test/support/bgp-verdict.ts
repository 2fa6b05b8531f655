import { isDeepStrictEqual } from 'node:util';
import { type Decoded, type DecodingContext, decodeMessage } from '../../src/bgp/decode.ts';
import { encodeMessage } from '../../src/bgp/encode.ts';
import { type Framed, Framer } from '../../src/bgp/framer.ts';
import type { BgpMessage, OpenMessage, Prefix, UpdateMessage } from '../../src/bgp/message.ts';
import type { Notification } from '../../src/bgp/notification.ts';
import { describeNotification } from '../../src/bgp/notification-text.ts';
import { between, type Random } from '../simulation/random.ts';

/** Subcodes with which a message of each type may be refused once its header is right (RFC 4271 §6.2, §6.3; RFC 7313). */
const REFUSALS: Readonly<Record<number, readonly string[]>> = {
  1: ['2/0', '2/1', '2/3', '2/4', '2/6'],
  2: ['3/1', '3/2', '3/4', '3/5', '3/6', '3/9', '3/10', '3/11'],
  3: [],
  4: [],
  5: [],
};

/**
 * What became of bytes that a peer sent, as words to count. Throws where it is neither a message, well formed in all, nor
 * the right NOTIFICATION, or where reading them in pieces gives something else.
 */
export function verdictOf(bytes: Buffer, context: DecodingContext, random: Random): string {
  const whole = new Framer().push(bytes);
  if (random() < 0.1) judgePieces(bytes, between(random, 0, bytes.length), whole);
  const isThorough = random() < 0.25;
  const verdicts = whole.map((framed) => judgeFramed(framed, context, isThorough));
  return verdicts[0] ?? 'incomplete';
}

function judgePieces(bytes: Buffer, cut: number, whole: readonly Framed[]): void {
  const framer = new Framer();
  const pieces = [...framer.push(bytes.subarray(0, cut)), ...framer.push(bytes.subarray(cut))];
  must(isDeepStrictEqual(pieces, whole), 'pieces read as something else');
}

function judgeFramed(framed: Framed, context: DecodingContext, isThorough: boolean): string {
  if (!framed.ok) return judgeNotification(framed.notification, ['1/1', '1/2', '1/3', '7/1']);
  const decoded = decodeMessage(framed.type, framed.body, context);
  const expected = expectedRefusal(framed.type, Buffer.from(framed.body));
  if (!decoded.ok) {
    const verdict = judgeNotification(decoded.notification, REFUSALS[framed.type] ?? []);
    must(expected === undefined || expected === verdict, `refused with ${verdict}, not ${expected}`);
    return verdict;
  }
  must(expected === undefined, `taken, where ${expected} was due`);
  judgeMessage(decoded);
  if (isThorough) judgeWritten(decoded.message, context);
  const treatments = new Set(decoded.errors.map(({ treatment }) => treatment));
  return [decoded.message.type, ...[...treatments].sort()].join(' ');
}

/** What can be told from a glance at the octets. */
function expectedRefusal(type: number, body: Buffer): string | undefined {
  if (type === 1) {
    if (body[0] !== 4) return '2/1';
    if ([1, 2].includes(body.readUInt16BE(3))) return '2/6';
    return body.readUInt32BE(5) === 0 ? '2/3' : undefined;
  }
  if (type !== 2) return undefined;
  const lengthAt = 2 + body.readUInt16BE(0);
  if (lengthAt + 2 > body.length) return '3/1';
  return lengthAt + 2 + body.readUInt16BE(lengthAt) > body.length ? '3/1' : undefined;
}

function judgeNotification(notification: Notification, allowed: readonly string[]): string {
  const codes = `${notification.errorCode}/${notification.errorSubcode}`;
  must(allowed.includes(codes), `the NOTIFICATION ${codes}`);
  const message = { type: 'notification', ...notification } as const;
  const bytes = encodeMessage(message, { isFourOctetAs: true });
  const head = [notification.errorCode, notification.errorSubcode];
  must(
    bytes.subarray(19).equals(Buffer.of(...head, ...notification.data)),
    'a NOTIFICATION that says another',
  );
  must(/^[^\p{Cc}]+$/u.test(describeNotification(notification)), 'a NOTIFICATION that can not be shown');
  return codes;
}

function judgeMessage({ message, errors }: Extract<Decoded, { readonly ok: true }>): void {
  if (message.type === 'open') judgeOpen(message);
  if (message.type === 'notification') describeNotification(message);
  if (message.type === 'update') {
    const isWithdrawn = errors.some(({ treatment }) => treatment === 'treat-as-withdraw');
    judgeUpdate(message, isWithdrawn);
  }
}

function judgeWritten(message: BgpMessage, context: DecodingContext): void {
  if (!isWritable(message)) return;
  const again = encodeMessage(message, context);
  const reread = decodeMessage(again.readUInt8(18), again.subarray(19), context);
  must(reread.ok && reread.errors.length === 0, 'what was written has an error');
  must(
    reread.ok && isDeepStrictEqual(inOrder(reread.message), inOrder(message)),
    'what was written is something else',
  );
}

function judgeOpen({ version, holdTime, bgpIdentifier }: OpenMessage): void {
  must(version === 4 && (holdTime === 0 || holdTime >= 3) && bgpIdentifier !== '0.0.0.0', 'a bad OPEN');
}

function judgeUpdate(message: UpdateMessage, isWithdrawn: boolean): void {
  const { nlri, withdrawnRoutes, pathAttributes } = message;
  const types = new Set(pathAttributes.map(({ type }) => type));
  const reach = pathAttributes.flatMap((each) =>
    each.type === 'mp-reach-nlri' ? [...(each.nlri ?? [])] : [],
  );
  const unreach = pathAttributes.flatMap((each) =>
    each.type === 'mp-unreach-nlri' ? [...(each.withdrawnRoutes ?? [])] : [],
  );
  for (const prefix of [...nlri, ...withdrawnRoutes, ...reach, ...unreach]) judgePrefix(prefix);
  if (isWithdrawn) {
    must(nlri.length === 0 && [...types].every((type) => type === 'mp-unreach-nlri'), 'a route left');
    return;
  }
  must(
    nlri.length + reach.length === 0 || (types.has('origin') && types.has('as-path')),
    'a route without a path',
  );
  must(nlri.length === 0 || types.has('next-hop'), 'a route without a next hop');
}

function judgePrefix({ family, address, length }: Prefix): void {
  const bytes = family === 'ipv4' ? 4 : 16;
  must(address.length === bytes && length <= bytes * 8, 'a prefix that can not be');
  for (const [index, octet] of address.entries()) {
    const bits = Math.max(0, Math.min(8, length - index * 8));
    must((octet & (0xff >> bits)) === 0, 'a prefix with host bits');
  }
}

/** Routes that were not looked into, and roles without a value, can't be; nor what grew by being written in full. */
function isWritable(message: BgpMessage): boolean {
  if (message.type === 'open')
    return message.capabilities.every((each) => each.type !== 'role' || each.role !== undefined);
  if (message.type !== 'update') return true;
  return message.pathAttributes.every(
    (each) =>
      (each.type !== 'mp-reach-nlri' || each.nlri !== undefined) &&
      (each.type !== 'mp-unreach-nlri' || each.withdrawnRoutes !== undefined) &&
      // One that was withdrawn may stand beside another of its kind, which no message has.
      (each.type !== 'mp-unreach-nlri' ||
        message.pathAttributes.filter(({ type }) => type === 'mp-unreach-nlri').length === 1),
  );
}

/** Attributes are written in an order of their own. */
function inOrder(message: BgpMessage): BgpMessage {
  if (message.type !== 'update') return message;
  const key = ({ type, ...rest }: UpdateMessage['pathAttributes'][number]): string =>
    'code' in rest ? `${type} ${rest.code}` : type;
  const pathAttributes = [...message.pathAttributes].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  return { ...message, pathAttributes };
}

function must(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(what);
}
