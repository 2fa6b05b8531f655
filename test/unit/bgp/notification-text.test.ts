import { describe, expect, test } from 'vitest';
import { describeNotification, shutdownData } from '../../../src/bgp/notification-text.ts';
import { hex } from './raw-message.ts';

/** `6/2`, data as hexadecimal digits. */
function describeOf(codes: string, data = ''): string {
  const [errorCode = 0, errorSubcode = 0] = codes.split('/').map(Number);
  return describeNotification({ errorCode, errorSubcode, data: hex(data) });
}

function withText(text: string | Uint8Array): string {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return describeNotification({ errorCode: 6, errorSubcode: 2, data: Uint8Array.of(bytes.length, ...bytes) });
}

describe('codes have the names that IANA gives them', () => {
  test.each([
    ['1/0', 'Message Header Error/Unspecific'],
    ['1/1', 'Message Header Error/Connection Not Synchronized'],
    ['1/2', 'Message Header Error/Bad Message Length'],
    ['1/3', 'Message Header Error/Bad Message Type'],
    ['2/0', 'OPEN Message Error/Unspecific'],
    ['2/1', 'OPEN Message Error/Unsupported Version Number'],
    ['2/2', 'OPEN Message Error/Bad Peer AS'],
    ['2/3', 'OPEN Message Error/Bad BGP Identifier'],
    ['2/4', 'OPEN Message Error/Unsupported Optional Parameter'],
    ['2/6', 'OPEN Message Error/Unacceptable Hold Time'],
    ['2/7', 'OPEN Message Error/Unsupported Capability'],
    ['2/11', 'OPEN Message Error/Role Mismatch'],
    ['3/1', 'UPDATE Message Error/Malformed Attribute List'],
    ['3/2', 'UPDATE Message Error/Unrecognized Well-known Attribute'],
    ['3/3', 'UPDATE Message Error/Missing Well-known Attribute'],
    ['3/4', 'UPDATE Message Error/Attribute Flags Error'],
    ['3/5', 'UPDATE Message Error/Attribute Length Error'],
    ['3/6', 'UPDATE Message Error/Invalid ORIGIN Attribute'],
    ['3/8', 'UPDATE Message Error/Invalid NEXT_HOP Attribute'],
    ['3/9', 'UPDATE Message Error/Optional Attribute Error'],
    ['3/10', 'UPDATE Message Error/Invalid Network Field'],
    ['3/11', 'UPDATE Message Error/Malformed AS_PATH'],
    ['4/0', 'Hold Timer Expired'],
    ['5/0', 'Finite State Machine Error/Unspecified Error'],
    ['5/1', 'Finite State Machine Error/Receive Unexpected Message in OpenSent State'],
    ['5/2', 'Finite State Machine Error/Receive Unexpected Message in OpenConfirm State'],
    ['5/3', 'Finite State Machine Error/Receive Unexpected Message in Established State'],
    ['6/1', 'Cease/Maximum Number of Prefixes Reached'],
    ['6/2', 'Cease/Administrative Shutdown'],
    ['6/3', 'Cease/Peer De-configured'],
    ['6/4', 'Cease/Administrative Reset'],
    ['6/5', 'Cease/Connection Rejected'],
    ['6/6', 'Cease/Other Configuration Change'],
    ['6/7', 'Cease/Connection Collision Resolution'],
    ['6/8', 'Cease/Out of Resources'],
    ['6/9', 'Cease/Hard Reset'],
    ['6/10', 'Cease/BFD Down'],
    ['7/1', 'ROUTE-REFRESH Message Error/Invalid Message Length'],
    ['8/0', 'Send Hold Timer Expired'],
    ['6/0', 'Cease'],
    ['6/99', 'Cease/subcode 99'],
    ['4/3', 'Hold Timer Expired/subcode 3'],
    ['2/9', 'OPEN Message Error/subcode 9'],
    ['0/0', 'error 0/0'],
    ['42/7', 'error 42/7'],
  ])('%s', (codes, expected) => {
    expect(describeOf(codes)).toBe(expected);
  });
});

