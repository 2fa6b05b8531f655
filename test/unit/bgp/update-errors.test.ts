import { describe, expect, test } from 'vitest';
import { type DecodingContext, decodeMessage } from '../../../src/bgp/decode.ts';
import { meaningOf } from '../../support/bgp-meaning.ts';
import { AS_PATH, MP_REACH, MP_UNREACH, NEXT_HOP, NLRI, ORIGIN, update } from './raw-message.ts';

const EXTERNAL: DecodingContext = {
  isFourOctetAs: true,
  isIbgp: false,
  families: ['ipv4', 'ipv6'],
  hasExtendedNextHop: false,
};
const INTERNAL: DecodingContext = { ...EXTERNAL, isIbgp: true };
const OLD: DecodingContext = { ...EXTERNAL, isFourOctetAs: false };
const MANDATORY = ORIGIN + AS_PATH + NEXT_HOP;
const WITHDRAW = 'treat-as-withdraw';
const DISCARD = 'attribute-discard';

/** `4 treat-as-withdraw`, or the NOTIFICATION `3/1 DATA`. */
function judge(parts: Parameters<typeof update>[0], context = EXTERNAL): string {
  const decoded = decodeMessage(2, update(parts), context);
  if (decoded.ok) return decoded.errors.map(({ code, treatment }) => `${code} ${treatment}`).join(', ');
  const { errorCode, errorSubcode, data } = decoded.notification;
  return `${errorCode}/${errorSubcode} ${Buffer.from(data).toString('hex')}`.trim();
}

/** The attribute stands for the well-formed one of its type, if that is among those that must be there. */
function withAttribute(attribute: string): Parameters<typeof update>[0] {
  const code = attribute.slice(2, 4);
  const others = [ORIGIN, AS_PATH, NEXT_HOP].filter((each) => each.slice(2, 4) !== code);
  return { attributes: others.join('') + attribute, nlri: NLRI };
}

