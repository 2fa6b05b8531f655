/**
 * What a peer could send: messages of real speakers with something wrong in them, each read by the BGP codec, which must
 * give a message or the right NOTIFICATION. `node test/fuzz/bgp.ts [--messages 1000000] [--seed 0]`; each message has a
 * seed of its own, and `--messages 1 --seed N` reads one of them.
 */
import { parseArgs } from 'node:util';
import type { DecodingContext } from '../../src/bgp/decode.ts';
import { randomOf } from '../simulation/random.ts';
import { mutant, speakersMessages } from '../support/bgp-mutants.ts';
import { verdictOf } from '../support/bgp-verdict.ts';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '0' },
  },
});
const first = Number(values.seed);
const end = first + Number(values.messages);
const messages = speakersMessages();
const seen = new Map<string, number>();
let wrong = 0;

for (let seed = first; seed < end; seed += 1) {
  const random = randomOf(seed, 'mutant');
  const context: DecodingContext = {
    isFourOctetAs: seed % 2 === 0,
    isIbgp: seed % 3 === 0,
    families: seed % 5 === 0 ? ['ipv4'] : ['ipv4', 'ipv6'],
    hasExtendedNextHop: seed % 7 === 0,
  };
  const bytes = mutant(random, messages);
  try {
    const verdict = verdictOf(bytes, context, random);
    seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
  } catch (error) {
    wrong += 1;
    process.stdout.write(`seed ${seed}: ${String(error)}\n${bytes.toString('hex')}\n`);
  }
}

for (const [verdict, count] of [...seen].sort())
  process.stdout.write(`${String(count).padStart(9)}  ${verdict}\n`);
process.stdout.write(`${end - first} messages, ${wrong} wrong\n`);
process.exitCode = wrong === 0 ? 0 : 1;
