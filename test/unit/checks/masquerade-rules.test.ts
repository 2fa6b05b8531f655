import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMasqueradedByIptables, masqueradedByNft } from '../../../src/checks/masquerade-rules.ts';

type Json = Readonly<Record<string, unknown>>;

const at = { family: 'ip', table: 'nat' };

/** As nftables 1.0.6 prints them. */
function ruleset(...items: readonly Json[]): string {
  return JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6', json_schema_version: 1 } }, ...items] });
}

function table(over: Json = {}): Json {
  return { table: { family: 'ip', name: 'nat', handle: 1, ...over } };
}

function base(over: Json = {}): Json {
  return { chain: { ...at, name: 'post', type: 'nat', hook: 'postrouting', prio: 100, ...over } };
}

function chain(name: string, over: Json = {}): Json {
  return { chain: { ...at, name, ...over } };
}

function rule(expr: readonly Json[], over: Json = {}): Json {
  return { rule: { ...at, chain: 'post', handle: 2, expr, ...over } };
}

function nfproto(right: string, op = '=='): Json {
  return { match: { op, left: { meta: { key: 'nfproto' } }, right } };
}

const oifname: Json = { match: { op: '==', left: { meta: { key: 'oifname' } }, right: 'eth0' } };
const masquerade: Json = { masquerade: null };
const inet = { family: 'inet' };

function families(...items: readonly Json[]) {
  const found = masqueradedByNft(ruleset(table(), ...items));
  return found && [...found].sort();
}

describe('nft', () => {
  test.each([
    ['masquerade', masquerade],
    ['masquerade with flags', { masquerade: { flags: 'random' } }],
    ['snat', { snat: { addr: '192.0.2.1' } }],
    ['a MASQUERADE of iptables-nft', { xt: { type: 'target', name: 'MASQUERADE' } }],
    ['a SNAT of iptables-nft', { xt: { type: 'target', name: 'SNAT' } }],
  ])('%s at the postrouting hook counts', (_name, verdict) => {
    expect(families(base(), rule([oifname, { counter: { packets: 0, bytes: 0 } }, verdict]))).toEqual([
      'ipv4',
    ]);
  });

  test.each([
    ['no rules', []],
    ['another verdict', [base(), rule([{ dnat: { addr: '192.0.2.1' } }]), rule([{ accept: null }])]],
    ['an unknown xt target', [base(), rule([{ xt: null }])]],
    ['a chain at another hook', [base({ hook: 'prerouting' }), rule([masquerade])]],
    ['a chain of another type', [base({ type: 'filter' }), rule([masquerade])]],
    ['a chain that nothing leads to', [base(), chain('sub'), rule([masquerade], { chain: 'sub' })]],
    ['a chain of the same name in another table', [base(), rule([masquerade], { table: 'other' })]],
    ['a table of bridges', [base({ family: 'bridge' }), rule([masquerade], { family: 'bridge' })]],
  ])('%s: nothing is masqueraded', (_name, items) => {
    expect(families(...items)).toEqual([]);
  });

  test('a dormant table does nothing', () => {
    for (const flags of ['dormant', ['dormant']]) {
      const found = masqueradedByNft(ruleset(table({ flags }), base(), rule([masquerade])));
      expect([...(found ?? ['?'])]).toEqual([]);
    }
  });

  test.each([
    ['jump', [{ jump: { target: 'sub' } }]],
    ['goto', [{ goto: { target: 'sub' } }]],
    ['a map in place', [{ vmap: { key: {}, data: { set: [[80, { jump: { target: 'sub' } }]] } } }]],
    ['a map of its own, whose content is not listed', [{ vmap: { key: {}, data: '@map' } }]],
  ])('%s leads to another chain', (_name, expr) => {
    const sub = [chain('sub'), rule([masquerade], { chain: 'sub' })];
    expect(families(base(), ...sub, rule(expr))).toEqual(['ipv4']);
    expect(families(base({ hook: 'input' }), ...sub, rule(expr))).toEqual([]);
  });

  test('chains that lead to each other end', () => {
    const items = [rule([{ jump: { target: 'a' } }]), rule([{ jump: { target: 'post' } }], { chain: 'a' })];
    expect(families(base(), chain('a'), ...items)).toEqual([]);
  });

  test('a table of its family, or of both', () => {
    const ip6 = { family: 'ip6' };
    expect(families(base(ip6), rule([masquerade], ip6))).toEqual(['ipv6']);
    expect(families(base(inet), rule([masquerade], inet))).toEqual(['ipv4', 'ipv6']);
  });

  test.each([
    ['nfproto', nfproto('ipv6'), ['ipv6']],
    ['another nfproto', nfproto('ipv6', '!='), ['ipv4']],
    [
      'a field of IPv4',
      { match: { op: '==', left: { payload: { protocol: 'ip', field: 'saddr' } } } },
      ['ipv4'],
    ],
    [
      'a field of IPv6',
      { match: { op: '==', left: { payload: { protocol: 'ip6', field: 'saddr' } } } },
      ['ipv6'],
    ],
    [
      'a field of TCP',
      { match: { op: '==', left: { payload: { protocol: 'tcp', field: 'dport' } } } },
      ['ipv4', 'ipv6'],
    ],
  ])('in a table of both, %s narrows a rule', (_name, match, expected) => {
    expect(families(base(inet), rule([match, masquerade], inet))).toEqual(expected);
    // So it does where it stands before the jump.
    const jump = rule([match, { jump: { target: 'sub' } }], inet);
    const sub = [chain('sub', inet), rule([masquerade], { ...inet, chain: 'sub' })];
    expect(families(base(inet), jump, ...sub)).toEqual(expected);
  });

  test('a snat says its family, and contradictions match nothing', () => {
    expect(families(base(inet), rule([{ snat: { family: 'ip', addr: '192.0.2.1' } }], inet))).toEqual([
      'ipv4',
    ]);
    expect(families(base(inet), rule([nfproto('ipv4'), nfproto('ipv6'), masquerade], inet))).toEqual([]);
  });

  test('a chain that is reached for one family first, and later for the other, counts for both', () => {
    const jumps = ['ipv4', 'ipv6'].map((name) => rule([nfproto(name), { jump: { target: 'sub' } }], inet));
    const sub = [chain('sub', inet), rule([masquerade], { ...inet, chain: 'sub' })];
    expect(families(base(inet), ...jumps, ...sub)).toEqual(['ipv4', 'ipv6']);
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"nftables": {}}',
    '{"nftables": 1}',
    'table ip nat {',
  ])('%j is not its output', (text) => {
    expect(masqueradedByNft(text)).toBeUndefined();
  });

  test('whatever JSON it is, it is read without throwing and says nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 4 }), { maxLength: 5 }), (nftables) => {
        expect([...(masqueradedByNft(JSON.stringify({ nftables })) ?? [])]).toEqual([]);
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});