describe('an error in one attribute (RFC 7606 §7)', () => {
  test.each<[string, string, string, DecodingContext?]>([
    ['§7.1 ORIGIN without a value', '400100', `1 ${WITHDRAW}`],
    ['§7.1 ORIGIN of two octets', '4001020000', `1 ${WITHDRAW}`],
    ['§7.1 ORIGIN 3', '40010103', `1 ${WITHDRAW}`],
    ['§7.2 AS_PATH with a segment of type 0', '400206 00010000fde9', `2 ${WITHDRAW}`],
    ['§7.2 AS_PATH with a segment of type 5', '400206 05010000fde9', `2 ${WITHDRAW}`],
    ['§7.2 AS_PATH with a segment that is too long', '400206 02020000fde9', `2 ${WITHDRAW}`],
    ['§7.2 AS_PATH with one octet after it', '400207 02010000fde902', `2 ${WITHDRAW}`],
    ['§7.2 AS_PATH with an empty segment', '400202 0200', `2 ${WITHDRAW}`],
    ['§7.2 AS_PATH of two octets where four were agreed on', '400204 0201fde9', `2 ${WITHDRAW}`],
    ['RFC 7607 AS_PATH with AS 0', '40020a 0202 0000fde9 00000000', `2 ${WITHDRAW}`],
    ['RFC 5065 AS_PATH with a confederation of an external peer', '400206 03010000fde9', `2 ${WITHDRAW}`],
    ['§7.3 NEXT_HOP of three octets', '400303 c00002', `3 ${WITHDRAW}`],
    ['§7.3 NEXT_HOP of sixteen octets', '400310 20010db8000000000000000000000001', `3 ${WITHDRAW}`],
    ['RFC 4271 NEXT_HOP 0.0.0.0', '400304 00000000', `3 ${WITHDRAW}`],
    ['RFC 4271 NEXT_HOP 127.0.0.1', '400304 7f000001', `3 ${WITHDRAW}`],
    ['RFC 4271 NEXT_HOP 224.0.0.1', '400304 e0000001', `3 ${WITHDRAW}`],
    ['RFC 4271 NEXT_HOP 255.255.255.255', '400304 ffffffff', `3 ${WITHDRAW}`],
    ['§7.4 MULTI_EXIT_DISC without a value', '800400', `4 ${WITHDRAW}`],
    ['§7.4 MULTI_EXIT_DISC of three octets', '800403 000000', `4 ${WITHDRAW}`],
    ['§7.5 LOCAL_PREF of an external peer', '400504 00000064', `5 ${DISCARD}`],
    ['§7.5 LOCAL_PREF of an external peer, of a wrong length', '400503 000000', `5 ${DISCARD}`],
    ['§7.5 LOCAL_PREF of three octets', '400503 000000', `5 ${WITHDRAW}`, INTERNAL],
    ['§7.6 ATOMIC_AGGREGATE with a value', '400601 00', `6 ${DISCARD}`],
    ['§7.7 AGGREGATOR of six octets where eight were agreed on', 'c00706 fde9c0000209', `7 ${DISCARD}`],
    [
      '§7.7 AGGREGATOR of eight octets where six were agreed on',
      'c00708 0000fde9c0000209',
      `7 ${DISCARD}`,
      OLD,
    ],
    ['RFC 7607 AGGREGATOR with AS 0', 'c00708 00000000c0000209', `7 ${DISCARD}`],
    ['§7.8 COMMUNITIES without any', 'c00800', `8 ${WITHDRAW}`],
    ['§7.8 COMMUNITIES of five octets', 'c00805 ffff000000', `8 ${WITHDRAW}`],
    ['§7.9 ORIGINATOR_ID of an external peer', '800904 c0000209', `9 ${DISCARD}`],
    ['§7.9 ORIGINATOR_ID of five octets', '800905 c000020900', `9 ${WITHDRAW}`, INTERNAL],
    ['§7.10 CLUSTER_LIST of an external peer', '800a04 c0000209', `10 ${DISCARD}`],
    ['§7.10 CLUSTER_LIST without any', '800a00', `10 ${WITHDRAW}`, INTERNAL],
    ['§7.10 CLUSTER_LIST of six octets', '800a06 c00002090000', `10 ${WITHDRAW}`, INTERNAL],
    ['§7.14 EXTENDED COMMUNITIES without any', 'c01000', `16 ${WITHDRAW}`],
    ['§7.14 EXTENDED COMMUNITIES of nine octets', 'c01009 000000000000000000', `16 ${WITHDRAW}`],
    ['§7.15 IPv6 EXTENDED COMMUNITIES without any', 'c01900', `25 ${WITHDRAW}`],
    ['§7.15 IPv6 EXTENDED COMMUNITIES of 21 octets', `c01915 ${'00'.repeat(21)}`, `25 ${WITHDRAW}`],
    ['RFC 8092 LARGE_COMMUNITY without any', 'c02000', `32 ${WITHDRAW}`],
    ['RFC 8092 LARGE_COMMUNITY of 13 octets', `c0200d ${'00'.repeat(13)}`, `32 ${WITHDRAW}`],
    ['RFC 9234 OTC of three octets', 'c02303 000000', `35 ${WITHDRAW}`],
    ['RFC 9234 OTC of five octets', 'c02305 0000000000', `35 ${WITHDRAW}`],
    ['RFC 6793 AS4_PATH of a peer with four octets', 'c01106 0201fa56ea01', `17 ${DISCARD}`],
    ['RFC 6793 AS4_AGGREGATOR of a peer with four octets', 'c01208 fa56ea01c0000209', `18 ${DISCARD}`],
  ])('%s', (_what, attribute, expected, context = EXTERNAL) => {
    expect(judge(withAttribute(attribute), context)).toBe(
      context === OLD ? `2 ${WITHDRAW}, ${expected}` : expected,
    );
  });

  test.each([
    ['without AS numbers', 'c01100', `17 ${DISCARD}`],
    ['with an empty segment', 'c01102 0200', `17 ${DISCARD}`],
    ['with a segment that is too long', 'c01106 0202fa56ea01', `17 ${DISCARD}`],
    ['with a segment of type 0', 'c01106 0001fa56ea01', `17 ${DISCARD}`],
    ['of a confederation alone', 'c01106 0301fa56ea01', `17 ${DISCARD}`],
    ['with AS 0', 'c01106 020100000000', `17 ${DISCARD}`],
  ])('RFC 6793 §6: AS4_PATH %s', (_what, attribute, expected) => {
    const attributes = `${ORIGIN}400204 0201fde9${NEXT_HOP}${attribute}`;
    expect(judge({ attributes, nlri: NLRI }, OLD)).toBe(expected);
  });

  test.each([
    ['of seven octets', 'c01207 fa56ea01c00002', `18 ${DISCARD}`],
    ['with AS 0', 'c01208 00000000c0000209', `18 ${DISCARD}`],
  ])('RFC 6793 §6: AS4_AGGREGATOR %s', (_what, attribute, expected) => {
    const attributes = `${ORIGIN}400204 0201fde9${NEXT_HOP}${attribute}`;
    expect(judge({ attributes, nlri: NLRI }, OLD)).toBe(expected);
  });
});

