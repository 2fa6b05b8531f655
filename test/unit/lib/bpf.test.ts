import { expect, test } from 'vitest';
import { encodeBpf } from '../../../src/lib/bpf.ts';

test('instructions have the layout of struct sock_filter', () => {
  const bytes = encodeBpf([
    { code: 0x15, jt: 1, jf: 2, k: 0x01020304 },
    { code: 0x06, jt: 0, jf: 0, k: 0xffff_ffff },
  ]);
  const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  expect(bytes.toString('hex')).toBe(
    isLittleEndian ? '1500010204030201' + '06000000ffffffff' : '0015010201020304' + '00060000ffffffff',
  );
});
