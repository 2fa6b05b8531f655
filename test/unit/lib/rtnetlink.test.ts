import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addAddressRequest,
  addressesRequest,
  linksRequest,
  readDump,
  removeAddressRequest,
} from '../../../src/lib/rtnetlink.ts';
import { type IpAddress, parseIpAddress } from '../../../src/lib/sockaddr.ts';

// Linux 6.18 on x86-64, in a network namespace of its own: the answers to the two requests, shortened to what follows.
const LO_V4 =
  '4c0000001400020000000000e7030000' + // header: 76 bytes, RTM_NEWADDR, NLM_F_MULTI
  '02088000' +
  '01000000' + // AF_INET /8, permanent, index 1
  '08000100' +
  '7f000001' + // IFA_ADDRESS
  '08000200' +
  '7f000001' + // IFA_LOCAL
  '07000300' +
  '6c6f0000' + // IFA_LABEL lo
  '08000800' +
  '80000000' + // IFA_FLAGS permanent
  '14000600' +
  'ffffffffffffffff' +
  '2100000021000000'; // IFA_CACHEINFO
const DONE = '1400000003000200000000000700000000000000';

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

function u16(value: number): string {
  return Buffer.from(Uint16Array.of(value).buffer).toString('hex');
}

function u32(value: number): string {
  return Buffer.from(Uint32Array.of(value).buffer).toString('hex');
}

function message(type: number, body: string, flags = 2): string {
  return u32(16 + body.length / 2) + u16(type) + u16(flags) + u32(0) + u32(0) + body;
}

function attribute(type: number, value: string): string {
  const padded = value.padEnd(Math.ceil(value.length / 8) * 8, '0');
  return u16(4 + value.length / 2) + u16(type) + padded;
}

const V6 = '20010db8000000000000000000000053';

function v6(flags: number, wide?: number): string {
  const attributes = attribute(1, V6) + (wide === undefined ? '' : attribute(8, u32(wide)));
  return message(20, `0a40${flags.toString(16).padStart(2, '0')}00${u32(7)}${attributes}`);
}

function link(flags: number, name = '766574683000'): string {
  return message(16, `00000100${u32(7)}${u32(flags)}00000000${attribute(3, name)}`);
}

describe('the requests', () => {
  test('ask for all addresses, and for all interfaces without their counters', () => {
    expect(addressesRequest().toString('hex')).toBe(
      `${u32(24)}${u16(22)}${u16(0x301)}${u32(0)}${u32(0)}0000000000000000`,
    );
    expect(linksRequest().toString('hex')).toBe(
      `${u32(40)}${u16(18)}${u16(0x301)}${u32(0)}${u32(0)}${'00'.repeat(16)}${u16(8)}${u16(29)}${u32(8)}`,
    );
  });
});

describe('a change', () => {
  const host = (text: string) => {
    const address: IpAddress | undefined = parseIpAddress(text);
    if (address === undefined) throw new Error(text);
    return { interfaceIndex: 1, address, prefixLength: address.bytes.length * 8 };
  };

  test('adds an IPv4 address for ever, only where it is not there yet, and says who does', () => {
    expect(addAddressRequest(host('10.0.0.128'), 0xb3).toString('hex')).toBe(
      `${u32(48)}${u16(20)}${u16(0x605)}${u32(0)}${u32(0)}02200000${u32(1)}` +
        `${attribute(2, '0a000080')}${attribute(1, '0a000080')}${attribute(11, 'b3')}`,
    );
  });

  test('adds an IPv6 address without asking the network for duplicates', () => {
    expect(addAddressRequest(host('2001:db8::53'), 0xb3).toString('hex')).toBe(
      `${u32(72)}${u16(20)}${u16(0x605)}${u32(0)}${u32(0)}0a800200${u32(1)}` +
        `${attribute(2, V6)}${attribute(1, V6)}${attribute(11, 'b3')}`,
    );
  });

  test('removes an address with exactly its length', () => {
    expect(removeAddressRequest(host('2001:db8::53')).toString('hex')).toBe(
      `${u32(64)}${u16(21)}${u16(0x5)}${u32(0)}${u32(0)}0a800000${u32(1)}${attribute(2, V6)}${attribute(1, V6)}`,
    );
  });
});

