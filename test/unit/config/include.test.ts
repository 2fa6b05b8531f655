import { describe, expect, it } from 'vitest';
import { formatProblem, type LoadedConfig, loadConfig, neededVariables } from '../../../src/config/index.ts';
import { ENV, finder, INSTANCE, type Includable, load, readFile } from './source.ts';

const PING = '{ type: ping, destination: 10.0.0.1 }';
const group = (cidr: string, healthcheck: string) =>
  `  find: { type: main }\n    manage_routes: [{ cidr: ${cidr}, healthcheck: ${healthcheck} }]\n`;
const MAIN = `include: d/*\npoll_time: 5s\nroutetables:\n  ours:\n  ${group('10.9.9.9', 'own')}healthchecks:\n  own: ${PING}\n`;

/** A file as a service drops it. */
function dropped(name: string): string {
  return `healthchecks:\n  ${name}: ${PING}\nroutetables:\n  ${name}:\n  ${group('10.9.9.8', name)}`;
}

function told(result: LoadedConfig): readonly string[] {
  return result.ok ? [] : result.problems.map(formatProblem);
}

function problemsOf(files: Includable, main = MAIN): readonly string[] {
  return told(load(main, 'main.yaml', files));
}

function specOf(files: Includable, main = MAIN) {
  const result = load(main, 'main.yaml', files);
  expect(told(result)).toEqual([]);
  if (!result.ok) throw new Error('not loaded');
  return { spec: result.spec, warnings: result.warnings.map(formatProblem) };
}

describe('include', () => {
  it('adds the checks, remote checks, expressions and groups of each file', () => {
    const remote = `remote_healthchecks:\n  far: { type: ping }\nhealth:\n  both: [own, web]\nroutetables:\n  c:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.7, healthcheck: both, remote_healthcheck: far }]\n`;
    const { spec, warnings } = specOf({ 'd/a.yaml': dropped('web'), 'd/b.yaml': remote });
    expect(warnings).toEqual([]);
    expect(spec.checks.map(({ name }) => name)).toEqual(['own', 'web']);
    expect(spec.remoteChecks.map(({ name }) => name)).toEqual(['far']);
    expect(spec.health.map(({ name }) => name)).toEqual(['both']);
    expect(spec.tableGroups.map(({ name }) => name)).toEqual(['ours', 'web', 'c']);
    expect(spec.pollMs).toBe(5_000);
  });

  it('lets files refer to what others declare, in either direction', () => {
    const main = MAIN.replace('healthcheck: own', 'healthcheck: [own, web]');
    const other = dropped('web').replace('healthcheck: web', 'healthcheck: [own, db]');
    const { spec } = specOf({ 'd/a.yaml': other, 'd/b.yaml': dropped('db') }, main);
    expect(spec.tableGroups[1]?.routes[0]?.health).toMatchObject({ of: [{ name: 'own' }, { name: 'db' }] });
  });

  it('may be a list, and reads a file that two patterns mean once', () => {
    const main = MAIN.replace('d/*', '[e.yaml, d/*, d/a.yaml]');
    const { spec } = specOf({ 'd/a.yaml': dropped('web'), 'e.yaml': dropped('db') }, main);
    expect(spec.checks.map(({ name }) => name)).toEqual(['own', 'db', 'web']);
  });

  it('may find nothing, be empty, or find files that are', () => {
    expect(specOf({}).spec.checks.length).toBe(1);
    expect(specOf({}, MAIN.replace('d/*', '')).spec.checks.length).toBe(1);
    expect(specOf({}, MAIN.replace('d/*', '[]')).spec.checks.length).toBe(1);
    const empty = {
      'd/a': '',
      'd/b': '# all\n# commented out\n',
      'd/c': 'healthchecks:\nroutetables:\n',
      'd/d': '{}',
    };
    expect(specOf(empty)).toMatchObject({ warnings: [], spec: { checks: [{ name: 'own' }] } });
  });

  it('makes up for groups that the main file does not have', () => {
    const { spec } = specOf({ 'd/a.yaml': dropped('web') }, 'include: d/*\n');
    expect(spec.tableGroups.length).toBe(1);
    expect(problemsOf({}, 'include: d/*\n')).toEqual([
      'main.yaml:1:1 routetables: missing, and announcer too; write a map of groups by name, each with find and manage_routes, or an announcer, or both',
    ]);
  });

  it('may use the environment, and no fact of the instance', () => {
    const main = MAIN.replace('d/*', `"\${env:SECRET}/*"`);
    expect(specOf({ 'hunter2/a.yaml': dropped('web') }, main).spec.checks.length).toBe(2);
    expect(problemsOf({}, MAIN.replace('d/*', `"\${az}/*"`))).toEqual([
      `main.yaml:1:10 include: files are read before the instance is asked for \${az}; write the path, or use \${env:NAME}`,
    ]);
  });

  it('is refused where there is no way to read files', () => {
    const variables = { instance: INSTANCE, env: ENV };
    expect(told(loadConfig({ text: MAIN, file: 'main.yaml', variables, readFile }))).toEqual([
      'main.yaml:1:10 include: no file can be included here; write all into one document',
    ]);
  });

  it('warns of what the reader remarks', () => {
    const result = loadConfig({
      text: MAIN,
      file: 'main.yaml',
      variables: { env: {} },
      readFile,
      readFiles: () => [{ kind: 'remark', message: 'nothing there; put something there' }],
    });
    expect(result.warnings.map(formatProblem)).toEqual([
      'main.yaml:1:10 include: nothing there; put something there',
    ]);
    expect(result.ok).toBe(true);
  });
});

