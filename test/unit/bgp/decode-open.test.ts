import { describe, expect, test } from 'vitest';
import { type DecodingContext, decodeMessage } from '../../../src/bgp/decode.ts';
import type { OpenMessage } from '../../../src/bgp/message.ts';
import { hex, open } from './raw-message.ts';

const CONTEXT: DecodingContext = {
  isFourOctetAs: true,
  isIbgp: false,
  families: [],
  hasExtendedNextHop: false,
};

function decode(body: Buffer): OpenMessage | string {
  const decoded = decodeMessage(1, body, CONTEXT);
  if (!decoded.ok) {
    const { errorCode, errorSubcode, data } = decoded.notification;
    return `${errorCode}/${errorSubcode} ${Buffer.from(data).toString('hex')}`;
  }
  if (decoded.message.type !== 'open') throw new Error(decoded.message.type);
  return decoded.message;
}

function capabilitiesOf(parameters: string): unknown {
  const message = decode(open({ parameters }));
  return typeof message === 'string' ? message : message.capabilities;
}

describe('an OPEN', () => {
  test('has its fields', () => {
    expect(decode(open())).toEqual({
      type: 'open',
      version: 4,
      myAutonomousSystem: 65_001,
      holdTime: 90,
      bgpIdentifier: '192.0.2.9',
      capabilities: [],
    });
  });

  test.each([0, 3, 65_535])('may offer a hold time of %i s', (holdTime) => {
    expect(decode(open({ holdTime }))).toMatchObject({ holdTime });
  });

  test.each<[string, Buffer, string]>([
    ['version 3', open({ version: 3 }), '2/1 0004'],
    ['version 5', open({ version: 5 }), '2/1 0004'],
    ['a hold time of 1 s', open({ holdTime: 1 }), '2/6 '],
    ['a hold time of 2 s', open({ holdTime: 2 }), '2/6 '],
    ['the identifier 0.0.0.0', open({ identifier: '00000000' }), '2/3 '],
    [
      'a wrong version before all else',
      open({ version: 3, holdTime: 1, identifier: '00000000' }),
      '2/1 0004',
    ],
    ['authentication, which was taken back', open({ parameters: '03 010100' }), '2/4 '],
    ['an unknown parameter', open({ parameters: '04 63020000' }), '2/4 '],
    ['an unknown parameter after a known one', open({ parameters: '06 02020200 6300' }), '2/4 '],
    ['less parameters than it says', open({ parameters: '05 02020200' }), '2/0 '],
    ['more parameters than it says', open({ parameters: '03 02020200' }), '2/0 '],
    ['parameters where it says there are none', open({ parameters: '00 02020200' }), '2/0 '],
    ['half a parameter', open({ parameters: '01 02' }), '2/0 '],
    ['a parameter that ends after the message', open({ parameters: '04 02030200' }), '2/0 '],
    ['half a capability', open({ parameters: '03 020102' }), '2/0 '],
    ['a capability that ends after its parameter', open({ parameters: '05 0203020100' }), '2/0 '],
  ])('is refused for %s', (_what, body, expected) => {
    expect(decode(body)).toBe(expected);
  });

  test.each([
    ['Multiprotocol', '0103000100'],
    ['Multiprotocol', '01050001000100'],
    ['Route Refresh', '020100'],
    ['Extended Next Hop', '05050001000100'],
    ['Role', '0900'],
    ['Role', '09020000'],
    ['AS numbers of four octets', '41020001'],
    ['AS numbers of four octets', '4100'],
  ])('is refused for the capability %s of a wrong length: %s', (_name, capability) => {
    expect(capabilitiesOf(parametersOf(capability))).toBe('2/0 ');
  });
});

describe('capabilities', () => {
  const ALL = [
    { type: 'multiprotocol', afi: 2, safi: 1 },
    { type: 'route-refresh' },
    {
      type: 'extended-next-hop',
      families: [
        { afi: 1, safi: 1, nextHopAfi: 2 },
        { afi: 1, safi: 2, nextHopAfi: 2 },
      ],
    },
    { type: 'role', role: 'customer' },
    { type: 'four-octet-as', asn: 4_200_000_001 },
    { type: 'other', code: 64, value: new Uint8Array([0x40, 0x78]) },
    { type: 'other', code: 6, value: new Uint8Array(0) },
  ];
  const EACH = [
    '010400020001',
    '0200',
    '050c 000100010002 000100020002',
    '090103',
    '4104fa56ea01',
    '40024078',
    '0600',
  ];

  test('may stand in one parameter', () => {
    expect(capabilitiesOf(parametersOf(EACH.join('')))).toEqual(ALL);
  });

  test('may stand in a parameter each', () => {
    const parameters = EACH.map((each) => hex(each)).map(
      (each) => `02${octet(each.length)}${each.toString('hex')}`,
    );
    const field = parameters.join('');
    expect(capabilitiesOf(octet(field.length / 2) + field)).toEqual(ALL);
  });

  test('may stand in a parameter without any', () => {
    expect(capabilitiesOf('02 0200')).toEqual([]);
  });

  test.each([
    ['as RFC 9072 wants it', 'ff'],
    ['with a length before it that is to be ignored', '07'],
    ['with a length of 0 before it', '00'],
  ])('may stand in extended parameters, %s', (_how, first) => {
    const field = EACH.map((each) => hex(each))
      .map((each) => `0200${octet(each.length)}${each.toString('hex')}`)
      .join('');
    const parameters = `${first} ff ${(field.length / 2).toString(16).padStart(4, '0')} ${field}`;
    expect(capabilitiesOf(parameters)).toEqual(ALL);
  });

  test('may be of more than 255 octets there', () => {
    const parameters = `ff ff 0189 02 0186 ${`05${octet(126)}${'000100010002'.repeat(21)}`.repeat(3)} 0200 0200 0200`;
    expect(capabilitiesOf(parameters)).toHaveLength(6);
  });

  test.each([
    ['a length that is not theirs', 'ff ff 0006 02 0002 0200'],
    ['half a length', 'ff ff 00'],
    ['a parameter that is cut off', 'ff ff 0002 0200'],
    ['a parameter that is too long', 'ff ff 0005 02 0003 0200'],
  ])('are refused in extended parameters with %s', (_what, parameters) => {
    expect(capabilitiesOf(parameters)).toBe('2/0 ');
  });

  test('are refused in extended parameters of an unknown type', () => {
    expect(capabilitiesOf('ff ff 0003 01 0000')).toBe('2/4 ');
  });

  test.each(['provider', 'rs', 'rs-client', 'customer', 'peer', undefined])('know the role %s', (role) => {
    const value = ['provider', 'rs', 'rs-client', 'customer', 'peer'].indexOf(role ?? '');
    expect(capabilitiesOf(parametersOf(`0901${octet(value < 0 ? 5 : value)}`))).toEqual([
      { type: 'role', role },
    ]);
  });
});

/** One parameter Capabilities. */
function parametersOf(capabilities: string): string {
  const { length } = hex(capabilities);
  return `${octet(length + 2)}02${octet(length)}${capabilities}`;
}

function octet(value: number): string {
  return value.toString(16).padStart(2, '0');
}
