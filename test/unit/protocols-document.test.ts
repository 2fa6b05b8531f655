import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, read } from '../support/documents.ts';

const protocols = read('docs/protocols.md');

/** Rows of tables that say where something is: section or RFC, what, code, test. */
const ROWS = protocols
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('`src/'))
  .map((line) => line.slice(2, -2).split(' | '))
  .filter((cells) => cells.length === 4)
  .map(([section = '', what = '', code = '', test = '']) => ({ section, what, code, test }));

/** What stands in code in a cell. */
function spans(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((found) => found[1] ?? '');
}

/** A function, method, class, type or constant of this name. */
function isDefined(name: string, source: string): boolean {
  const declaration = new RegExp(
    `^(?:export )?(?:async )?(?:function|class|const|type|interface) ${name}\\b`,
    'm',
  );
  const method = new RegExp(`^  (?:async )?${name}\\(`, 'm');
  return declaration.test(source) || method.test(source);
}

describe('docs/protocols.md', () => {
  it('names functions that there are', () => {
    const named = ROWS.flatMap(({ code }) => spans(code));
    expect(named.length).toBeGreaterThan(60);
    const wrong = named.filter((span) => {
      const [path = '', name = ''] = span.split(':');
      const isFile = path.startsWith('src/') && existsSync(join(ROOT, path));
      return name === '' || !isFile || !isDefined(name, read(path));
    });
    expect(wrong).toEqual([]);
  });

  it('names tests that there are, at least one for each row', () => {
    const without = ROWS.filter(({ test }) => spans(test).length === 0).map(
      ({ section, what }) => `${section} ${what}`,
    );
    expect(without).toEqual([]);
    const missing = ROWS.flatMap(({ test }) => spans(test)).filter((path) => {
      return !/^test\/.*\.test\.ts$/.test(path) || !existsSync(join(ROOT, path));
    });
    expect(missing).toEqual([]);
  });

  it('has every RFC that the code of BGP speaks of', () => {
    const files = readdirSync(join(ROOT, 'src/bgp')).map((name) => read(join('src/bgp', name)));
    const cited = new Set(
      files.flatMap((text) => [...text.matchAll(/RFC (\d{4})/g)].map((found) => found[1] ?? '')),
    );
    expect(cited.size).toBeGreaterThan(20);
    const told = new Set([...protocols.matchAll(/\b(\d{4})\b/g)].map((found) => found[1]));
    expect([...cited].filter((rfc) => !told.has(rfc))).toEqual([]);
  });
});