describe('an answer', () => {
  test('of a kernel is read', () => {
    expect(readDump(hex(LO_V4 + DONE))).toEqual({
      addresses: [
        {
          interfaceIndex: 1,
          family: 'ipv4',
          addressHex: '7f000001',
          prefixLength: 8,
          protocol: undefined,
          duplicateCheck: 'passed',
        },
      ],
      links: [],
      isEnd: true,
      isStale: false,
      error: undefined,
    });
  });

  test('without its end is to be continued', () => {
    expect(readDump(hex(LO_V4)).isEnd).toBe(false);
  });

  test('gives the own address of a point-to-point interface, not the other end’s', () => {
    const body = `02200000${u32(3)}${attribute(1, '0a000002')}${attribute(2, '0a000001')}`;
    expect(readDump(hex(message(20, body))).addresses[0]?.addressHex).toBe('0a000001');
  });

  test.each([
    ['permanent', 0x80, undefined, 'passed'],
    ['tentative', 0xc0, undefined, 'tentative'],
    ['optimistic while tentative', 0x44, undefined, 'passed'],
    ['tentative by the wide flags', 0x80, 0xc0, 'tentative'],
    ['a duplicate', 0x88, undefined, 'failed'],
    ['a duplicate that is still called tentative', 0xc8, undefined, 'failed'],
  ] as const)('an IPv6 address is %s', (_name, flags, wide, duplicateCheck) => {
    expect(readDump(hex(v6(flags, wide))).addresses).toMatchObject([
      { interfaceIndex: 7, family: 'ipv6', addressHex: V6, prefixLength: 64, duplicateCheck },
    ]);
  });

  test.each([
    ['up and running', 0x1_0043, { isEnabled: true, isUp: true }],
    ['up without a carrier', 0x1003, { isEnabled: true, isUp: false }],
    ['down', 0x1002, { isEnabled: false, isUp: false }],
    ['down, and running by its driver', 0x40, { isEnabled: false, isUp: false }],
  ])('an interface is %s', (_name, flags, state) => {
    expect(readDump(hex(link(flags))).links).toEqual([{ index: 7, name: 'veth0', ...state }]);
  });

  test('says who added an address, where that was said', () => {
    const body = `0220${'80'}00${u32(1)}${attribute(2, '0a000080')}${attribute(11, 'b3')}`;
    expect(readDump(hex(message(20, body))).addresses).toMatchObject([{ prefixLength: 32, protocol: 0xb3 }]);
  });

  test('says that something changed meanwhile', () => {
    expect(readDump(hex(message(20, '', 0x12))).isStale).toBe(true);
  });

  test('may be a refusal, with its errno', () => {
    expect(readDump(hex(message(2, u32(0x1_0000_0000 - 13))))).toMatchObject({ isEnd: true, error: 13 });
  });

  test('of other families and with addresses of the wrong length gives nothing', () => {
    const other = message(20, `07200000${u32(3)}${attribute(2, '0a000001')}`);
    const wrong = message(20, `02200000${u32(3)}${attribute(2, V6)}`);
    const nameless = message(16, `00000100${u32(7)}${u32(1)}00000000`);
    expect(readDump(hex(other + wrong + nameless))).toMatchObject({ addresses: [], links: [], isEnd: false });
  });
});

describe('what is no answer', () => {
  const whole = hex(LO_V4 + v6(0xc0) + link(0x1_0043) + DONE);

  test('cut short anywhere gives what came before the cut', () => {
    for (let length = 0; length < whole.length; length += 1) {
      const part = readDump(whole.subarray(0, length));
      expect(part.isEnd).toBe(false);
      expect(part.addresses.length).toBeLessThanOrEqual(2);
    }
  });

  test('of random bytes, or with some changed, never throws and never loops', () => {
    const changed = fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Buffer.from(whole);
      copy[at] = value;
      return copy;
    });
    const random = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(changed, random), (datagram) => {
        const { addresses } = readDump(datagram);
        for (const { addressHex, family } of addresses) {
          expect(addressHex.length).toBe(family === 'ipv4' ? 8 : 32);
        }
      }),
      { seed: 4, numRuns: 2_000 },
    );
  });
});
