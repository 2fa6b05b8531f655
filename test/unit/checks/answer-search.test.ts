import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerSearch } from '../../../src/checks/answer-search.ts';

describe('looking for a text in a stream', () => {
  test('finds it wherever the stream is split', () => {
    const stream = Buffer.from('HTTP/1.0 200 OK\r\nServer: x\r\n');
    for (let at = 0; at <= stream.length; at += 1) {
      const search = new AnswerSearch('200 OK');
      const found = [search.push(stream.subarray(0, at)), search.push(stream.subarray(at))];
      expect(found).toContain(true);
    }
  });

  test('finds it byte by byte, at its last byte', () => {
    const search = new AnswerSearch('aab');
    const found = [...Buffer.from('aaab')].map((byte) => search.push(Buffer.of(byte)));
    expect(found).toEqual([false, false, false, true]);
  });

  test('says the same as a search in the whole, however the whole is cut', () => {
    const letter = fc.constantFrom('a', 'b');
    const text = fc.array(letter, { maxLength: 30 }).map((letters) => letters.join(''));
    fc.assert(
      fc.property(
        fc.array(text),
        text.filter((wanted) => wanted !== ''),
        (pieces, wanted) => {
          const search = new AnswerSearch(wanted);
          const isFound = pieces.map((piece) => search.push(Buffer.from(piece))).includes(true);
          expect(isFound).toBe(pieces.join('').includes(wanted));
        },
      ),
    );
  });

  test('finds letters of several bytes that a piece cuts through', () => {
    const bytes = Buffer.from('grün');
    const search = new AnswerSearch('ü');
    expect(search.push(bytes.subarray(0, 3))).toBe(false);
    expect(search.push(bytes.subarray(3))).toBe(true);
  });

  test('shows the first 100 bytes of what came, printable', () => {
    const search = new AnswerSearch('never');
    expect(search.isEmpty).toBe(true);
    search.push(Buffer.from([0x35, 0x30, 0x33, 0x0d, 0x0a, 0x00, 0xff, 0x22]));
    expect(search.beginning).toBe('"503\\r\\n\\u0000\\xff\\""');
    search.push(Buffer.alloc(1_000_000, 'x'));
    expect(search.beginning.match(/x{2,}/)?.[0]).toHaveLength(92);
  });
});
