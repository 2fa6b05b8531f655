/**
 * Puts every case of FRRouting's RFC 7606 suite into an UPDATE and compares what is done with it:
 * `node test/vectors/frr-rfc7606.ts CHECKOUT`, a checkout of FRRouting/frr. Its data are no part of this repository.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DecodingContext, decodeMessage } from '../../src/bgp/decode.ts';

interface Case {
  readonly suite: string;
  readonly name: string;
  /** Undefined: only the next hop is special. */
  readonly attribute: { readonly code: number; readonly flags: number; readonly value: Buffer } | undefined;
  readonly nextHop: string;
  readonly external: Outcome;
  readonly internal: Outcome;
  readonly skipsExternal: boolean;
}

type Outcome = 'withdraw' | 'discard' | 'session-reset' | 'none';

const OTHER_ATTRIBUTE =
  'has no meaning here: RFC 4271 §9 wants an unknown optional attribute taken as it is, RFC 7606 §7 has no rule for it';

/** Where we do something else, by the beginning of the case's name, and why. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  'origin-flag-partial': 'RFC 7606 §3 c names the bits Optional and Transitive alone',
  'aspath-flag-partial': 'RFC 7606 §3 c names the bits Optional and Transitive alone',
  'as4path-seg': 'RFC 6793 §6: from a peer with four-octet AS numbers it is discarded, whatever it holds',
  'otc-value-0': 'RFC 9234 §5 calls it malformed by its length alone',
  pmsi: `PMSI_TUNNEL ${OTHER_ATTRIBUTE}`,
  encap: `Tunnel Encapsulation ${OTHER_ATTRIBUTE}`,
  aigp: `AIGP ${OTHER_ATTRIBUTE}`,
  'prefix-sid': `BGP Prefix-SID ${OTHER_ATTRIBUTE}`,
  'link-state': `BGP-LS ${OTHER_ATTRIBUTE}`,
  nhc: `NHC ${OTHER_ATTRIBUTE}`,
  unknown: 'unknown here too, and taken as it is; nothing is passed on by an announce-only speaker',
};

const SUITES = ['treat_as_withdraw', 'attr_discard', 'session_reset'];

const checkout = process.argv[2];
if (checkout === undefined) {
  process.stderr.write('usage: node test/vectors/frr-rfc7606.ts CHECKOUT\n');
  process.exit(64);
}

const cases = SUITES.flatMap((suite) => readCases(checkout, suite));
const verdicts = new Map<string, string[]>();
for (const each of cases) {
  for (const sort of ['external', 'internal'] as const) {
    if (sort === 'external' && each.skipsExternal) continue;
    const verdict = judge(each, sort);
    verdicts.set(verdict, [...(verdicts.get(verdict) ?? []), `${each.name} (${sort})`]);
  }
}
process.stdout.write(`${cases.length} cases\n`);
for (const [verdict, names] of [...verdicts].sort()) {
  process.stdout.write(`${names.length}\t${verdict}\n`);
  if (!verdict.startsWith('as FRR: withdraw') && !verdict.startsWith('as FRR: discard')) {
    process.stdout.write(`\t${names.join(', ')}\n`);
  }
}
process.exitCode = [...verdicts.keys()].some((verdict) => verdict.startsWith('WRONG')) ? 1 : 0;

function judge(each: Case, sort: 'external' | 'internal'): string {
  const { outcome, notification } = run(each, sort);
  if (outcome === each[sort])
    return `as FRR: ${outcome}${notification === undefined ? '' : `, ${notification}`}`;
  const reason = Object.entries(DIFFERENCES).find(([start]) => each.name.startsWith(start))?.[1];
  if (reason === undefined) return `WRONG: ${outcome}, FRR: ${each[sort]}`;
  return `differs on purpose: ${outcome}, FRR: ${each[sort]}; ${reason}`;
}

/** `Case("name", code, flags, "hex" "hex", outcome=…, …)` of Python. */
function readCases(root: string, suite: string): readonly Case[] {
  const path = join(root, 'tests', 'topotests', `bgp_rfc7606_${suite}`, 'cases.py');
  const text = readFileSync(path, 'utf8').replaceAll(/^\s*#.*$/gm, '');
  const found = text.matchAll(
    /Case\(\s*"([^"]+)",\s*(None|0x[0-9A-Fa-f]+|\d+),\s*(0x[0-9A-Fa-f]+|\d+),\s*((?:"[0-9a-f]*"\s*)+),([\s\S]*?spec=(?:"[^"]*"\s*)+[^"]*?\))/g,
  );
  return [...found].map(([, name = '', code = '', flags = '', hex = '', rest = '']) => {
    const outcome = (key: string): Outcome | undefined =>
      outcomeOf(new RegExp(`\\b${key}=(\\w+)`).exec(rest)?.[1]);
    const both = outcome('outcome') ?? 'none';
    return {
      suite,
      name,
      attribute:
        code === 'None'
          ? undefined
          : {
              code: Number(code),
              flags: Number(flags),
              value: Buffer.from(hex.replaceAll(/[\s"]/g, ''), 'hex'),
            },
      nextHop: /nexthop="([^"]+)"/.exec(rest)?.[1] ?? '192.0.2.1',
      external: outcome('outcome_ebgp') ?? both,
      internal: outcome('outcome_ibgp') ?? both,
      skipsExternal: /skip_sorts=\(EBGP,/.test(rest),
    };
  });
}

function outcomeOf(word: string | undefined): Outcome | undefined {
  const outcomes: Readonly<Record<string, Outcome>> = {
    WITHDRAW: 'withdraw',
    DISCARD: 'discard',
    SESSION_RESET: 'session-reset',
  };
  return outcomes[word ?? ''];
}

interface Run {
  readonly outcome: Outcome;
  /** Its code and subcode, where the session ends. */
  readonly notification?: string;
}

/** The attribute takes the place of the well-formed one of its type. */
function run({ attribute, nextHop }: Case, sort: 'external' | 'internal'): Run {
  const attributes = new Map([
    [1, attributeBytes(0x40, 1, Buffer.of(0))],
    [2, attributeBytes(0x40, 2, Buffer.from('02010000fde9', 'hex'))],
    [3, attributeBytes(0x40, 3, Buffer.from(nextHop.split('.').map(Number)))],
  ]);
  if (attribute !== undefined) {
    attributes.set(attribute.code, attributeBytes(attribute.flags, attribute.code, attribute.value));
  }
  const field = Buffer.concat([...attributes.values()]);
  const body = Buffer.concat([Buffer.of(0, 0, 0, field.length), field, Buffer.from('200a010001', 'hex')]);
  const context: DecodingContext = {
    isFourOctetAs: true,
    isIbgp: sort === 'internal',
    families: ['ipv4', 'ipv6'],
    hasExtendedNextHop: false,
  };
  const decoded = decodeMessage(2, body, context);
  if (!decoded.ok) {
    const { errorCode, errorSubcode } = decoded.notification;
    return { outcome: 'session-reset', notification: `${errorCode}/${errorSubcode}` };
  }
  const isWithdrawn = decoded.message.type === 'update' && decoded.message.withdrawnRoutes.length === 1;
  if (isWithdrawn) return { outcome: 'withdraw' };
  return { outcome: decoded.errors.length > 0 ? 'discard' : 'none' };
}

function attributeBytes(flags: number, code: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(flags, code, value.length), value]);
}
