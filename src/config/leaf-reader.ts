import type { Leaf } from './leaf.ts';
import type { Report } from './problems.ts';
import { type Cursor, descend, describeNode, isNull, type Node, plainValue, valueSpot } from './tree.ts';

export type LeafResult<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false };

/** A value as YAML 1.2 reads it, or as it may also have been meant. `old`: YAML 1.1's word for it, to be warned of. */
interface Reading {
  readonly value: unknown;
  readonly old: boolean;
}

const TRUE_WORDS = /^(?:y|yes|on|t|true)$/i;
const FALSE_WORDS = /^(?:n|no|off|f|false)$/i;

/** Reads one value by its leaf. Tells every problem in it, and gives nothing then. */
export function readLeaf<Value>(
  cursor: Cursor,
  leaf: Pick<Leaf<Value>, 'parse'>,
  report: Report,
): LeafResult<Value> {
  const results = readingsOf(cursor.node).map((reading) => ({
    ...reading,
    parsed: leaf.parse(reading.value),
  }));
  for (const { value, old, parsed } of results) {
    if (!parsed.ok) continue;
    if (old) {
      const message = `${describeNode(cursor.node)} is read as ${value}; write ${value}`;
      report.warn(valueSpot(cursor), 'deprecated', message);
    }
    return { ok: true, value: parsed.value };
  }
  const [first] = results;
  for (const issue of first === undefined || first.parsed.ok ? [] : first.parsed.issues) {
    const at = descend(cursor, issue.way);
    const what = isNull(at.node) ? 'has no value' : `got ${describeNode(at.node)}`;
    report.problem(valueSpot(at), 'wrong-value', `${what}; ${issue.message}`);
  }
  return { ok: false };
}

/**
 * What a scalar may stand for, the likeliest first: a number or boolean where text is wanted is its letters
 * (`expect: 200`); text that came from a variable may be a number or boolean; `yes` and `no` are YAML 1.1's booleans.
 */
function readingsOf(node: Node): readonly Reading[] {
  const own = { value: plainValue(node), old: false };
  if (node.kind !== 'scalar' || node.value === null) return [own];
  if (typeof node.value !== 'string') return [own, { value: node.text, old: false }];
  const { value } = node;
  const isSubstituted = node.substituted !== undefined;
  const readings: Reading[] = [own];
  if (isSubstituted && /^-?\d+(?:\.\d+)?$/.test(value)) readings.push({ value: Number(value), old: false });
  if (TRUE_WORDS.test(value)) readings.push({ value: true, old: !isSubstituted });
  if (FALSE_WORDS.test(value)) readings.push({ value: false, old: !isSubstituted });
  return readings;
}
