import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  beginStartTls,
  type StartTlsOutput,
  type StartTlsProtocol,
  stepStartTls,
} from '../../../src/checks/starttls.ts';

const CONSENTS: Readonly<Record<StartTlsProtocol, readonly string[]>> = {
  smtp: [
    '220-mail.test ESMTP\r\n220 ready\r\n',
    '250-mail.test at your service\r\n250-SIZE 1000\r\n250-starttls\r\n250 HELP\r\n',
    '220 go ahead\r\n',
  ],
  imap: ['* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n', '* CAPABILITY IMAP4rev1\r\na1 ok begin\r\n'],
  postgres: ['S'],
};

const PROTOCOLS = ['smtp', 'imap', 'postgres'] as const;

/** Gives the pieces to the machine one after the other, and all that comes out. */
function run(protocol: StartTlsProtocol, pieces: readonly (string | Buffer)[]) {
  let { state, outputs } = beginStartTls(protocol, '[192.0.2.1]');
  const all: StartTlsOutput[] = [...outputs];
  for (const piece of pieces) {
    ({ state, outputs } = stepStartTls(
      state,
      typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece,
    ));
    all.push(...outputs);
  }
  return { state, outputs: all };
}

/** What it said, and how it ended. */
function told(outputs: readonly StartTlsOutput[]): readonly string[] {
  return outputs.map((output) => {
    switch (output.kind) {
      case 'send':
        return output.bytes.toString('latin1');
      case 'ready':
        return 'ready';
      default:
        return `${output.verdict.reason}: ${output.verdict.detail}`;
    }
  });
}

function outcome(protocol: StartTlsProtocol, pieces: readonly (string | Buffer)[]): string | undefined {
  return told(run(protocol, pieces).outputs).at(-1);
}

const SAID = {
  smtp: ['EHLO [192.0.2.1]\r\n', 'STARTTLS\r\n', 'ready'],
  imap: ['a1 STARTTLS\r\n', 'ready'],
  postgres: ['\x00\x00\x00\x08\x04\xd2\x16\x2f', 'ready'],
} as const;

describe.each(PROTOCOLS)('the dialogue with a %s server that consents', (protocol) => {
  test('ends with TLS, and says no more than it has to', () => {
    expect(told(run(protocol, CONSENTS[protocol]).outputs)).toEqual(SAID[protocol]);
  });

  test('is the same wherever the bytes are cut, and byte by byte', () => {
    const bytes = CONSENTS[protocol].join('');
    for (let at = 0; at <= bytes.length; at++) {
      expect(told(run(protocol, [bytes.slice(0, at), bytes.slice(at)]).outputs)).toEqual(SAID[protocol]);
    }
    expect(told(run(protocol, [...bytes]).outputs)).toEqual(SAID[protocol]);
  });

  test('is not over while any byte is missing', () => {
    const bytes = CONSENTS[protocol].join('');
    for (let length = 0; length < bytes.length; length++) {
      const { state, outputs } = run(protocol, [bytes.slice(0, length)]);
      expect(told(outputs)).not.toContain('ready');
      expect(outputs.filter(({ kind }) => kind === 'failed')).toEqual([]);
      expect(state.stage).not.toBe('over');
    }
  });

  test('fails where plain text follows the consent in the same segment', () => {
    expect(outcome(protocol, [`${CONSENTS[protocol].join('')}x`])).toBe(
      'protocol-error: 1 bytes in plain text after the consent to TLS: "x"',
    );
  });

  test('hears nothing more once it is over', () => {
    const { state } = run(protocol, CONSENTS[protocol]);
    expect(stepStartTls(state, Buffer.from('220 more\r\n'))).toEqual({ state, outputs: [] });
  });
});

