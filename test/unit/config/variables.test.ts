import { describe, expect, it } from 'vitest';
import { formatProblem, loadConfig, neededVariables } from '../../../src/config/index.ts';
import { INSTANCE, load, loaded, problems, readFile } from './source.ts';

function tagged(value: string): string {
  return `routetables:\n  a:\n    find: { type: by_tag, key: k, value: ${value} }\n    manage_routes: [{ cidr: 10.9.9.9 }]\n`;
}

function tagValue(value: string): unknown {
  const { spec } = loaded(tagged(value));
  return spec.tableGroups[0]?.find;
}

/** Plain values may hold a variable too, outside of braces and brackets. */
function plainTagValue(value: string): unknown {
  const find = `find:\n      type: by_tag\n      key: k\n      value: ${value}\n`;
  const text = tagged('x').replace(/find: .*\n/, find);
  return loaded(text).spec.tableGroups[0]?.find;
}

describe('variables', () => {
  it.each([
    ['instance_id', 'i-0a1b2c3d4e5f60718'],
    ['az', 'eu-west-1a'],
    ['region', 'eu-west-1'],
    ['vpc_id', 'vpc-0a'],
    ['subnet_id', 'subnet-0a'],
    ['local_ipv4', '10.0.0.10'],
    ['tag:role', 'nat'],
    ['env:SECRET', 'hunter2'],
  ])(`\${%s} stands for %s`, (name, value) => {
    expect(tagValue(`"\${${name}}"`)).toMatchObject({ value });
  });

  it('are put in anywhere in a value, more than once, quoted or not', () => {
    expect(tagValue(`"x-\${az}-\${region}-y"`)).toMatchObject({ value: 'x-eu-west-1a-eu-west-1-y' });
  });

  it('need quotes within braces, and a problem says so', () => {
    expect(problems(tagged(`\${az}`))).toEqual([
      'config.yaml:3:43: a variable within braces or brackets; put the value in quotes',
    ]);
    expect(plainTagValue(`\${az}`)).toMatchObject({ value: 'eu-west-1a' });
  });

  it('are left alone after a double dollar', () => {
    expect(tagValue(`"$\${az} $5 $ {az} \${az}"`)).toMatchObject({ value: `\${az} $5 $ {az} eu-west-1a` });
  });

  it('are not looked for in what another variable holds', () => {
    const text = tagged(`"\${tag:role}"`);
    const instance = { ...INSTANCE, tags: { role: `\${az}` } };
    const result = loadConfig({ text, file: 'f', variables: { instance, env: {} }, readFile });
    expect(result.ok && result.spec.tableGroups[0]?.find).toMatchObject({ value: `\${az}` });
  });

  it('cannot change the structure: a value is only ever text', () => {
    expect(tagValue(`"\${env:EVIL}"`)).toMatchObject({ value: 'true, type: main', not: false });
  });

  it('may stand for numbers and booleans', () => {
    const text = `poll_time: \${env:POLL}\nmanage_source_dest_check: "\${env:MANAGE}"\n${tagged('x')}`;
    const env = { POLL: '30', MANAGE: 'true' };
    const result = loadConfig({ text, file: 'f', variables: { instance: INSTANCE, env }, readFile });
    expect(result.ok && [result.spec.pollMs, result.spec.manageSourceDestCheck]).toEqual([30_000, true]);
    expect(result.warnings).toEqual([]);
  });

  it('are not put into keys', () => {
    expect(problems(`"\${az}": 1\n${tagged('x')}`)[0]).toMatch(
      /^config.yaml:1:1 \["\$\{az\}"\]: unknown key;/,
    );
  });

  it('of an object’s own machinery do not exist', () => {
    expect(problems(tagged(`"\${constructor}"`))[0]).toContain(`no variable \${constructor}`);
    expect(problems(tagged(`"\${tag:constructor}"`))[0]).toContain('the instance shows no such tag');
    expect(problems(tagged(`"\${env:toString}"`))[0]).toContain('is not set');
  });

  it('of the instance are an error where no instance is known', () => {
    const result = loadConfig({ text: tagged(`"\${az}"`), file: 'f', variables: { env: {} }, readFile });
    expect(result.ok ? [] : result.problems.map(formatProblem)).toEqual([
      `f:3:42 routetables.a.find.value: \${az} is not known here; run on the instance, where its metadata can be read`,
    ]);
  });
});

describe('placeholders', () => {
  const load = (text: string) =>
    loadConfig({ text, file: 'f', variables: { instance: 'placeholder', env: {} }, readFile });

  it('stand in for every fact of an instance', () => {
    const text = tagged(
      `"\${instance_id} \${az} \${region} \${vpc_id} \${subnet_id} \${local_ipv4} \${tag:x}"`,
    );
    expect(load(text)).toMatchObject({ ok: true, warnings: [] });
  });

  it('for a tag, where its value has a form, give a warning and no problem', () => {
    const result = load(tagged('x').replace('10.9.9.9', `"\${tag:service_ip}"`));
    expect(result.ok).toBe(true);
    expect(result.warnings.map(formatProblem)).toEqual([
      'f:4:29 routetables.a.manage_routes[0].cidr: depends on a tag of the instance; it can be checked only there',
    ]);
  });

  it('do not stand in for an unknown name or an unset environment variable', () => {
    expect(load(tagged(`"\${zone}"`)).ok).toBe(false);
    expect(load(tagged(`"\${env:UNSET}"`)).ok).toBe(false);
  });
});

describe('neededVariables', () => {
  const needed = (text: string) => [...neededVariables({ file: 'f', text, variables: { env: {} } })];

  it('names the facts of the instance that values use, each once', () => {
    const text = `# \${vpc_id}\n"\${subnet_id}": 1\na: "\${az} \${tag:role} \${az}"\nb: ["\${local_ipv4}", {c: "\${region}"}]\n`;
    expect(needed(text)).toEqual(['az', 'tag:role', 'local_ipv4', 'region']);
  });

  it('leaves out the environment, escapes, and names that do not exist', () => {
    expect(needed(`a: "\${env:HOME} $\${az} \${zone} \${tag:}"`)).toEqual([]);
  });

  it('is empty for a text that cannot be read', () => {
    expect(needed('a: [')).toEqual([]);
    expect(needed('')).toEqual([]);
  });
});

it('a problem with a variable is told once, without problems that follow from it', () => {
  expect(problems(tagged('x').replace('10.9.9.9', `"\${zone}"`))).toHaveLength(1);
  expect(load(tagged('x')).ok).toBe(true);
});
