import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { jsonSchema, loadConfig, neededVariables } from '../../../src/config/index.ts';
import { loaded, readFile } from './source.ts';

const ROOT = new URL('../../../', import.meta.url);
const EXAMPLE = readFileSync(new URL('config.example.yaml', ROOT), 'utf8');
const REFERENCE = readFileSync(new URL('docs/configuration.md', ROOT), 'utf8');

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly description?: string;
  readonly default?: unknown;
  readonly $ref?: string;
  readonly allOf?: readonly SchemaNode[];
}

/** Every key of the schema, with its node, wherever it stands. */
function keysOf(node: unknown): readonly (readonly [string, SchemaNode])[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = Object.entries((node as SchemaNode).properties ?? {});
  return [...own, ...Object.values(node).flatMap(keysOf)];
}

const keys = keysOf(jsonSchema());

describe('config.example.yaml', () => {
  it('loads on an instance and off it, without a problem or a warning', () => {
    expect(loaded(EXAMPLE).warnings).toEqual([]);
    const elsewhere = { instance: 'placeholder', env: {} } as const;
    const result = loadConfig({ text: EXAMPLE, file: 'config.example.yaml', variables: elsewhere, readFile });
    expect(result).toMatchObject({ ok: true, warnings: [] });
  });

  it('asks the instance only for its zone', () => {
    expect([...neededVariables({ file: 'f', text: EXAMPLE, variables: { env: {} } })]).toEqual(['az']);
  });

  it('has the shape that the JSON Schema describes', () => {
    const schema = z.fromJSONSchema(jsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    expect(schema.safeParse(parse(EXAMPLE)).error?.issues).toBeUndefined();
    expect(schema.safeParse({ ...parse(EXAMPLE), poll_tme: 5 }).success).toBe(false);
  });
});

describe('the JSON Schema', () => {
  it('is the same each time, and plain JSON', () => {
    expect(JSON.parse(JSON.stringify(jsonSchema()))).toEqual(jsonSchema());
  });

  it('describes every key', () => {
    const structural = new Set(['type', 'config', 'filters']);
    const bare = keys.filter(([key, node]) => node.description === undefined && !structural.has(key));
    expect(bare.map(([key]) => key)).toEqual([]);
    expect(keys.length).toBeGreaterThan(100);
  });

  it('takes durations as text and as numbers', () => {
    expect(keys.find(([key]) => key === 'poll_time')?.[1]).toMatchObject({
      type: ['string', 'number'],
      default: '40s',
    });
  });
});

describe('docs/configuration.md', () => {
  it('names every key of the schema', () => {
    const missing = [...new Set(keys.map(([key]) => key))].filter((key) => !REFERENCE.includes(`\`${key}\``));
    expect(missing).toEqual([]);
  });

  it('gives the default of every key that has one', () => {
    const rows = REFERENCE.split('\n').filter((line) => line.startsWith('| `'));
    const wrong = keys.filter(([key, node]) => {
      if (node.default === undefined) return false;
      const { default: value } = node;
      const shown = `\`${Array.isArray(value) ? `[${value.join(', ')}]` : String(value)}\``;
      return !rows.some((row) => row.startsWith(`| \`${key}\` |`) && row.includes(shown));
    });
    expect([...new Set(wrong.map(([key]) => key))]).toEqual(['tries_interval']);
  });

  it('has only YAML that loads', () => {
    const blocks = [...REFERENCE.matchAll(/^```yaml\n(.*?)^```/gms)].map((match) => match[1] ?? '');
    const whole = blocks.filter((block) => /^routetables:/m.test(block));
    expect(whole.length).toBeGreaterThan(2);
    for (const block of whole) loaded(block);
    const announcing = blocks.filter((block) => /^announcer:[\s\S]*^ {2}local_asn:/m.test(block));
    expect(announcing.length).toBeGreaterThan(3);
    for (const block of announcing) expect(loaded(block).warnings).toEqual([]);
    for (const block of blocks) expect(() => parse(block)).not.toThrow();
  });
});