describe('data', () => {
  test.each([
    ['the length that was bad', '1/2', '1001', ': length 4097'],
    ['the type that was bad', '1/3', '09', ': type 9'],
    ['the version to use', '2/1', '0004', ': version 4 is the one to use'],
    ['the AS that BIRD did not like', '2/2', 'fa56ea01', ': AS 4200000001'],
    ['the AS that FRR did not like', '2/2', 'fde7', ': AS 64999'],
    ['the hold time that FRR did not like', '2/6', '0002', ': 2 s'],
    ['the capability that is missed', '2/7', '4104fa56ea01', ': capability 65, 4104fa56ea01'],
    ['the attribute that is missing', '3/3', '02', ': AS_PATH'],
    ['the attribute that is missing, unknown', '3/3', 'c8', ': attribute 200'],
    ['the attribute that was bad', '3/5', '4001020000', ': ORIGIN, 4001020000'],
    ['the attribute of an extended length', '3/9', '90200002ffff', ': LARGE_COMMUNITY, 90200002ffff'],
    ['a limit of IPv4', '6/1', '00010100000002', ': IPv4 unicast, at most 2'],
    ['a limit of IPv6', '6/1', '000201000186a0', ': IPv6 unicast, at most 100000'],
    ['a limit of another family', '6/1', '00194600000002', ': AFI 25 SAFI 70, at most 2'],
    ['a hard reset for a shutdown', '6/9', '0602 04 62796521', ': Cease/Administrative Shutdown: "bye!"'],
    ['a hard reset for something else', '6/9', '0400', ': Hold Timer Expired'],
  ])('say %s', (_what, codes, data, expected) => {
    expect(describeOf(codes, data)).toBe(describeOf(codes) + expected);
  });

  test.each([
    ['1/2', '10'],
    ['1/3', '0900'],
    ['2/1', '000004'],
    ['2/2', 'fd'],
    ['2/7', '41'],
    ['3/5', '4001030000'],
    ['3/1', 'ab'],
    ['6/1', '000101000000'],
    ['6/2', '0462796521ff'],
    ['6/4', '05627965'],
    ['6/9', '06'],
    ['6/9', '06090602'],
    ['6/3', '0462796521'],
    ['5/1', '02'],
    ['42/7', 'ff'],
  ])('%s with %s are shown as they are', (codes, data) => {
    expect(describeOf(codes, data)).toBe(`${describeOf(codes)}: data ${data}`);
  });

  test('that are long are cut off', () => {
    expect(describeOf('3/1', 'ab'.repeat(32))).toBe(`${describeOf('3/1')}: data ${'ab'.repeat(32)}`);
    expect(describeOf('3/1', 'ab'.repeat(33))).toBe(
      `${describeOf('3/1')}: data ${'ab'.repeat(32)}… (33 octets)`,
    );
  });

  test('of no length say nothing', () => {
    expect(describeOf('6/2', '00')).toBe('Cease/Administrative Shutdown');
    expect(describeOf('6/4', '03627965')).toBe('Cease/Administrative Reset: "bye"');
  });
});

describe('a shutdown communication (RFC 9003)', () => {
  test.each([
    ['bye!', 'bye!'],
    ['Wartung: zurück um 12:00', 'Wartung: zurück um 12:00'],
    ['тест 日本 🛠', 'тест 日本 🛠'],
    ['one\r\ntwo\t\u0000three\u001b[31m\u007f\u0085', 'one��two��three�[31m��'],
    ['a\u2028b\u2029c\u202ed\u2066e\u200bf', 'a�b�c�d�e�f'],
  ])('%j is shown as %j', (text, expected) => {
    expect(withText(text)).toBe(`Cease/Administrative Shutdown: "${expected}"`);
  });

  test('that is no UTF-8 is shown as far as it is', () => {
    expect(withText(hex('62c379ff'))).toBe('Cease/Administrative Shutdown: "b�y�"');
  });

  test.each([
    ['', ''],
    ['bye!', '0462796521'],
    ['ü', '02c3bc'],
    ['\ud800', '03efbfbd'],
  ])('%j is written', (text, expected) => {
    expect(Buffer.from(shutdownData(text)).toString('hex')).toBe(expected);
  });

  test.each([
    ['x'.repeat(255), 'x'.repeat(255)],
    ['x'.repeat(256), 'x'.repeat(255)],
    [`${'x'.repeat(254)}ü`, 'x'.repeat(254)],
    [`${'x'.repeat(252)}🛠`, 'x'.repeat(252)],
    [`${'x'.repeat(251)}🛠y`, `${'x'.repeat(251)}🛠`],
    ['日'.repeat(100), '日'.repeat(85)],
  ])('is cut where a character ends: %j', (text, expected) => {
    const data = shutdownData(text);
    expect(data[0]).toBe(data.length - 1);
    expect(new TextDecoder('utf-8', { fatal: true }).decode(data.subarray(1))).toBe(expected);
  });
});
