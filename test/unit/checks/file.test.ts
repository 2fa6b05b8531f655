import { describe, expect, test } from 'vitest';
import { type FileFacts, judgeFacts, verdictOfFileError } from '../../../src/checks/file.ts';
import type { FileSpec } from '../../../src/checks/spec.ts';

const NOW = Date.UTC(2026, 0, 1);

function judged(changes: Partial<FileSpec>, facts?: Partial<FileFacts>) {
  const spec: FileSpec = {
    type: 'file',
    path: '/run/ready',
    state: 'exists',
    contains: undefined,
    minAgeMs: undefined,
    maxAgeMs: undefined,
    ...changes,
  };
  const all = facts === undefined ? undefined : { kind: 'file' as const, modifiedMs: NOW, ...facts };
  const { reason, detail } = judgeFacts(spec, all, NOW);
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

const changed = (agoMs: number) => ({ modifiedMs: NOW - agoMs });

describe('a file', () => {
  test('has to be there, whatever it is', () => {
    expect(judged({})).toBe('not-found: /run/ready is not there');
    for (const kind of ['file', 'directory', 'other'] as const) expect(judged({}, { kind })).toBe('passed');
  });

  test('must not be there where it is to be absent, whatever it is', () => {
    expect(judged({ state: 'absent' })).toBe('passed');
    expect(judged({ state: 'absent' }, {})).toBe('found: /run/ready is there (a regular file)');
    expect(judged({ state: 'absent' }, { kind: 'directory' })).toBe(
      'found: /run/ready is there (a directory)',
    );
    expect(judged({ state: 'absent' }, { kind: 'other' })).toMatch(/a device, pipe or socket/);
  });

  test('is too old from more than max_age on', () => {
    expect(judged({ maxAgeMs: 5_000 }, changed(5_000))).toBe('passed');
    expect(judged({ maxAgeMs: 5_000 }, changed(5_100))).toBe('too-old: /run/ready was changed 5.1 s ago');
  });

  test('is too new up to min_age, and when dated ahead', () => {
    expect(judged({ minAgeMs: 5_000 }, changed(5_000))).toBe('passed');
    expect(judged({ minAgeMs: 5_000 }, changed(4_900))).toBe('too-new: /run/ready was changed 4.9 s ago');
    expect(judged({ minAgeMs: 5_000 }, changed(-9_000))).toBe('too-new: /run/ready was changed 0.0 s ago');
  });

  test('dated ahead by more than max_age does not stay new for ever', () => {
    expect(judged({ maxAgeMs: 5_000 }, changed(-5_000))).toBe('passed');
    expect(judged({ maxAgeMs: 5_000 }, changed(-3_600_000))).toBe(
      'too-new: /run/ready has a time of change 3600.0 s ahead',
    );
  });

  test('may have both bounds', () => {
    const both = { minAgeMs: 1_000, maxAgeMs: 2_000 };
    expect([500, 1_500, 2_500].map((ms) => judged(both, changed(ms)).split(':')[0])).toEqual([
      'too-new',
      'passed',
      'too-old',
    ]);
  });
});

test.each([
  ['EACCES', 'not-permitted'],
  ['EPERM', 'not-permitted'],
  ['ENOENT', 'not-found'],
  ['EIO', 'unreadable'],
  ['ESTALE', 'unreadable'],
  ['ELOOP', 'unreadable'],
  ['EINVAL', 'unreadable'],
  ['EMFILE', 'internal-error'],
  ['ENOMEM', 'internal-error'],
])('%s of the file system is %s', (code, reason) => {
  expect(verdictOfFileError(Object.assign(new Error(code), { code })).reason).toBe(reason);
});

test('a bug is an internal error', () => {
  expect(verdictOfFileError(new TypeError('x is not a function')).reason).toBe('internal-error');
});
