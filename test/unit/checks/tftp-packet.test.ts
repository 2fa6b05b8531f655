import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeTftp,
  encodeAck,
  encodeError,
  encodeReadRequest,
  type TftpPacket,
} from '../../../src/checks/tftp-packet.ts';

/** What tftp-hpa 5.2 sent. */
const HPA = {
  options: Buffer.from('\0\x06blksize\x001428\0tsize\x006\0timeout\x001\0', 'latin1'),
  data: Buffer.from('\0\x03\0\x01hello\n', 'latin1'),
  notFound: Buffer.from('\0\x05\0\x01File not found\0', 'latin1'),
  refused: Buffer.from('\0\x05\0\x08Unsupported option(s) requested\0', 'latin1'),
};

/** As plain values, for comparison. */
function plain(packet: TftpPacket): unknown {
  if (packet.kind === 'data') return { ...packet, content: packet.content.toString('latin1') };
  return packet.kind === 'error' ? { ...packet, message: packet.message.toString('latin1') } : packet;
}

describe('what we send', () => {
  test('asks for a file in octet mode, its path as it is', () => {
    const packet = encodeReadRequest('/pxe linux%20/ä', [
      ['blksize', '1428'],
      ['tsize', '0'],
    ]);
    expect(packet.toString()).toBe('\0\x01/pxe linux%20/ä\0octet\0blksize\x001428\0tsize\x000\0');
    expect(encodeReadRequest('a', []).toString()).toBe('\0\x01a\0octet\0');
  });

  test.each([
    [0, '00040000'],
    [1, '00040001'],
    [65_535, '0004ffff'],
    [65_536, '00040000'],
    [65_537, '00040001'],
  ])('acknowledges block %d', (block, hex) => {
    expect(encodeAck(block).toString('hex')).toBe(hex);
  });

  test('tells errors', () => {
    expect(encodeError(8, 'no').toString('hex')).toBe('000500086e6f00');
  });
});

describe('what servers send', () => {
  test("is read as tftp-hpa's was meant", () => {
    expect(decodeTftp(HPA.options)).toEqual({
      kind: 'options',
      options: [
        ['blksize', '1428'],
        ['tsize', '6'],
        ['timeout', '1'],
      ],
    });
    expect(plain(decodeTftp(HPA.data))).toEqual({ kind: 'data', block: 1, content: 'hello\n' });
    expect(plain(decodeTftp(HPA.notFound))).toEqual({ kind: 'error', code: 1, message: 'File not found' });
    expect(plain(decodeTftp(HPA.refused))).toMatchObject({ code: 8 });
  });

  test('may be an empty block, an error without text, or no option at all', () => {
    expect(plain(decodeTftp(Buffer.from('0003ffff', 'hex')))).toEqual({
      kind: 'data',
      block: 65_535,
      content: '',
    });
    expect(plain(decodeTftp(Buffer.from('00050002', 'hex')))).toEqual({
      kind: 'error',
      code: 2,
      message: '',
    });
    expect(decodeTftp(Buffer.from('0006', 'hex'))).toEqual({ kind: 'options', options: [] });
  });

  test('may leave out the last zero of an error, and have anything behind it', () => {
    expect(plain(decodeTftp(Buffer.from('\0\x05\0\x01gone', 'latin1')))).toMatchObject({ message: 'gone' });
    expect(plain(decodeTftp(Buffer.from('\0\x05\0\x01gone\0more', 'latin1')))).toMatchObject({
      message: 'gone',
    });
  });

  test('may write the names of options large', () => {
    const packet = Buffer.from('\0\x06BlkSize\x0016\0', 'latin1');
    expect(decodeTftp(packet)).toEqual({ kind: 'options', options: [['blksize', '16']] });
  });

  test.each([
    ['nothing', '', 'a datagram of 0 bytes'],
    ['half an opcode', '00', 'a datagram of 1 bytes'],
    ['a request', '0001610000', 'a packet of type 1'],
    ['an acknowledgement', '00040001', 'a packet of type 4'],
    ['an unknown opcode', 'ffff0000', 'a packet of type 65535'],
    ['data cut short', '000300', 'a packet of type 3 of 3 bytes'],
    ['an error cut short', '0005', 'a packet of type 5 of 2 bytes'],
    ['an option cut short', '00066100', 'an option without a value'],
    ['a value cut short', '0006610062', 'options cut off'],
    ['options without end', `0006${'61006200'.repeat(200)}`, 'options cut off'],
  ])('is wrong where it is %s', (_, hex, what) => {
    expect(decodeTftp(Buffer.from(hex, 'hex'))).toEqual({ kind: 'wrong', what });
  });

  test('is never taken for whole where options are cut off within a text', () => {
    for (let length = 3; length < HPA.options.length; length += 1) {
      const packet = decodeTftp(HPA.options.subarray(0, length));
      const isBetween = [15, 23].includes(length);
      expect(packet.kind).toBe(isBetween ? 'options' : 'wrong');
    }
  });

  test('is one of the kinds, whatever the bytes', () => {
    const bytes = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.uint8Array({ maxLength: 600 }));
    const property = fc.property(bytes, ([opcode, rest]) => {
      const packet = decodeTftp(Buffer.from([0, opcode, ...rest]));
      expect(['data', 'error', 'options', 'wrong']).toContain(packet.kind);
      if (packet.kind === 'options') expect(packet.options.length).toBeLessThanOrEqual(255);
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
  });
});
