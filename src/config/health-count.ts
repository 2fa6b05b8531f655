import { accept, type Form, leaf, type Parsed, refuse } from './leaf.ts';

/** How many of a list are needed: so many, or a share of it. Shares are exact: `parts` of `whole`, both integers. */
export type NeededCount =
  | { readonly kind: 'number'; readonly count: number }
  | { readonly kind: 'share'; readonly parts: number; readonly whole: number };

const MOST = 10_000;
const HINT = `write a count from 1 to ${MOST}, or a percentage such as 50%`;
const SHARE = /^(\d{1,3})(?:\.(\d{1,4}))?%$/;
const DIGITS = 4;
const FORM: Form = {
  kind: 'either',
  of: [
    { kind: 'limited', isWhole: true, least: 1, most: MOST },
    { kind: 'text', pattern: SHARE },
  ],
};

/** `at_least`: a number, or a percentage with up to four decimals. */
export function neededCount() {
  return leaf(FORM, (written): Parsed<NeededCount> => {
    if (typeof written === 'string') return readShare(written);
    const count = Number.isInteger(written) ? Number(written) : 0;
    return count >= 1 && count <= MOST ? accept({ kind: 'number', count }) : refuse(HINT);
  });
}

/** What it comes to for a list of so many; a share is rounded up. */
export function countOf(needed: NeededCount, total: number): number {
  // Whole numbers far below 2^53: the quotient is rounded to a whole number only where it is one.
  return needed.kind === 'number' ? needed.count : Math.ceil((needed.parts * total) / needed.whole);
}

function readShare(written: string): Parsed<NeededCount> {
  const [, whole = '', decimals = ''] = SHARE.exec(written) ?? [];
  const parts = Number(whole + decimals.padEnd(DIGITS, '0'));
  const hundred = 100 * 10 ** DIGITS;
  const isFit = whole !== '' && parts > 0 && parts <= hundred;
  return isFit ? accept({ kind: 'share', parts, whole: hundred }) : refuse(HINT);
}