describe('flags that do not fit the type (RFC 7606 §3 c)', () => {
  test.each([
    ['ORIGIN', 'c00101 00', 1],
    ['AS_PATH', '800206 02010000fde9', 2],
    ['NEXT_HOP', '000304 c0000201', 3],
    ['MULTI_EXIT_DISC', 'c00404 00000000', 4],
    ['LOCAL_PREF', 'c00504 00000000', 5],
    ['ATOMIC_AGGREGATE', 'c00600', 6],
    ['AGGREGATOR', '400708 0000fde9c0000209', 7],
    ['COMMUNITIES', '800804 ffff0000', 8],
    ['ORIGINATOR_ID', 'c00904 c0000209', 9],
    ['CLUSTER_LIST', 'c00a04 c0000209', 10],
    ['EXTENDED COMMUNITIES', '801008 0002fde900000064', 16],
    ['AS4_PATH', '801106 0201fa56ea01', 17],
    ['AS4_AGGREGATOR', '801208 fa56ea01c0000209', 18],
    ['IPv6 EXTENDED COMMUNITIES', `801914 ${'00'.repeat(20)}`, 25],
    ['LARGE_COMMUNITY', `80200c ${'00'.repeat(12)}`, 32],
    ['OTC', '802304 0000fde9', 35],
  ])('%s', (_name, attribute, code) => {
    expect(judge(withAttribute(attribute))).toBe(`${code} ${WITHDRAW}`);
  });

  test('Partial is none of them', () => {
    expect(judge(withAttribute('600101 00'))).toBe('');
    expect(judge(withAttribute('a00404 00000000'))).toBe('');
  });

  test.each([
    ['MP_REACH_NLRI', MP_REACH.replace('800e', 'c00e')],
    ['MP_UNREACH_NLRI', MP_UNREACH.replace('800f', '400f')],
  ])('%s ends the session (§5.3)', (_name, attribute) => {
    expect(judge({ attributes: attribute + MANDATORY, nlri: NLRI })).toBe(
      `3/9 ${attribute.replaceAll(' ', '')}`,
    );
  });
});

describe('what is treated as a withdrawal', () => {
  function meaning(parts: Parameters<typeof update>[0]): unknown {
    const decoded = decodeMessage(2, update(parts), EXTERNAL);
    return decoded.ok && decoded.message.type === 'update' ? meaningOf(decoded.message) : undefined;
  }

  test('withdraws all routes, and has no attributes any more', () => {
    const attributes = `${MP_UNREACH}${MP_REACH}400103 000000${AS_PATH}${NEXT_HOP}c00804 ffff0000`;
    expect(meaning({ withdrawn: '08 0a', attributes, nlri: NLRI })).toEqual({
      announce: [],
      withdraw: ['10.0.0.0/8', '2001:db8:1::/48', '2001:db8:2::/48', '203.0.113.0/24'],
    });
  });

  test('a discarded attribute is gone, and the routes stay', () => {
    expect(meaning({ attributes: `${MANDATORY}400601 00`, nlri: NLRI })).toEqual({
      origin: 'igp',
      asPath: ['as-sequence 65001'],
      announce: ['203.0.113.0/24 via 192.0.2.1'],
      withdraw: [],
    });
  });

  test('the withdrawal is the stronger one (§3 h)', () => {
    const attributes = `${MANDATORY}400601 00 c00800`;
    expect(judge({ attributes, nlri: NLRI })).toBe(`6 ${DISCARD}, 8 ${WITHDRAW}`);
    expect(meaning({ attributes, nlri: NLRI })).toEqual({ announce: [], withdraw: ['203.0.113.0/24'] });
  });
});

