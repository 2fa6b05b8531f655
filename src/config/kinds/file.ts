import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { duration, form, oneOf, text } from '../leaves.ts';
import { labelSpot } from '../tree.ts';
import { fallKey, kind, type ProbePlace, type ReadProbe, riseKey } from './kind.ts';

const AGE = { least: 1, most: 8_760 * 3_600_000 };

const shape = {
  // The kernel's answer is exact, so that one is enough.
  rise: riseKey(1),
  fall: fallKey(1),
  path: form('an absolute path', /^\/[^\0]*$/).describe('Absolute path of the file.'),
  state: oneOf(['exists', 'absent']).or('exists').describe('Whether it has to be there, or must not be.'),
  contains: text('the text to look for').optional().describe('Text that has to be in the file.'),
  min_age: duration(AGE).optional().describe('Least time since its last change (mtime).'),
  max_age: duration(AGE).optional().describe('Longest time since its last change (mtime).'),
};

type FileFields = Fields<typeof shape>;

function readFile(fields: FileFields, _place: ProbePlace, { report }: Context): ReadProbe | undefined {
  const [path, state, contains] = [fields.read('path'), fields.read('state'), fields.read('contains')];
  const [minAgeMs, maxAgeMs] = [fields.read('min_age'), fields.read('max_age')];
  for (const key of ['contains', 'min_age', 'max_age'] as const) {
    const child = fields.child(key);
    if (state !== 'absent' || child === undefined) continue;
    report.problem(labelSpot(child), 'conflict', 'stands beside state: absent; leave one of the two out');
  }
  const least = fields.child('min_age');
  if (least !== undefined && minAgeMs !== undefined && maxAgeMs !== undefined && minAgeMs > maxAgeMs) {
    const message = 'longer than max_age, so that no file can pass; write less than max_age';
    report.problem(labelSpot(least), 'conflict', message);
  }
  if (path === undefined) return undefined;
  return { probe: { type: 'file', path, state, contains, minAgeMs, maxAgeMs }, asks: 'none' };
}

export const file = kind(shape, readFile);
