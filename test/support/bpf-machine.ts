import type { BpfInstruction } from '../../src/lib/bpf.ts';

/** Enough of classic BPF (linux/filter.h) to run our filters on paper; a load outside the packet returns 0, as the kernel does. */
export function runBpf(program: readonly BpfInstruction[], packet: Buffer): number {
  let accumulator = 0;
  let index = 0;
  for (let at = 0; at < program.length; at += 1) {
    const { code, jt, jf, k } = program[at] ?? { code: -1, jt: 0, jf: 0, k: 0 };
    const loaded = load(code, packet, code === 0x50 || code === 0x48 ? index + k : k);
    if (loaded === 'outside') return 0;
    if (loaded !== undefined) accumulator = loaded;
    else if (code === 0xb1) index = 4 * ((packet[k] ?? 0) & 0x0f);
    else if (code === 0x01) index = k;
    else if (code === 0x15) at += accumulator === k ? jt : jf;
    else if (code === 0x06) return k;
    else throw new Error(`no such instruction here: 0x${code.toString(16)}`);
  }
  throw new Error('the program does not return');
}

/** Loads of a byte or a half word, absolute or from X. Undefined: not a load. */
function load(code: number, packet: Buffer, offset: number): number | 'outside' | undefined {
  const bytes = code === 0x50 || code === 0x30 ? 1 : code === 0x48 || code === 0x28 ? 2 : undefined;
  if (bytes === undefined) return undefined;
  return offset + bytes > packet.length ? 'outside' : packet.readUIntBE(offset, bytes);
}
