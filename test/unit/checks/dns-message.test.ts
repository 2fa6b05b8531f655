import { type Answer, TRUNCATED_RESPONSE } from 'dns-packet';
import { describe, expect, test } from 'vitest';
import { type DnsQuery, encodeQuery, readReply } from '../../../src/checks/dns-message.ts';
import type { DnsSpec } from '../../../src/checks/index.ts';
import { A, answersOf, hex, NAME, OPT, queryFor, replyWith, withByte } from './dns-samples.ts';

describe('a query', () => {
  test('has the bytes of RFC 1035 §4.1, and an OPT record of RFC 6891 §6.1 for 1232 bytes', () => {
    const header = '1234 0100 0001 0000 0000 0001';
    const question = '03777777 074578616d706c65 0474657374 00 0001 0001';
    expect(encodeQuery(queryFor())).toEqual(hex(`${header} ${question} 00 0029 04d0 00000000 0000`));
  });

  test('does without EDNS and recursion where it has to', () => {
    const query = queryFor({ hasEdns: false, recursionDesired: false, name: '.', recordType: 'NS' });
    expect(encodeQuery(query)).toEqual(hex('1234 0000 0001 0000 0000 0000 00 0002 0001'));
  });

  test.each([
    ['A', 1],
    ['NS', 2],
    ['CNAME', 5],
    ['SOA', 6],
    ['PTR', 12],
    ['MX', 15],
    ['TXT', 16],
    ['AAAA', 28],
    ['SRV', 33],
  ] as const)('for %s asks for type %i', (recordType, type) => {
    const message = encodeQuery(queryFor({ recordType, name: 'x', hasEdns: false }));
    expect(message.readUInt16BE(message.length - 4)).toBe(type);
  });
});

describe('an answer', () => {
  const records: readonly [Answer, string][] = [
    [A, '192.0.2.10'],
    [{ type: 'AAAA', name: NAME, data: '2001:db8:0:0:0:0:0:1' }, '2001:db8::1'],
    [{ type: 'CNAME', name: NAME, data: 'Other.Example.test' }, 'other.example.test'],
    [{ type: 'NS', name: NAME, data: '.' }, '.'],
    [{ type: 'PTR', name: NAME, data: 'My Printer.test' }, 'my\\032printer.test'],
    [{ type: 'MX', name: NAME, data: { preference: 10, exchange: 'Mail.test' } }, '10 mail.test'],
    [
      { type: 'SRV', name: NAME, data: { priority: 1, weight: 5, port: 5060, target: 'SIP.test' } },
      '1 5 5060 sip.test',
    ],
    [
      {
        type: 'SOA',
        name: NAME,
        data: {
          mname: 'ns.test',
          rname: 'a\\.b.test',
          serial: 4_294_967_295,
          refresh: 2,
          retry: 3,
          expire: 4,
          minimum: 5,
        },
      },
      'ns.test a\\.b.test 4294967295 2 3 4 5',
    ],
    [{ type: 'TXT', name: NAME, data: ['v=spf1 ', 'Grüße', ''] }, 'v=spf1 Grüße'],
  ];

  test.each(records)('has its data in canonical form: %o', (answer, data) => {
    const recordType = answer.type as DnsSpec['recordType'];
    const message = replyWith([answer], { questions: [{ type: answer.type as 'A', name: NAME }] });
    expect(answersOf(readReply(message, queryFor({ recordType })))).toEqual([data]);
  });

  test('counts in whatever case the server repeats the name', () => {
    const questions = [{ type: 'A', name: 'WWW.EXAMPLE.TEST' } as const];
    expect(answersOf(readReply(replyWith([A], { questions }), queryFor()))).toEqual(['192.0.2.10']);
    expect(answersOf(readReply(replyWith([A]), queryFor({ name: 'www.example.test.' })))).toEqual([
      '192.0.2.10',
    ]);
  });

  test('has each record once, of the type and class asked for and at the name asked for', () => {
    const others: readonly Answer[] = [
      { ...A, data: '192.0.2.1', name: 'other.test' },
      { ...A, data: '192.0.2.2', class: 'CH' },
      { type: 'AAAA', name: NAME, data: '2001:db8::1' },
    ];
    expect(answersOf(readReply(replyWith([...others, A, A]), queryFor()))).toEqual(['192.0.2.10']);
  });

  test('is at the end of a chain of CNAMEs, in whatever order the records come', () => {
    const chain: readonly Answer[] = [
      { ...A, name: 'c.test' },
      { type: 'CNAME', name: 'B.test', data: 'c.test' },
      { type: 'CNAME', name: NAME, data: 'b.test' },
      { ...A, data: '192.0.2.66' },
    ];
    expect(answersOf(readReply(replyWith(chain), queryFor()))).toEqual(['192.0.2.10']);
    const asked = { questions: [{ type: 'CNAME', name: NAME } as const] };
    const reading = readReply(replyWith(chain, asked), queryFor({ recordType: 'CNAME' }));
    expect(answersOf(reading)).toEqual(['b.test']);
  });

  test('has no end where the chain bites its tail', () => {
    const loop: readonly Answer[] = [
      { type: 'CNAME', name: NAME, data: 'b.test' },
      { type: 'CNAME', name: 'b.test', data: NAME },
    ];
    expect(answersOf(readReply(replyWith(loop), queryFor()))).toEqual([]);
  });

  test('has the upper bits of its rcode in the OPT record', () => {
    const reading = readReply(replyWith([], { additionals: [{ ...OPT, extendedRcode: 1 }] }), queryFor());
    expect(reading).toMatchObject({ kind: 'reply', reply: { rcode: 'BADVERS', hasEdns: true } });
    expect(readReply(replyWith([], { flags: 11, additionals: [] }), queryFor())).toMatchObject({
      reply: { rcode: 'RCODE_11', hasEdns: false },
    });
  });

  test('may end anywhere where it says that it is truncated', () => {
    const message = replyWith([A], { flags: TRUNCATED_RESPONSE });
    for (let length = 34; length <= message.length; length += 1) {
      const reading = readReply(message.subarray(0, length), queryFor());
      expect(reading).toMatchObject({ kind: 'reply', reply: { isTruncated: true } });
    }
  });
});