describe('what is wrong in an included file', () => {
  it('is told with its name, line and column, after what is wrong in the main file', () => {
    const main = MAIN.replace('poll_time: 5s', 'poll_time: 5 years');
    const files = {
      'd/z.yaml': `healthchecks:\n  web: { type: ping, destination: 10.0.0.1, rize: 3 }\n`,
      'd/a.yaml': `# first\n\n${dropped('db')}x: [\n`,
      'd/m.yaml': dropped('x').replace('healthcheck: x', 'healthcheck: "own "'),
    };
    expect(problemsOf(files, main)).toEqual([
      'main.yaml:2:12 poll_time: got "5 years"; write a duration such as 250ms, 5s or 1m; a number alone is seconds',
      'd/a.yaml:9:5: a list opened with "[" is not closed; write "]" at its end',
      'd/z.yaml:2:45 healthchecks.web.rize: unknown key; did you mean rise?',
    ]);
  });

  it('hides unknown names as long as a file cannot be read, and not when all can', () => {
    const main = MAIN.replace('healthcheck: own', 'healthcheck: [own, web]');
    expect(problemsOf({ 'd/a.yaml': 'healthchecks: [' }, main)).toEqual([
      'd/a.yaml:1:16: a list opened with "[" is not closed; write "]" at its end',
    ]);
    expect(problemsOf({ 'd/a.yaml': dropped('wep') }, main)).toEqual([
      'main.yaml:6:58 routetables.ours.manage_routes[0].healthcheck[1]: no check named "web"; did you mean wep?',
    ]);
    expect(
      problemsOf({ 'd/a.yaml': dropped('web').replace('healthcheck: web', 'healthcheck: wep') }),
    ).toEqual([
      'd/a.yaml:6:52 routetables.web.manage_routes[0].healthcheck: no check named "wep"; did you mean web?',
    ]);
  });

  it('is a key that belongs into the main file, or another include', () => {
    const file = `include: more/*\npoll_time: 3s\naws: {}\nadmin: {}\nhelthchecks: {}\ncolour: red\nannounce: x\n`;
    expect(problemsOf({ 'd/a.yaml': file })).toEqual([
      'd/a.yaml:1:1 include: an included file includes no other; write the pattern into main.yaml',
      'd/a.yaml:2:1 poll_time: belongs into the main file; write it into main.yaml',
      'd/a.yaml:3:1 aws: belongs into the main file; write it into main.yaml',
      'd/a.yaml:4:1 admin: belongs into the main file; write it into main.yaml',
      'd/a.yaml:5:1 helthchecks: unknown key; did you mean healthchecks?',
      'd/a.yaml:6:1 colour: unknown key; known here: healthchecks, remote_healthchecks, health, routetables, announcer',
      'd/a.yaml:7:1 announce: unknown key; did you mean announcer?',
    ]);
  });

  it('is a document that is no map', () => {
    expect(problemsOf({ 'd/a.yaml': '- a\n' })).toEqual([
      'd/a.yaml:1:1: got a list; write a map of healthchecks, remote_healthchecks, health, routetables, announcer',
    ]);
  });

  it('is a name that another file has, with the places of both', () => {
    const files = {
      'd/a.yaml': `healthchecks:\n  own: ${PING}\nremote_healthchecks:\n  far: { type: ping }\n`,
      'd/b.yaml': `remote_healthchecks:\n  far: { type: ping }\nhealth:\n  own: [own]\n  x: [own]\n`,
      'd/c.yaml': `health:\n  x: [own]\nroutetables:\n  ours:\n  ${group('10.9.9.8', 'x')}`,
    };
    const end = 'give one of the two another name';
    expect(problemsOf(files)).toEqual([
      `d/a.yaml:2:3 healthchecks.own: a check of this name is in main.yaml:8 already; ${end}`,
      `d/b.yaml:2:3 remote_healthchecks.far: a remote check of this name is in d/a.yaml:4 already; ${end}`,
      `d/b.yaml:4:3 health.own: a check has this name too, in main.yaml:8; ${end}`,
      `d/c.yaml:2:3 health.x: a health expression of this name is in d/b.yaml:5 already; ${end}`,
      `d/c.yaml:4:3 routetables.ours: a group of this name is in main.yaml:4 already; ${end}`,
    ]);
  });

  it('is a cycle through several files, told once', () => {
    const files = { 'd/a': 'health:\n  a: { not: b }\n', 'd/b': 'health:\n  b: { any: [own, a] }\n' };
    expect(problemsOf(files)).toEqual([
      'd/b:2:19 health.b.any[1]: refers back to itself: a → b → a; leave one of these names out',
    ]);
  });

  it('is told under the old spelling that it uses', () => {
    const { warnings } = specOf({ 'd/a': `healthcheck:\n  web: ${PING}\n` });
    expect(warnings).toEqual([
      'd/a:1:1 healthcheck: an old spelling; write healthchecks',
      'd/a:2:3 healthcheck.web: no route uses this check; name it in a healthcheck, or leave it out',
    ]);
  });

  it('is a file that cannot be read, told where it is included, without what follows from it', () => {
    const main = MAIN.replace('d/*', '[d/*, d/missing.yaml]').replace(
      'healthcheck: own',
      'healthcheck: lost',
    );
    expect(problemsOf({}, main)).toEqual([
      "main.yaml:1:16 include[1]: d/missing.yaml can't be read: ENOENT; mend or remove it",
    ]);
  });

  it('counts for one limit of values over all files, with what aliases stand for', () => {
    const bomb = `x: &a [${'1, '.repeat(300)}]\ny: [${'*a, '.repeat(90)}]\n`;
    const files = Object.fromEntries(['a', 'b'].map((name) => [`d/${name}`, bomb]));
    expect(problemsOf({ 'd/a': bomb }).join('\n')).not.toContain('more than 50000 values');
    expect(problemsOf(files).join('\n')).toContain('d/b:2:');
    expect(problemsOf(files).join('\n')).toContain('more than 50000 values');
  });
});

describe('variables', () => {
  it('are put into included files too', () => {
    const file = `healthchecks:\n  web: { type: ping, destination: "\${local_ipv4}" }\n`;
    expect(specOf({ 'd/a': file }).spec.checks[1]?.destination).toBe('10.0.0.10');
    expect(problemsOf({ 'd/a': file.replace('local_ipv4', 'locl_ipv4') })).toEqual([
      `d/a:2:35 healthchecks.web.destination: no variable \${locl_ipv4}; did you mean \${local_ipv4}? Write $\${ for the characters themselves`,
    ]);
  });

  it('that are needed are those of all files', () => {
    const files = { 'd/a': `a: "\${tag:role}"\n`, 'd/b': `b: "\${az} \${tag:zone}"\n`, 'd/c': 'broken: [' };
    const text = `${MAIN}x: "\${region} \${az}"\n`;
    const source = { file: 'main.yaml', text, variables: { env: {} }, readFiles: finder(files) };
    expect([...neededVariables(source)]).toEqual(['region', 'az', 'tag:role', 'tag:zone']);
  });
});