describe('iptables-save', () => {
  const saved = (...lines: readonly string[]): string =>
    ['# Generated by iptables-save v1.8.9', '*nat', ':POSTROUTING ACCEPT [0:0]', ...lines, 'COMMIT', ''].join(
      '\n',
    );

  test.each([
    '-A POSTROUTING -o eth0 -j MASQUERADE',
    '-A POSTROUTING -s 10.0.0.0/8 -o eth0 -j SNAT --to-source 192.0.2.1',
    '-A POSTROUTING -m comment --comment "to the -j world \\" -j" -o eth0 -j MASQUERADE --random',
    '-A POSTROUTING -m comment --comment -j -j MASQUERADE',
  ])('%s counts', (line) => {
    expect(isMasqueradedByIptables(saved(line))).toBe(true);
  });

  test.each([
    '-A PREROUTING -j MASQUERADE',
    '-A POSTROUTING -j ACCEPT',
    '-A POSTROUTING -j sub',
    '-A POSTROUTING -m comment --comment "-j MASQUERADE" -j ACCEPT',
    '-A POSTROUTING -m comment --comment -j -m comment --comment MASQUERADE',
    '-A sub -j MASQUERADE',
    '# -A POSTROUTING -j MASQUERADE',
    ':MASQUERADE - [0:0]',
    '',
  ])('%j does not', (line) => {
    expect(isMasqueradedByIptables(saved(line))).toBe(false);
  });

  test('chains are followed, also in a circle', () => {
    const lines = ['-A POSTROUTING -j a', '-A a -g b', '-A b -j a'];
    expect(isMasqueradedByIptables(saved(...lines))).toBe(false);
    expect(isMasqueradedByIptables(saved(...lines, '-A b -j MASQUERADE'))).toBe(true);
  });

  test('only the table nat counts', () => {
    const rule = '-A POSTROUTING -j MASQUERADE';
    expect(isMasqueradedByIptables(`*mangle\n${rule}\nCOMMIT\n${saved()}`)).toBe(false);
    expect(isMasqueradedByIptables(`*mangle\nCOMMIT\n${saved(rule)}`)).toBe(true);
    expect(isMasqueradedByIptables(`${saved()}*mangle\n${rule}\nCOMMIT\n`)).toBe(false);
  });
});
