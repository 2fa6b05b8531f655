import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatProblem, type Problem } from '../../../src/config/index.ts';
import { FIXTURES, load } from './source.ts';

const BAD = new URL('bad/', FIXTURES);
const names = readdirSync(BAD).flatMap((name) => (name.endsWith('.yaml') ? [name] : []));

/** Each text and what came of it. */
const results = new Map(
  names.map((name) => {
    const text = readFileSync(new URL(name, BAD), 'utf8');
    return [name, { text, result: load(text, name) }] as const;
  }),
);

function resultOf(name: string) {
  const found = results.get(name);
  if (found === undefined) throw new Error(`no fixture ${name}`);
  return found;
}

/** What stands in the text where a problem points. */
function textAt(text: string, { line, column }: Problem): string {
  return (text.split('\n')[line - 1] ?? '').slice(column - 1);
}

/** The last part of a path: a key, or undefined for an item of a list. */
function lastKey(path: string): string | undefined {
  return /(?:^|\.)([\w-]+)$/.exec(path)?.[1];
}

describe('every bad config of the fixtures', () => {
  it('is one of at least sixty', () => {
    expect(names.length).toBeGreaterThanOrEqual(60);
  });

  it.each(names)('%s gives exactly the problems written beside it', (name) => {
    const expected = readFileSync(new URL(name.replace('.yaml', '.txt'), BAD), 'utf8');
    const { result } = resultOf(name);
    const lines = result.ok ? [] : result.problems.map((problem) => `${formatProblem(problem)}\n`);
    expect(lines.join('')).toBe(expected);
    expect(lines.length).toBeGreaterThan(0);
  });

  it.each(names)('%s: each problem and warning points at what it speaks of', (name) => {
    const { text, result } = resultOf(name);
    for (const problem of [...(result.ok ? [] : result.problems), ...result.warnings]) {
      const there = textAt(text, problem);
      const got = /^(?:unknown type, )?got ("(?:[^"\\]|\\.)*"|-?[\d.]+|true|a list|a map)/.exec(
        problem.message,
      )?.[1];
      const key = lastKey(problem.path);
      if (
        problem.code === 'unknown-key' ||
        problem.code === 'duplicate-key' ||
        problem.code === 'deprecated'
      ) {
        expect(there.replace(/^["']/, '').startsWith(key ?? '?')).toBe(true);
      } else if (got === 'a list') expect(there).toMatch(/^[[-]/);
      else if (got === 'a map') expect(there).toMatch(/^(?:\{|[\w"-]+ ?:)/);
      else if (got !== undefined) {
        const value = got.startsWith('"') ? String(JSON.parse(got)) : got;
        expect([value, `"${value}`, `'${value}`, got].some((start) => there.startsWith(start))).toBe(true);
      } else if (
        problem.code !== 'syntax' &&
        problem.message !== 'the document is empty; start with routetables, announcer or both'
      ) {
        expect(there).toMatch(/^\S/);
      }
    }
  });

  it('says of each problem what would be right, after what is wrong', () => {
    for (const name of names) {
      const { result } = resultOf(name);
      for (const { message } of result.ok ? [] : result.problems) expect(message).toMatch(/^\S.*; \S/);
    }
  });

  it('never shows what an environment variable holds', () => {
    for (const name of names) {
      const { result } = resultOf(name);
      expect(JSON.stringify(result)).not.toContain('hunter2');
    }
  });
});