describe('an answer that is no consent', () => {
  test.each<[StartTlsProtocol, readonly string[], string]>([
    ['smtp', ['554 no\r\n'], 'unexpected-answer: no greeting: "554 no"'],
    ['smtp', ['421 busy\r\n'], 'unexpected-answer: no greeting: "421 busy"'],
    ['smtp', ['220 hi\r\n', '502 what\r\n'], 'unexpected-answer: no answer to EHLO: "502 what"'],
    [
      'smtp',
      ['220 hi\r\n', '250-STARTTLSX\r\n250 SIZE\r\n'],
      'tls-failed: the server does not offer STARTTLS; it ended with: "250 SIZE"',
    ],
    [
      'smtp',
      ['220-STARTTLS\r\n220 hi\r\n', '250 STARTTL\r\n'],
      'tls-failed: the server does not offer STARTTLS; it ended with: "250 STARTTL"',
    ],
    [
      'smtp',
      ['220 hi\r\n', '250 STARTTLS\r\n', '454 later\r\n'],
      'tls-failed: STARTTLS refused: "454 later"',
    ],
    ['smtp', ['SSH-2.0-x\r\n'], 'protocol-error: no answer of SMTP: "SSH-2.0-x"'],
    ['smtp', ['220-a\r\n221 b\r\n'], 'protocol-error: no answer of SMTP: "221 b"'],
    ['smtp', ['2200 hi\r\n'], 'protocol-error: no answer of SMTP: "2200 hi"'],
    ['smtp', ['\r\n'], 'protocol-error: no answer of SMTP: ""'],
    [
      'imap',
      ['* PREAUTH welcome\r\n'],
      'tls-failed: no STARTTLS on a connection like this: "* PREAUTH welcome"',
    ],
    ['imap', ['* BYE full\r\n'], 'unexpected-answer: the server says goodbye: "* BYE full"'],
    ['imap', ['* OK\r\n', '* BYE now\r\n'], 'unexpected-answer: the server says goodbye: "* BYE now"'],
    ['imap', ['* OK\r\n', 'a1 NO\r\n'], 'tls-failed: STARTTLS refused: "a1 NO"'],
    ['imap', ['* OK\r\n', 'a1 BAD what\r\n'], 'tls-failed: STARTTLS refused: "a1 BAD what"'],
    ['imap', ['* OK\r\n', 'a2 OK\r\n'], 'protocol-error: no answer of IMAP: "a2 OK"'],
    ['imap', ['* OK\r\n', 'a1 OKAY\r\n'], 'protocol-error: no answer of IMAP: "a1 OKAY"'],
    ['imap', ['* OKAY\r\n'], 'protocol-error: no greeting of IMAP: "* OKAY"'],
    ['postgres', ['N'], 'tls-failed: the server has TLS switched off'],
    ['postgres', ['E\0\0\0\x20FATAL'], 'unexpected-answer: the server answered with an error'],
    ['postgres', ['s'], 'protocol-error: no answer of PostgreSQL: "s"'],
    ['postgres', ['\xff'], 'protocol-error: no answer of PostgreSQL: "\\xff"'],
  ])('fails with %s %j', (protocol, pieces, expected) => {
    expect(outcome(protocol, pieces)).toBe(expected);
  });

  test('has a line of 4096 bytes at most, wherever it is cut', () => {
    const line = (length: number) => `220 ${'x'.repeat(length - 6)}\r\n`;
    expect(outcome('smtp', [line(4096)])).toBe('EHLO [192.0.2.1]\r\n');
    for (const pieces of [[line(4097)], [line(4097).slice(0, -1), '\n'], [...line(4097)]]) {
      expect(outcome('smtp', pieces)).toBe('protocol-error: a line of more than 4096 bytes');
    }
  });

  test('ends after 32768 bytes, however many lines they are, and keeps no more than a line', () => {
    const lines = Array.from({ length: 5_000 }, () => '* noise\r\n');
    for (const pieces of [lines, [lines.join('')]]) {
      const { state, outputs } = run('imap', ['* OK\r\n', ...pieces]);
      expect(told(outputs).at(-1)).toBe('protocol-error: more than 32768 bytes before TLS');
      expect(state.unread.length).toBe(0);
    }
  });
});

describe('random bytes', () => {
  const protocol = fc.constantFrom(...PROTOCOLS);
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom('220 ', '250-', '250 STARTTLS\r\n', '* OK', 'a1 OK', '\r\n', 'S', '* ', '-')
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 20 },
  );

  test('never make it throw, and end it once at most', () => {
    fc.assert(
      fc.property(protocol, pieces, (which, bytes) => {
        const { state, outputs } = run(which, bytes);
        const ends = outputs.filter(({ kind }) => kind !== 'send');
        expect(ends.length).toBe(state.stage === 'over' ? 1 : 0);
        expect(state.unread.length).toBeLessThanOrEqual(4096);
      }),
      { numRuns: 300 },
    );
  });

  test('have the same outcome however they are cut, but for what is injected after a consent', () => {
    fc.assert(
      fc.property(protocol, pieces, (which, bytes) => {
        const [whole, cut] = [run(which, [Buffer.concat(bytes)]), run(which, bytes)];
        const isInjected = whole.outputs.some(
          (output) => output.kind === 'failed' && output.verdict.detail?.includes('after the consent'),
        );
        if (!isInjected) expect(told(cut.outputs)).toEqual(told(whole.outputs));
      }),
      { numRuns: 300 },
    );
  });

  test('put into a good dialogue never lead to TLS without the consent of its server', () => {
    const place = fc.nat(100);
    fc.assert(
      fc.property(protocol, place, fc.uint8Array({ minLength: 1, maxLength: 3 }), (which, at, put) => {
        const good = Buffer.from(CONSENTS[which].join(''), 'latin1');
        const cut = at % good.length;
        const damaged = Buffer.concat([good.subarray(0, cut), put, good.subarray(cut + put.length)]);
        const last: StartTlsOutput | undefined = run(which, [damaged]).outputs.at(-1);
        if (last?.kind === 'ready') expect(damaged.toString('latin1')).toMatch(CONSENT[which]);
      }),
      { numRuns: 300 },
    );
  });
});

const CONSENT: Readonly<Record<StartTlsProtocol, RegExp>> = {
  smtp: /\r?\n220[ -]?[^\n]*\n$|\r?\n220\r?\n$/,
  imap: /\na1 OK\b[^\n]*\n$/i,
  postgres: /^S$/,
};
