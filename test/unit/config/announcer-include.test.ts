import { describe, expect, it } from 'vitest';
import { formatProblem, type LoadedConfig } from '../../../src/config/index.ts';
import { type Includable, load } from './source.ts';

const MAIN =
  'include: d/*\nannouncer:\n  local_asn: 65999\n  local_address: 10.0.0.1\n  peers: [{ remote_address: 10.0.0.252, remote_asn: 65000 }]\n';

function told(result: LoadedConfig): readonly string[] {
  return [...(result.ok ? [] : result.problems), ...result.warnings].map(formatProblem);
}

function prefixes(files: Includable, main = MAIN): readonly string[] {
  const result = load(main, 'main.yaml', files);
  expect(told(result)).toEqual([]);
  return result.ok ? (result.spec.announcer?.routes ?? []).map((route) => route.prefix) : [];
}

function said(files: Includable, main = MAIN): readonly string[] {
  return told(load(main, 'main.yaml', files));
}

/** A file as a service drops it. */
function dropped(prefix: string): string {
  const check = `c${prefix.replaceAll('.', '-')}`;
  return `healthchecks:\n  ${check}: { type: tcp, destination: 127.0.0.1, port: 53 }\nannouncer:\n  routes:\n    - { prefix: ${prefix}, healthcheck: ${check} }\n`;
}

describe('prefixes of included files', () => {
  it('come after those of the main file, in the order of the files', () => {
    const main = `${MAIN}  routes: [{ prefix: 10.0.0.130 }]\n`;
    const files = { 'd/a': dropped('10.0.0.128'), 'd/b': dropped('10.0.0.129') };
    expect(prefixes(files, main)).toEqual(['10.0.0.130/32', '10.0.0.128/32', '10.0.0.129/32']);
    expect(prefixes(files)).toEqual(['10.0.0.128/32', '10.0.0.129/32']);
    expect(prefixes(files, `${MAIN}  routes:\n`)).toEqual(['10.0.0.128/32', '10.0.0.129/32']);
    expect(prefixes(files, `${MAIN}  routes: []\n`)).toEqual(['10.0.0.128/32', '10.0.0.129/32']);
  });

  it('may be one prefix in two files, announced while either passes', () => {
    const files = { 'd/a': dropped('10.0.0.128'), 'd/b': dropped('10.0.0.128').replaceAll('c10', 'x10') };
    expect(prefixes(files)).toEqual(['10.0.0.128/32', '10.0.0.128/32']);
  });

  it('may be none as yet, with a warning', () => {
    const hint = 'no file has any prefix to announce; write them there or here';
    expect(said({})).toEqual([`main.yaml:2:1 announcer.routes: ${hint}`]);
    expect(said({ 'd/a': 'announcer:\n', 'd/b': 'announcer: { routes: }\n' })).toEqual([
      `main.yaml:2:1 announcer.routes: ${hint}`,
    ]);
    expect(load(MAIN, 'main.yaml', {}).ok).toBe(true);
  });

  it('are missed where nothing is included', () => {
    const hint = 'write a list of prefixes, such as [{prefix: 10.0.0.128/32, healthcheck: dns}]';
    const alone = MAIN.replace('include: d/*\n', '');
    expect(said({}, alone)).toEqual([`main.yaml:1:1 announcer.routes: missing; ${hint}`]);
    expect(said({}, `${alone}  routes: []\n`)).toEqual([
      `main.yaml:5:11 announcer.routes: got an empty list; ${hint}`,
    ]);
  });
});

describe('what is wrong with the announcer of an included file', () => {
  it('is told with its file, line and column', () => {
    const file = 'announcer:\n  routes:\n    - { prefix: 10.0.0.128/99, healthcheck: dns }\n';
    expect(said({ 'd/a': file, 'd/b': dropped('10.0.0.129') })).toEqual([
      'd/a:3:17 announcer.routes[0].prefix: got "10.0.0.128/99"; write a prefix such as 10.0.0.128/32 or 2001:db8::53/128, or one address',
      'd/a:3:45 announcer.routes[0].healthcheck: no check named "dns"; write one of those under healthchecks, or add it there',
    ]);
  });

  it('is any key but routes, with where it belongs', () => {
    const file = 'announcer:\n  local_asn: 5\n  peers: []\n  rutes: []\n  routes: [{ prefix: 10.0.0.128 }]\n';
    expect(said({ 'd/a': file })).toEqual([
      'd/a:2:3 announcer.local_asn: belongs into the main file; write it into main.yaml, under announcer',
      'd/a:3:3 announcer.peers: belongs into the main file; write it into main.yaml, under announcer',
      'd/a:4:3 announcer.rutes: unknown key; did you mean routes?',
    ]);
  });

  it('is that the main file has none, beside what else is wrong in it', () => {
    const main = 'include: d/*\n';
    expect(said({ 'd/a': `${dropped('10.0.0.128')}    - { prefix: x }\n` }, main)).toEqual([
      'd/a:3:1 announcer: main.yaml has no announcer; write one there, with local_asn and peers',
      'd/a:6:17 announcer.routes[1].prefix: got "x"; write a prefix such as 10.0.0.128/32 or 2001:db8::53/128, or one address',
    ]);
  });

  it('is told of its list or map', () => {
    expect(said({ 'd/a': 'announcer: [10.0.0.128]\n' })).toEqual([
      'd/a:1:12 announcer: got a list; write a map of routes',
      'main.yaml:2:1 announcer.routes: no file has any prefix to announce; write them there or here',
    ]);
    expect(said({ 'd/a': 'announcer: { routes: 10.0.0.128 }\n' })).toEqual([
      'd/a:1:22 announcer.routes: got "10.0.0.128"; write a list of prefixes, such as [{prefix: 10.0.0.128/32, healthcheck: dns}]',
    ]);
  });

  it('hides what may stand in a file that can’t be read', () => {
    const main = MAIN.replace('d/*', 'd/missing');
    expect(said({}, main)).toEqual([
      "main.yaml:1:10 include: d/missing can't be read: ENOENT; mend or remove it",
    ]);
  });
});

describe('a check', () => {
  it('has a use where only a prefix names it, also by an expression', () => {
    const file =
      'healthchecks:\n  a: { type: ping, destination: h }\n  b: { type: ping, destination: h }\n  c: { type: ping, destination: h }\n' +
      'health:\n  both: [a, b]\n  idle: [a]\nannouncer:\n  routes: [{ prefix: 10.0.0.128, healthcheck: { not: both } }]\n';
    const use = 'name it in a healthcheck, or leave it out';
    expect(said({ 'd/a': file })).toEqual([
      `d/a:4:3 healthchecks.c: no route uses this check; ${use}`,
      `d/a:7:3 health.idle: no route uses this expression; ${use}`,
    ]);
  });
});
