import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeContent } from '../../../src/checks/tftp-content.ts';
import {
  afterSilence,
  beginTransfer,
  stepTransfer,
  type Transfer,
  type TransferStep,
} from '../../../src/checks/tftp-transfer.ts';

const ACK = { 0: '00040000', 1: '00040001', 2: '00040002' } as const;

function begin(blockBytes = 16, maxBytes = 1000): Transfer {
  return beginTransfer({ path: 'f', blockBytes, maxBytes });
}

function data(block: number, content: string): Buffer {
  return Buffer.concat([Buffer.from([0, 3, (block >>> 8) & 0xff, block & 0xff]), Buffer.from(content)]);
}

function options(...texts: readonly string[]): Buffer {
  return Buffer.concat([Buffer.from([0, 6]), ...texts.map((text) => Buffer.from(`${text}\0`))]);
}

function error(code: number, message = ''): Buffer {
  return Buffer.concat([Buffer.from([0, 5, 0, code]), Buffer.from(`${message}\0`)]);
}

/** The transfer after packets that all have to carry it on. */
function after(...packets: readonly Buffer[]): Transfer {
  return packets.reduce((transfer, packet) => {
    const step = stepTransfer(transfer, packet);
    if (step.kind !== 'send') throw new Error(`${step.kind} after ${packet.toString('hex')}`);
    return step.transfer;
  }, begin());
}

/** What is sent after a step, in hexadecimal; undefined: nothing. */
function sentBy(step: TransferStep): string | undefined {
  if (step.kind === 'ignore') return undefined;
  return (step.kind === 'fail' ? step.error : step.transfer.last)?.toString('hex');
}

function failure(step: TransferStep) {
  if (step.kind !== 'fail') throw new Error(`not a failure: ${step.kind}`);
  return { ...step.verdict, code: step.error?.readUInt16BE(2) };
}

const FULL = 'x'.repeat(16);
const AGREED = options('blksize', '16', 'tsize', '36', 'timeout', '1');

describe('a request', () => {
  test('asks for block size, file size and the shortest patience', () => {
    expect(begin().last.toString()).toBe('\0\x01f\0octet\0blksize\x0016\0tsize\x000\0timeout\x001\0');
  });

  test('asks for nothing with blocks of 512 bytes', () => {
    expect(begin(512).last.toString()).toBe('\0\x01f\0octet\0');
  });
});