describe('attributes that are missing (RFC 7606 §3 d)', () => {
  test.each([
    ['ORIGIN', AS_PATH + NEXT_HOP, NLRI, `1 ${WITHDRAW}`],
    ['AS_PATH', ORIGIN + NEXT_HOP, NLRI, `2 ${WITHDRAW}`],
    ['NEXT_HOP', ORIGIN + AS_PATH, NLRI, `3 ${WITHDRAW}`],
    ['all of them', '', NLRI, `1 ${WITHDRAW}, 2 ${WITHDRAW}, 3 ${WITHDRAW}`],
    ['ORIGIN beside MP_REACH_NLRI', MP_REACH + AS_PATH, '', `1 ${WITHDRAW}`],
    ['AS_PATH beside MP_REACH_NLRI', MP_REACH + ORIGIN, '', `2 ${WITHDRAW}`],
    [
      'NEXT_HOP beside MP_REACH_NLRI, where there are NLRI too',
      MP_REACH + ORIGIN + AS_PATH,
      NLRI,
      `3 ${WITHDRAW}`,
    ],
    ['NEXT_HOP beside MP_REACH_NLRI alone, which needs none', MP_REACH + ORIGIN + AS_PATH, '', ''],
    [
      'a NEXT_HOP that is no host beside MP_REACH_NLRI alone',
      `${MP_REACH}${ORIGIN}${AS_PATH}400304 00000000`,
      '',
      '',
    ],
    ['LOCAL_PREF, which nothing asks for', MANDATORY, NLRI, ''],
  ])('%s', (_what, attributes, nlri, expected) => {
    expect(judge({ attributes, nlri })).toBe(expected);
  });
});

describe('an attribute more than once (RFC 7606 §3 g)', () => {
  test('the first one counts', () => {
    const parts = { attributes: `${MANDATORY}800404 00000001 800404 00000002 400103 000000`, nlri: NLRI };
    expect(judge(parts)).toBe(`4 ${DISCARD}, 1 ${DISCARD}`);
    const decoded = decodeMessage(2, update(parts), EXTERNAL);
    expect(decoded).toMatchObject({ message: { pathAttributes: [{}, {}, {}, { med: 1 }] } });
  });

  test('of an unknown type too', () => {
    expect(judge({ attributes: `${MANDATORY}80fd00 80fd00`, nlri: NLRI })).toBe(`253 ${DISCARD}`);
  });

  test.each([
    ['MP_REACH_NLRI', MP_REACH],
    ['MP_UNREACH_NLRI', MP_UNREACH],
  ])('%s ends the session', (_name, attribute) => {
    expect(judge({ attributes: attribute + MANDATORY + attribute, nlri: NLRI })).toBe('3/1');
  });
});

describe('lengths that contradict each other', () => {
  test.each<[string, Parameters<typeof update>[0], string]>([
    ['withdrawn routes that end after the message', { withdrawnLength: 1 }, '3/1'],
    ['withdrawn routes of 65535 octets', { withdrawnLength: 0xffff }, '3/1'],
    ['no room for the length of attributes', { withdrawn: '08 0a', withdrawnLength: 4 }, '3/1'],
    ['attributes that end after the message (§3 b)', { attributes: MANDATORY, attributesLength: 40 }, '3/1'],
    ['attributes of 65535 octets', { attributes: MANDATORY, nlri: NLRI, attributesLength: 0xffff }, '3/1'],
  ])('%s', (_what, parts, expected) => {
    expect(judge(parts)).toBe(expected);
  });

  test.each([
    ['an attribute that ends after all attributes', `${MANDATORY}c00808 ffff0000`, `8 ${WITHDRAW}`],
    ['an attribute of an extended length that does', `${MANDATORY}d00800ff ffff0000`, `8 ${WITHDRAW}`],
    ['one octet of an attribute', `${MANDATORY}c0`, `0 ${WITHDRAW}`],
    ['two octets of an attribute', `${MANDATORY}c008`, `8 ${WITHDRAW}`],
    ['three octets of an attribute with an extended length', `${MANDATORY}d00800`, `8 ${WITHDRAW}`],
  ])('%s: the NLRI are where they should be (§4)', (_what, attributes, expected) => {
    expect(judge({ attributes, nlri: NLRI })).toBe(expected);
  });

  test.each([
    ['MP_REACH_NLRI', `${MANDATORY}800eff 000201`],
    ['MP_UNREACH_NLRI', `${MANDATORY}800f04 000201`],
  ])('%s that ends after all attributes hides routes (§3 j)', (_name, attributes) => {
    expect(judge({ attributes, nlri: NLRI })).toBe('3/1');
  });
});