describe('what unbound 1.17.1 sent to our queries', () => {
  const www = '03777777 076578616d706c65 0474657374 00';
  const opt = '00 0029 04d0 00000000 0000';
  const golden: readonly [
    string,
    Partial<DnsQuery>,
    string,
    { rcode: string; answers: readonly string[] },
  ][] = [
    [
      'two A records',
      { name: 'www.example.test' },
      `1234 8580 0001 0002 0000 0001 ${www} 0001 0001
       c00c 0001 0001 0000003c 0004 c000020b c00c 0001 0001 0000003c 0004 c000020a ${opt}`,
      { rcode: 'NOERROR', answers: ['192.0.2.11', '192.0.2.10'] },
    ],
    [
      'an MX record with a compressed name',
      { name: 'example.test', recordType: 'MX' },
      `1234 8580 0001 0001 0000 0001 076578616d706c65 0474657374 00 000f 0001
       c00c 000f 0001 0000003c 0009 000a 046d61696c c00c ${opt}`,
      { rcode: 'NOERROR', answers: ['10 mail.example.test'] },
    ],
    [
      'no such name',
      { name: 'nope.example.test' },
      `1234 8583 0001 0000 0000 0001 046e6f7065 076578616d706c65 0474657374 00 0001 0001 ${opt}`,
      { rcode: 'NXDOMAIN', answers: [] },
    ],
    [
      'an alias alone',
      { name: 'alias.example.test' },
      `1234 8580 0001 0001 0000 0001 05616c696173 076578616d706c65 0474657374 00 0001 0001
       c00c 0005 0001 0000003c 0006 03777777 c012 ${opt}`,
      { rcode: 'NOERROR', answers: [] },
    ],
  ];

  test.each(golden)('%s', (_what, query, bytes, expected) => {
    const reading = readReply(hex(bytes), queryFor(query));
    expect(reading).toEqual({
      kind: 'reply',
      reply: { ...expected, isTruncated: false, hasEdns: true, hasQuestion: true },
    });
  });

  test.each(golden)('%s: no beginning of it is read as a reply', (_what, query, bytes) => {
    const message = hex(bytes);
    for (let length = 2; length < message.length; length += 1) {
      expect(readReply(message.subarray(0, length), queryFor(query)).kind, `${length}`).not.toBe('reply');
    }
  });
});

describe('what does not answer the query', () => {
  const honest = replyWith([A]);
  const others: readonly [string, Buffer][] = [
    ['has another id', withByte(honest, 0, 0x13)],
    ['has nothing in it', Buffer.alloc(0)],
    ['has half an id', honest.subarray(0, 1)],
    ['is a query, such as ours coming back', encodeQuery(queryFor())],
    ['has another opcode', withByte(honest, 2, 0xa4)],
    ['has another name', replyWith([A], { questions: [{ type: 'A', name: 'www.example.tesu' }] })],
    ['has a name with a dot in a label', withByte(withByte(honest, 12, 11), 16, 0x2e)],
    ['has another type', replyWith([A], { questions: [{ type: 'AAAA', name: NAME }] })],
    ['has another class', replyWith([A], { questions: [{ type: 'A', name: NAME, class: 'CH' }] })],
    ['has no question', replyWith([A], { questions: [] })],
    ['has two questions', replyWith([A], { questions: [1, 2].map(() => ({ type: 'A', name: NAME })) })],
  ];

  test.each(others)('%s', (_what, message) => {
    expect(readReply(message, queryFor())).toEqual({ kind: 'other' });
  });

  test('counts as a failure only where it is an error without the question', () => {
    const message = replyWith([], { questions: [], flags: 1, additionals: [] });
    expect(readReply(message, queryFor())).toMatchObject({ reply: { rcode: 'FORMERR', hasQuestion: false } });
  });
});