describe('a transfer', () => {
  test('goes from options to the short block that ends it, each acknowledged', () => {
    let transfer = begin();
    const packets = [AGREED, data(1, FULL), data(2, FULL), data(3, 'last')];
    const steps = packets.map((packet) => {
      const step = stepTransfer(transfer, packet);
      if (step.kind === 'send' || step.kind === 'done') transfer = step.transfer;
      return [step.kind, sentBy(step)];
    });
    expect(steps).toEqual([
      ['send', ACK[0]],
      ['send', ACK[1]],
      ['send', ACK[2]],
      ['done', '00040003'],
    ]);
    expect(transfer).toMatchObject({ bytes: 36, blocks: 3, announcedBytes: 36 });
  });

  test('goes on in blocks of 512 bytes with a server that knows no options', () => {
    const step = stepTransfer(begin(), data(1, 'x'.repeat(512)));
    expect([step.kind, sentBy(step)]).toEqual(['send', ACK[1]]);
    expect(stepTransfer(begin(), data(1, 'x'.repeat(511))).kind).toBe('done');
    expect(failure(stepTransfer(begin(), data(1, 'x'.repeat(513)))).reason).toBe('protocol-error');
  });

  test('goes on in blocks of 512 bytes where the server agrees to all but the block size', () => {
    const transfer = after(options('tsize', '1000'));
    expect(transfer).toMatchObject({ blockBytes: 512, announcedBytes: 1000 });
  });

  test('ends with an empty block where the file fills its blocks, or is empty', () => {
    expect(stepTransfer(after(AGREED, data(1, FULL)), data(2, ''))).toMatchObject({
      kind: 'done',
      transfer: { bytes: 16 },
    });
    expect(stepTransfer(begin(), data(1, ''))).toMatchObject({ kind: 'done', transfer: { bytes: 0 } });
  });

  test('counts blocks past 65535: the next is 0, then 1', () => {
    const full = { ...after(AGREED), maxBytes: 10_000_000, blocks: 65_534, bytes: 65_534 * 16 };
    let transfer: Transfer = full;
    for (const block of [65_535, 0, 1]) {
      const step = stepTransfer(transfer, data(block, FULL));
      if (step.kind !== 'send') throw new Error(step.kind);
      transfer = step.transfer;
      expect(transfer.last.readUInt16BE(2)).toBe(block);
    }
    expect(transfer.blocks).toBe(65_537);
    expect(stepTransfer(transfer, data(1, FULL))).toMatchObject({
      kind: 'send',
      transfer: { isRepeated: true },
    });
  });

  test('acknowledges a duplicate once more, not each further one, and again after a silence', () => {
    let transfer = after(AGREED, data(1, FULL));
    const first = stepTransfer(transfer, data(1, FULL));
    expect([first.kind, sentBy(first)]).toEqual(['send', ACK[1]]);
    expect(first).not.toHaveProperty('content');
    if (first.kind === 'send') transfer = first.transfer;
    expect(transfer.bytes).toBe(16);
    expect(stepTransfer(transfer, data(1, FULL)).kind).toBe('ignore');
    expect(stepTransfer(afterSilence(transfer), data(1, FULL)).kind).toBe('send');
    expect(stepTransfer(transfer, data(2, FULL))).toMatchObject({
      kind: 'send',
      transfer: { isRepeated: false },
    });
  });

  test('acknowledges duplicate options once more, while no data came', () => {
    const first = stepTransfer(after(AGREED), AGREED);
    expect(sentBy(first)).toBe(ACK[0]);
    expect(stepTransfer(first.kind === 'send' ? first.transfer : begin(), AGREED).kind).toBe('ignore');
    expect(stepTransfer(after(AGREED, data(1, FULL)), AGREED).kind).toBe('ignore');
  });

  test.each([
    ['an old block', 1],
    ['a block too early', 4],
    ['block 0', 0],
  ])('ignores %s', (_, block) => {
    expect(stepTransfer(after(AGREED, data(1, FULL), data(2, FULL)), data(block, FULL)).kind).toBe('ignore');
  });

  test('does not begin in the middle', () => {
    for (const block of [0, 2, 65_535]) expect(stepTransfer(begin(), data(block, FULL)).kind).toBe('ignore');
  });
});

describe('a transfer fails', () => {
  test.each([
    [1, 'not-found'],
    [2, 'not-permitted'],
    [0, 'unexpected-answer'],
    [3, 'unexpected-answer'],
    [4, 'protocol-error'],
    [5, 'protocol-error'],
    [6, 'unexpected-answer'],
    [7, 'unexpected-answer'],
    [8, 'protocol-error'],
    [99, 'unexpected-answer'],
  ])('on error %d of the server as %s, which is not answered', (code, reason) => {
    for (const transfer of [begin(), after(AGREED, data(1, FULL))]) {
      expect(failure(stepTransfer(transfer, error(code, 'no')))).toMatchObject({ reason, code: undefined });
    }
  });

  test('with what the server says, made printable and cut', () => {
    const said = failure(stepTransfer(begin(), error(0, `\x1b[2J\nä${'y'.repeat(1000)}`))).detail ?? '';
    expect(said).toMatch(/^the server sends error 0, "\\u001b\[2J\\n\\xc3\\xa4y+"$/);
    expect(said.length).toBeLessThan(200);
    expect(failure(stepTransfer(begin(), error(8))).detail).toContain('block_bytes: 512');
  });

  test.each([
    ['an option that was not asked for', options('windowsize', '4')],
    ['a larger block size', options('blksize', '17')],
    ['too small a block size', options('blksize', '7')],
    ['a block size that is no number', options('blksize', '1e1')],
    ['a negative size', options('tsize', '-1')],
    ['an endless size', options('tsize', '9'.repeat(40))],
    ['another patience', options('timeout', '2')],
    ['an option twice', options('tsize', '1', 'tsize', '2')],
    ['an option without a name', options('', '')],
  ])('on %s, with error 8', (_, packet) => {
    expect(failure(stepTransfer(begin(), packet))).toMatchObject({ reason: 'protocol-error', code: 8 });
  });

  test('on any option where none was asked for', () => {
    expect(failure(stepTransfer(begin(512), options('tsize', '5')))).toMatchObject({ code: 8 });
  });

  test.each([
    ['a request', Buffer.from([0, 1, 0x61, 0])],
    ['an acknowledgement', Buffer.from([0, 4, 0, 1])],
    ['nothing', Buffer.alloc(0)],
    ['a block larger than agreed', data(1, `${FULL}x`)],
  ])('on %s, with error 4', (_, packet) => {
    expect(failure(stepTransfer(after(AGREED), packet))).toMatchObject({ reason: 'protocol-error', code: 4 });
  });

  test('on a file that is larger than it may be, as announced or as it comes', () => {
    expect(failure(stepTransfer(begin(), options('tsize', '1001')))).toEqual({
      reason: 'too-large',
      detail: 'the server announces 1001 bytes, above 1000',
      code: 3,
    });
    expect(stepTransfer(begin(), options('tsize', '1000')).kind).toBe('send');
    const almost = { ...after(AGREED), bytes: 990 };
    expect(failure(stepTransfer(almost, data(1, FULL)))).toMatchObject({ reason: 'too-large', code: 3 });
    expect(stepTransfer(almost, data(1, 'x'.repeat(10))).kind).toBe('done');
  });
});

