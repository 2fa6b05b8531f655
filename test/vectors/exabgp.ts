/**
 * Reads every message of ExaBGP's own test suite and compares what we make of it with what ExaBGP says that it means, then
 * writes it again: `node test/vectors/exabgp.ts CHECKOUT`, a checkout of Exa-Networks/exabgp. Its data are no part of
 * this repository.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type DecodingContext, decodeMessage } from '../../src/bgp/decode.ts';
import { encodeMessage } from '../../src/bgp/encode.ts';
import { Framer } from '../../src/bgp/framer.ts';
import type { BgpMessage } from '../../src/bgp/message.ts';
import { describeNotification } from '../../src/bgp/notification-text.ts';
import { type Meaning, meaningOf } from '../support/bgp-meaning.ts';
import { piecesOf } from '../support/bgp-pieces.ts';
import { meaningOfCommand, meaningOfJson } from './exabgp-statement.ts';

interface Vector {
  readonly source: string;
  readonly bytes: Buffer;
  readonly command: string | undefined;
  readonly json: string | undefined;
}

/** Where we say something else than ExaBGP, and why. */
const DIFFERENCES: readonly (readonly [RegExp, string])[] = [
  [
    /^UPDATE Message Error\/Unrecognized Well-known/,
    'flags without Optional: RFC 4271 §6.3 (ExaBGP keeps it)',
  ],
  [/^NEXT_HOP .* is no host/, 'a next hop that is no host: RFC 4271 §6.3, RFC 7606 §3 e (ExaBGP takes it)'],
  [/^MP_REACH_NLRI with a next hop of 4 octets/, 'IPv6 by an IPv4 next hop is in no RFC (ExaBGP takes it)'],
];

const checkout = process.argv[2];
if (checkout === undefined) {
  process.stderr.write('usage: node test/vectors/exabgp.ts CHECKOUT\n');
  process.exit(64);
}

const counts = new Map<string, number>();
const faults: string[] = [];
const vectors = [...readCases(checkout), ...readSamples(checkout)];
for (const vector of vectors) {
  const [outcome, detail] = judge(vector);
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  if (outcome === 'WRONG') faults.push(`${vector.source}\n  ${detail}`);
}
const distinct = new Set(vectors.map(({ bytes }) => bytes.toString('hex'))).size;
process.stdout.write(`${vectors.length} messages, ${distinct} distinct\n`);
for (const [outcome, count] of [...counts].sort()) process.stdout.write(`${count}\t${outcome}\n`);
for (const fault of faults) process.stdout.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** `N:cmd:…`, `N:raw:marker:length:type:body`, `N:json:…`, one after another. */
function readCases(root: string): readonly Vector[] {
  const found: Vector[] = [];
  for (const folder of ['encoding', 'api']) {
    const path = join(root, 'qa', folder);
    for (const file of readdirSync(path).filter((name) => name.endsWith('.ci'))) {
      let command: string | undefined;
      const lines = readFileSync(join(path, file), 'utf8').split('\n');
      for (const [index, line] of lines.entries()) {
        const [, kind, text = ''] = /^[A-Z]?\d+:(cmd|raw):(.*)$/.exec(line) ?? [];
        if (kind === 'cmd') command = text;
        if (kind !== 'raw') continue;
        const json = /^[A-Z]?\d+:json:(.*)$/.exec(lines[index + 1] ?? '')?.[1];
        const bytes = Buffer.from(text.replaceAll(':', ''), 'hex');
        found.push({ source: `qa/${folder}/${file}:${index + 1}`, bytes, command, json });
        command = undefined;
      }
    }
  }
  return found;
}

/** Three lines: what it is, the message with or without its header, JSON. */
function readSamples(root: string): readonly Vector[] {
  const path = join(root, 'qa', 'decoding');
  return readdirSync(path).flatMap((file) => {
    const [kind = '', text = '', json = ''] = readFileSync(join(path, file), 'utf8').split('\n');
    const bytes = Buffer.from(text.replaceAll(/[\s:]/g, ''), 'hex');
    if (!/^(update|open)/.test(kind) || bytes.readUInt32BE(0) !== 0xffffffff) return [];
    return [{ source: `qa/decoding/${file}`, bytes, command: undefined, json }];
  });
}

function judge(vector: Vector): readonly [outcome: string, detail: string] {
  if (/path-information/.test(`${vector.command} ${vector.json}`))
    return ['with path identifiers: not spoken', ''];
  const [framed, ...more] = new Framer().push(vector.bytes);
  if (framed === undefined || more.length > 0) return ['WRONG', 'not one message'];
  if (!framed.ok) return ['WRONG', framed.why];
  const context = contextOf(vector);
  const decoded = decodeMessage(framed.type, framed.body, context);
  const said = decoded.ok
    ? decoded.errors.map(({ why }) => why)
    : [decoded.why, describeNotification(decoded.notification)];
  const known = DIFFERENCES.find(([pattern]) => said.some((text) => pattern.test(text)));
  if (known !== undefined) return [`differs: ${known[1]}`, ''];
  if (said.length > 0) return ['WRONG', said.join('; ')];
  return decoded.ok ? compare(vector, decoded.message, context) : ['WRONG', ''];
}

function compare(vector: Vector, message: BgpMessage, context: DecodingContext): readonly [string, string] {
  if (message.type !== 'update') {
    const again = encodeMessage(message, context);
    return again.equals(vector.bytes) || message.type === 'open'
      ? [`${message.type}: read`, '']
      : ['WRONG', `written as ${again.toString('hex')}`];
  }
  const expected = expectedOf(vector);
  const isOther = message.pathAttributes.some(
    (each) =>
      (each.type === 'mp-reach-nlri' && each.nlri === undefined) ||
      (each.type === 'mp-unreach-nlri' && each.withdrawnRoutes === undefined),
  );
  if (isOther) return ['update of another family: read without error', ''];
  const actual = withoutLinkLocal(meaningOf(message));
  if (expected !== undefined && !isDeepStrictEqual(actual, expected)) {
    return ['WRONG', `${JSON.stringify(actual)}\n  ${JSON.stringify(expected)}`];
  }
  const again = encodeMessage(message, context);
  if (!isDeepStrictEqual(piecesOf(again), piecesOf(vector.bytes))) {
    return ['WRONG', `written as ${again.toString('hex')}`];
  }
  const meaning = expected === undefined ? 'read, without a meaning to compare' : 'read as stated';
  const isSame = again.equals(vector.bytes);
  return [`unicast update: ${meaning}, ${isSame ? 'same bytes written' : 'same attributes written'}`, ''];
}

/** ExaBGP's JSON names the global next hop alone. */
function withoutLinkLocal(meaning: Meaning): Meaning {
  const announce = meaning.announce as readonly string[];
  return { ...meaning, announce: announce.map((each) => each.replace(/ via (\S+) fe80:\S*$/, ' via $1')) };
}

function expectedOf({ json, command }: Vector): Meaning | undefined {
  if (json !== undefined && json !== '') return meaningOfJson(json);
  return command === undefined ? undefined : meaningOfCommand(command);
}

function contextOf({ json, source }: Vector): DecodingContext {
  const [, local, peer] = /"asn": ?\{ ?"local": ?(\d+), ?"peer": ?(\d+)/.exec(json ?? '') ?? [];
  return {
    isFourOctetAs: !source.includes('no-asn4'),
    isIbgp: local === peer,
    families: ['ipv4', 'ipv6'],
    hasExtendedNextHop: true,
  };
}
