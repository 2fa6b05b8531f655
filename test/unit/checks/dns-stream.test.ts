import { describe, expect, test } from 'vitest';
import { FirstMessage, withLength } from '../../../src/checks/dns-stream.ts';

describe('the first message of a stream', () => {
  const message = Buffer.from('a message of some length');
  const stream = Buffer.concat([withLength(message), Buffer.from('and more')]);

  test('is found wherever the stream is split in two', () => {
    for (let at = 0; at <= stream.length; at += 1) {
      const first = new FirstMessage();
      const found = [first.push(stream.subarray(0, at)), first.push(stream.subarray(at))].find(Boolean);
      expect(found, `split at ${at}`).toEqual(message);
    }
  });

  test('is found in single bytes, no sooner than it is complete', () => {
    const first = new FirstMessage();
    const bytes = [...withLength(message)].map((byte) => Buffer.of(byte));
    const last = bytes.pop();
    expect(bytes.map((byte) => first.push(byte))).toEqual(bytes.map(() => undefined));
    expect(first.progress).toBe('23 of 24 bytes');
    expect(first.push(last ?? Buffer.alloc(0))).toEqual(message);
  });

  test('may be empty, and as long as 65535 bytes', () => {
    expect(new FirstMessage().push(withLength(Buffer.alloc(0)))).toEqual(Buffer.alloc(0));
    const longest = Buffer.alloc(65_535, 7);
    expect(new FirstMessage().push(withLength(longest))?.equals(longest)).toBe(true);
  });

  test('tells how far it has come before its length is known', () => {
    const first = new FirstMessage();
    expect(first.progress).toBe('0 bytes');
    first.push(Buffer.of(0));
    expect(first.progress).toBe('1 bytes');
  });
});