describe('any packets in any order', () => {
  const packet = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.string({ maxLength: 18 }))
      .map(([block, text]) => data(block, text)),
    fc.constant(AGREED),
    fc.tuple(fc.nat(60), fc.nat(255)).map(([at, byte]) => {
      const mutated = Buffer.from(AGREED);
      mutated[at % mutated.length] = byte;
      return mutated;
    }),
    fc.nat(9).map((code) => error(code, 'e')),
  );

  test('never throw, never exceed the largest size, and fail with a line of text', () => {
    const property = fc.property(fc.array(packet, { maxLength: 12 }), (packets) => {
      let transfer = begin(16, 40);
      for (const next of packets) {
        const step = stepTransfer(transfer, next);
        if (step.kind === 'fail') expect(step.verdict.detail).toMatch(/^[\x20-\x7e]+$/);
        if (step.kind === 'fail') expect(step.verdict.reason).not.toBe('passed');
        if (step.kind === 'send' || step.kind === 'done') transfer = step.transfer;
        expect(transfer.bytes).toBeLessThanOrEqual(40);
        if (step.kind === 'fail' || step.kind === 'done') break;
      }
    });
    fc.assert(property, { seed: 1, numRuns: 300 });
  });
});

describe('the content', () => {
  const SHA = 'ab'.repeat(32);

  test.each([
    ['whatever it is, where nothing is wanted', { sha256: undefined }, undefined, 'passed'],
    ['as wanted', { sha256: SHA }, undefined, 'passed'],
    ['as wanted in capitals', { sha256: SHA }, SHA.toUpperCase(), 'passed'],
    ['another than wanted', { sha256: SHA }, 'cd'.repeat(32), 'content-mismatch'],
    [
      'of another size than announced',
      { announcedBytes: 6, sha256: undefined },
      undefined,
      'content-mismatch',
    ],
    ['as wanted, of another size than announced', { announcedBytes: 6, sha256: SHA }, SHA, 'passed'],
  ])('is judged: %s', (_, got, wanted, reason) => {
    const verdict = judgeContent({ bytes: 5, announcedBytes: undefined, ...got }, { sha256: wanted });
    expect(verdict).toMatchObject({ reason, measurement: { kind: 'tftp', bytes: 5 } });
  });

  test('that differs is told with both hashes', () => {
    const verdict = judgeContent({ bytes: 5, announcedBytes: 6, sha256: SHA }, { sha256: 'cd' });
    expect(verdict.detail).toBe(`SHA-256 of 5 bytes (6 were announced) is ${SHA}, not cd`);
  });
});
