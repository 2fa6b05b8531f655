import { parseDurationMs } from '../lib/duration.ts';
import { accept, type Leaf, leaf, refuse } from './leaf.ts';

const LEAST_SEC = 3;
const MOST_SEC = 65_535;

/** BGP's hold time in seconds: two octets of whole ones, none, or at least three (RFC 4271 §4.2). */
export function holdTime(): Leaf<number> {
  const hint = `write whole seconds from ${LEAST_SEC}s to ${MOST_SEC}s, such as 9s, or 0 for none`;
  const form = { kind: 'either', of: [{ kind: 'text', pattern: undefined }, { kind: 'number' }] } as const;
  return leaf(form, (written) => {
    const isDuration = typeof written === 'string' || typeof written === 'number';
    const seconds = isDuration ? (parseDurationMs(written) ?? Number.NaN) / 1000 : Number.NaN;
    const isFit =
      Number.isInteger(seconds) && (seconds === 0 || (seconds >= LEAST_SEC && seconds <= MOST_SEC));
    return isFit ? accept(seconds) : refuse(hint);
  });
}
