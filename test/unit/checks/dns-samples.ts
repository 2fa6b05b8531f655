import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  encode,
  type OptAnswer,
  type Packet,
  type StringAnswer,
} from 'dns-packet';
import type { DnsQuery, DnsReading } from '../../../src/checks/dns-message.ts';

export const NAME = 'www.Example.test';

export function queryFor(over: Partial<DnsQuery> = {}): DnsQuery {
  return { id: 0x1234, name: NAME, recordType: 'A', recursionDesired: true, hasEdns: true, ...over };
}

export const OPT: OptAnswer = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: 1232,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};

/** What an honest server says to `queryFor()`, by an encoder that is not ours. */
export function replyWith(answers: readonly Answer[], over: Partial<Packet> = {}): Buffer {
  const questions = [{ type: 'A', name: NAME, class: 'IN' }] as const;
  const header = { type: 'response', id: 0x1234, flags: AUTHORITATIVE_ANSWER } as const;
  return encode({ ...header, questions: [...questions], answers: [...answers], additionals: [OPT], ...over });
}

export const A: StringAnswer = { type: 'A', name: NAME, ttl: 60, data: '192.0.2.10' };

export function answersOf(reading: DnsReading): readonly string[] | string {
  return reading.kind === 'reply' ? reading.reply.answers : reading.kind;
}

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

/** Id 1234, a response with NOERROR, the counts, and `www.Example.test IN A` as the question (RFC 1035 §4.1). */
export function raw(counts: string, rest: string): Buffer {
  return hex(`1234 8400 ${counts} 03777777 074578616d706c65 0474657374 00 0001 0001 ${rest}`);
}

/** `at` beyond the end writes nothing. */
export function withByte(message: Buffer, at: number, byte: number): Buffer {
  const changed = Buffer.from(message);
  changed[at] = byte;
  return changed;
}
