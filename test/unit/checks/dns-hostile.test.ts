import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeReply } from '../../../src/checks/dns-judge.ts';
import { readReply } from '../../../src/checks/dns-message.ts';
import type { DnsSpec } from '../../../src/checks/index.ts';
import { A, answersOf, hex, NAME, queryFor, raw, replyWith, withByte } from './dns-samples.ts';

const RUNS = { seed: 53, numRuns: 1_500 };

describe('a message with our id that can not be read', () => {
  const malformed: readonly [string, Buffer][] = [
    ['ends within its header', hex('1234 8400')],
    [
      'has more answers in its header than in its body',
      raw('0001 0002 0000 0000', `c00c ${record('01020304')}`),
    ],
    ['has an authority that is missing', raw('0001 0000 0001 0000', '')],
    ['has a pointer to itself', raw('0001 0001 0000 0000', `c022 ${record('01020304')}`)],
    ['has a pointer forward', raw('0001 0001 0000 0000', `c030 ${record('01020304')}`)],
    [
      'has a pointer forward, to what would be a name',
      raw('0001 0001 0000 0000', 'c02e 03e7 0001 00000000 0001 00'),
    ],
    ['has pointers in a circle', raw('0001 0001 0000 0000', `0161 c022 ${record('01020304')}`)],
    ['has a label of the kind that never was', raw('0001 0001 0000 0000', `4161 00 ${record('01020304')}`)],
    ['has data beyond its end', raw('0001 0001 0000 0000', 'c00c 0001 0001 00000000 0005 01020304')],
    ['has an address of three bytes', raw('0001 0001 0000 0000', `c00c ${record('010203')}`)],
    ['has an address of five bytes', raw('0001 0001 0000 0000', `c00c ${record('0102030405')}`)],
    [
      'has a name of 300 bytes',
      raw('0001 0001 0000 0000', `${'3f'.padEnd(128, '6').repeat(5)} 00 ${record('01020304')}`),
    ],
    [
      'has data of an unknown type beyond its end',
      raw('0001 0001 0000 0000', 'c00c 03e7 0001 00000000 0005 01020304'),
    ],
    ['has a CNAME with a rest', raw('0001 0001 0000 0000', 'c00c 0005 0001 00000000 0003 c010 00')],
  ];

  function record(data: string): string {
    return `0001 0001 00000000 ${(data.length / 2).toString(16).padStart(4, '0')} ${data}`;
  }

  test.each(malformed)('%s', (_what, message) => {
    expect(readReply(message, queryFor())).toMatchObject({ kind: 'malformed' });
  });

  test('has a text that is longer than its record, at the very end', () => {
    const questions = [{ type: 'TXT', name: NAME } as const];
    const message = replyWith([], { questions, additionals: [] });
    message.writeUInt16BE(1, 6);
    const cut = Buffer.concat([message, hex('c00c 0010 0001 00000000 0001 05')]);
    expect(readReply(cut, queryFor({ recordType: 'TXT' }))).toMatchObject({ kind: 'malformed' });
  });
});

describe('names in a message', () => {
  test('are read once, however many point to the same place', () => {
    // 126 labels of a byte that has to be escaped; each of 4,600 records has that name twice.
    const labels = Array.from(
      { length: 126 },
      (_, index) => `015c${pointerTo(46 + Math.max(4 * index - 3, 0))}`,
    );
    const names = `00${labels.join('')}`;
    const last = pointerTo(46 + 1 + 4 * 125);
    const holder = `c00c 03e7 0001 00000000 ${(names.length / 2).toString(16).padStart(4, '0')} ${names}`;
    const alias = `${last} 0005 0001 00000000 0002 ${last}`;
    const message = raw('0001 11f8 0000 0000', `${holder} ${alias.repeat(0x11f7)}`);
    expect(message.length).toBeGreaterThan(64_000);
    expect(answersOf(readReply(message, queryFor()))).toEqual([]);
  });

  function pointerTo(offset: number): string {
    return (0xc000 + offset).toString(16);
  }

  test('are found behind a chain of pointers of any length', () => {
    const chain = ['c00c', ...Array.from({ length: 399 }, (_, index) => pointerTo(46 + 2 * index))].join('');
    const holder = `c00c 03e7 0001 00000000 0320 ${chain}`;
    const message = raw(
      '0001 0002 0000 0000',
      `${holder} ${pointerTo(46 + 798)} 0001 0001 00000000 0004 01020304`,
    );
    expect(answersOf(readReply(message, queryFor()))).toEqual(['1.2.3.4']);
  });
});

describe('hostile messages', () => {
  const spec: DnsSpec = {
    type: 'dns',
    port: 53,
    name: NAME,
    recordType: 'A',
    transport: 'udp',
    tcpFallback: false,
    recursionDesired: true,
    rcode: 'NOERROR',
    answers: ['192.0.2.10'],
    match: 'all',
    minAnswers: 1,
    sourceAddress: undefined,
    sourceInterface: undefined,
  };
  const honest = replyWith([A]);

  function isPass(message: Buffer): boolean {
    const reading = readReply(message, queryFor());
    return reading.kind === 'reply' && judgeReply(spec, reading.reply).reason === 'passed';
  }

  test('the honest one passes, and no beginning of it', () => {
    expect(isPass(honest)).toBe(true);
    for (let length = 0; length < honest.length; length += 1) {
      expect(isPass(honest.subarray(0, length))).toBe(false);
    }
  });

  test('random bytes never throw and never pass, not even behind a right header', () => {
    const beginnings = [
      Buffer.alloc(0),
      honest.subarray(0, 4),
      honest.subarray(0, 12),
      honest.subarray(0, 34),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 200 }), (beginning, bytes) => {
        expect(isPass(Buffer.concat([beginning, bytes]))).toBe(false);
      }),
      RUNS,
    );
  });

  test('a mutated one passes only where what matters was left as it was', () => {
    // The id, flags, question, and name, type, class and data of the answer (its TTL lies between).
    const matters = (message: Buffer): string => {
      const flags = (message.readUInt16BE(2) & 0xfa0f).toString(16);
      const names = message.toString('latin1', 12, 52).toLowerCase();
      const answer = [message.toString('hex', 52, 56), message.toString('hex', 60, 66)];
      return [message.readUInt16BE(0), flags, names, ...answer].join(' ');
    };
    const change = fc.record({ at: fc.nat(honest.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const mutated = changes.reduce((message, { at, byte }) => withByte(message, at, byte), honest);
        if (isPass(mutated)) expect(matters(mutated)).toBe(matters(honest));
      }),
      { ...RUNS, numRuns: 4_000 },
    );
  });

  test.each([
    'A',
    'MX',
    'SRV',
    'SOA',
    'TXT',
    'AAAA',
    'PTR',
  ] as const)('random data of %s never throws', (recordType) => {
    const questions = [{ type: recordType, name: NAME }];
    const start = replyWith([], { questions, additionals: [] });
    start.writeUInt16BE(1, 6);
    const type = start.toString('hex', start.length - 4, start.length - 2);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        const length = data.length.toString(16).padStart(4, '0');
        const head = hex(`c00c ${type} 0001 00000000 ${length}`);
        const reading = readReply(Buffer.concat([start, head, data]), queryFor({ recordType }));
        expect(['malformed', 'reply']).toContain(reading.kind);
      }),
      { ...RUNS, numRuns: 300 },
    );
  });
});
