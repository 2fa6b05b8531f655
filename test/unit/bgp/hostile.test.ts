import { describe, expect, test } from 'vitest';
import type { DecodingContext } from '../../../src/bgp/decode.ts';
import { randomOf } from '../../simulation/random.ts';
import { mutant, speakersMessages } from '../../support/bgp-mutants.ts';
import { verdictOf } from '../../support/bgp-verdict.ts';

const MESSAGES = speakersMessages();

/** All kinds of sessions, one after another. */
function contextOf(index: number): DecodingContext {
  return {
    isFourOctetAs: index % 2 === 0,
    isIbgp: index % 3 === 0,
    families: index % 5 === 0 ? ['ipv4'] : ['ipv4', 'ipv6'],
    hasExtendedNextHop: index % 7 === 0,
  };
}

describe('whatever a peer sends is a message or leads to the right NOTIFICATION', () => {
  test('of every message, every beginning, with a header that fits it', () => {
    const random = randomOf(1, 'truncated');
    const seen = new Set<string>();
    for (const message of MESSAGES) {
      for (let length = 19; length < message.length; length += 1) {
        const short = Buffer.from(message.subarray(0, length));
        short.writeUInt16BE(length, 16);
        seen.add(verdictOf(short, contextOf(length), random));
      }
    }
    expect([...seen]).toEqual(
      expect.arrayContaining(['1/2', '2/0', '3/1', '3/10', '7/1', 'notification', 'update']),
    );
    expect(seen).not.toContain('incomplete');
  });

  test('of every message, every beginning, as it stands: nothing but a wait for the rest', () => {
    const random = randomOf(2, 'cut');
    const seen = new Set<string>();
    for (const message of MESSAGES) {
      for (let length = 0; length < message.length; length += 1) {
        seen.add(verdictOf(message.subarray(0, length), contextOf(length), random));
      }
    }
    expect([...seen]).toEqual(['incomplete']);
  });

  // A million of them: node test/fuzz/bgp.ts
  test('20,000 messages with something wrong in them', () => {
    const seen = new Map<string, number>();
    for (let seed = 0; seed < 20_000; seed += 1) {
      const random = randomOf(seed, 'mutant');
      const bytes = mutant(random, MESSAGES);
      const verdict = verdictOf(bytes, contextOf(seed), random);
      seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
    }
    // The mutants reach far: every kind of end is among them.
    expect([...seen.keys()].sort()).toEqual(
      expect.arrayContaining([
        '1/1',
        '1/2',
        '1/3',
        '2/0',
        '2/1',
        '2/3',
        '2/4',
        '2/6',
        '3/1',
        '3/10',
        '3/11',
        '3/2',
        '3/4',
        '3/5',
        '3/6',
        '3/9',
        '7/1',
        'incomplete',
        'notification',
        'open',
        'route-refresh',
        'update',
        'update attribute-discard',
        'update attribute-discard treat-as-withdraw',
        'update treat-as-withdraw',
      ]),
    );
  });
});