describe('an error that would be a withdrawal where no route is announced (RFC 7606 §5.2)', () => {
  test.each([
    ['a wrong length', '400102 0000', '3/5 4001020000'],
    ['a wrong value', '400101 03', '3/6 40010103'],
    ['a wrong path', '400202 0200', '3/11'],
    ['wrong flags', 'c00101 00', '3/4 c0010100'],
    ['an attribute that is cut off', '400104 00', '3/1'],
    ['wrong flags of an optional one', '800804 ffff0000', '3/4 800804ffff0000'],
  ])('%s ends the session', (_what, attributes, expected) => {
    expect(judge({ attributes })).toBe(expected);
    expect(judge({ withdrawn: '08 0a', attributes })).toBe(expected);
    expect(judge({ attributes: MP_UNREACH + attributes })).toBe(expected);
    expect(judge({ attributes: `800e15 000201 10 ${'20'.repeat(16)} 00${attributes}` })).toBe(expected);
  });

  test('what is discarded does not', () => {
    expect(judge({ attributes: '400601 00' })).toBe(`6 ${DISCARD}`);
  });
});

describe('prefixes that can not be (RFC 7606 §5.3)', () => {
  test.each<[string, Parameters<typeof update>[0], string]>([
    ['NLRI of 33 bits', { attributes: MANDATORY, nlri: '21 c000020100' }, '3/10'],
    ['NLRI that are cut off', { attributes: MANDATORY, nlri: `${NLRI} 18 cb00` }, '3/10'],
    ['withdrawn routes of 33 bits', { withdrawn: '21 c000020100' }, '3/10'],
    ['withdrawn routes that are cut off', { withdrawn: '20 c00002' }, '3/10'],
  ])('%s', (_what, parts, expected) => {
    expect(judge(parts)).toBe(expected);
  });

  test.each([
    ['no octet', ''],
    ['four octets', '00020110'],
    ['a next hop of 0 octets', '000201 00 00 3020010db80001'],
    ['a next hop of 4 octets for IPv6', '000201 04 c0000201 00 3020010db80001'],
    ['a next hop of 17 octets', '000201 11 20010db800000000000000000000000100 00 3020010db80001'],
    ['a next hop of 8 octets for IPv4', '000101 08 c0000201c0000201 00 08 0a'],
    ['a next hop that ends after it', '000201 20 20010db8000000000000000000000001 00 3020010db80001'],
    ['a next hop that leaves no room for the reserved octet', '000201 10 20010db8000000000000000000000001'],
    ['a next hop that ends after it, of another family', '400447 ff 20010db8'],
    ['a prefix of 129 bits', `000201 10 20010db8000000000000000000000001 00 81 ${'20'.repeat(17)}`],
    ['a prefix of 33 bits of IPv4', '000101 04 c0000201 00 21 c000020100'],
    ['a prefix that is cut off', '000201 10 20010db8000000000000000000000001 00 30 20010db8'],
  ])('MP_REACH_NLRI with %s ends the session', (_what, value) => {
    const attribute = mp(14, value);
    expect(judge({ attributes: attribute + ORIGIN + AS_PATH })).toBe(`3/9 ${attribute}`);
  });

  test.each([
    ['two octets', '0002'],
    ['a prefix of 129 bits', `000201 81 ${'20'.repeat(17)}`],
    ['a prefix that is cut off', '000201 30 20010db8'],
  ])('MP_UNREACH_NLRI with %s ends the session', (_what, value) => {
    const attribute = mp(15, value);
    expect(judge({ attributes: attribute })).toBe(`3/9 ${attribute}`);
  });

  test('the session ends for it even where the rest would be a withdrawal (§3 h)', () => {
    const attribute = mp(15, '0002');
    expect(judge({ attributes: `c00800${MANDATORY}${attribute}`, nlri: NLRI })).toBe(`3/9 ${attribute}`);
  });
});

describe('an unknown attribute (RFC 4271 §6.3)', () => {
  test('that is said to be well-known ends the session', () => {
    expect(judge({ attributes: `${MANDATORY}40fd01 00`, nlri: NLRI })).toBe('3/2 40fd0100');
    expect(judge({ attributes: '00fd00' })).toBe('3/2 00fd00');
  });

  test('that is optional does not', () => {
    expect(judge({ attributes: `${MANDATORY}80fd01 00 c0fe00`, nlri: NLRI })).toBe('');
  });
});

test('what a NOTIFICATION has no room for is cut off', () => {
  const value = 'ff'.repeat(5_000);
  const decoded = decodeMessage(2, update({ attributes: `50fd 1388 ${value}` }), EXTERNAL);
  expect(decoded.ok === false && decoded.notification.data.length).toBe(4_096 - 21);
});

function mp(code: number, value: string): string {
  const hex = value.replaceAll(' ', '');
  const length = (hex.length / 2).toString(16).padStart(2, '0');
  return `80${code.toString(16).padStart(2, '0')}${length}${hex}`;
}
