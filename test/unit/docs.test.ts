import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/cli/command.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { loadConfig } from '../../src/config/index.ts';
import { controlRoutes } from '../../src/sandbox/control/control-routes.ts';
import { createFaults, createWorld, demoScenario, parseScenario } from '../../src/sandbox/index.ts';
import {
  blocks,
  brokenLinks,
  callsIn,
  DOCUMENTS,
  firstColumn,
  ROOT,
  read,
  section,
  unionOf,
  withoutBlocks,
} from '../support/documents.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** The EC2 actions that the code sends, wherever it makes a command of the SDK. */
function sentActions(): readonly string[] {
  const files = readdirSync(join(ROOT, 'src/aws')).filter((name) => name !== 'parameter.ts');
  const found = files.flatMap((name) => [...read(join('src/aws', name)).matchAll(/new (\w+)Command\(/g)]);
  return [...new Set(found.map((match) => match[1] ?? ''))];
}

const operations = read('docs/operations.md');
const architecture = read('docs/architecture.md');

const commands = (
  await Promise.all(
    readdirSync(join(ROOT, 'src/cli/commands')).map(
      (name): Promise<object> => import(join(ROOT, 'src/cli/commands', name)),
    ),
  )
).flatMap((module) => Object.values(module).filter(isCommand));

function isCommand(value: unknown): value is Command {
  return typeof value === 'object' && value !== null && 'about' in value && 'run' in value;
}

function optionsOf(command: Command): readonly string[] {
  const own = command.options.flatMap(({ name, short }) =>
    short ? [`--${name}`, `-${short}`] : [`--${name}`],
  );
  return [...own, '--help', '-h'];
}

describe('the documents and the command line', () => {
  it('has every command and each of its options in the table of docs/operations.md, and no other', () => {
    const told = section(operations, 'Commands');
    const rows = told.split('\n').filter((line) => line.startsWith('| `vpcast'));
    expect(rows.map((row) => /vpcast ([a-z]+)/.exec(row)?.[1]).sort()).toEqual(
      commands.map((c) => c.name).sort(),
    );
    for (const command of commands) {
      const cells = rows.find((row) => row.includes(`vpcast ${command.name}`))?.split(' | ') ?? [];
      const options = [...(cells[1] ?? '').matchAll(/--[a-z-]+/g)].map((found) => found[0]);
      expect(options.sort(), command.name).toEqual(command.options.map(({ name }) => `--${name}`).sort());
      for (const { short } of command.options) if (short) expect(told).toContain(`\`-${short}\``);
    }
  });

  it('has every command in the README', () => {
    const told = firstColumn(section(read('README.md'), 'Commands'));
    const names = commands.map(({ name, operands }) => `vpcast ${name} ${operands}`.trim());
    expect(told).toEqual(names.sort());
  });

  it('names no command or option that does not exist', () => {
    const wrong = DOCUMENTS.flatMap((document) =>
      callsIn(read(document)).flatMap(({ command, options }) => {
        if (['COMMAND', '--version'].includes(command)) return [];
        const known = commands.find(({ name }) => name === command);
        if (known === undefined) return [`${document}: vpcast ${command}`];
        const unknown = options.filter((option) => !optionsOf(known).includes(option));
        return unknown.map((option) => `${document}: vpcast ${command} ${option}`);
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('tells every exit code, and no other', () => {
    const codes = Object.values(EXIT).map(String).sort();
    expect(firstColumn(section(operations, 'Exit codes'))).toEqual(codes);
  });
});

describe('docs/operations.md', () => {
  it.each([
    ['Why a route is left alone', 'src/core/action.ts', 'HoldReason'],
    ['Why a route is changed', 'src/core/action.ts', 'ChangeReason'],
    ['Why a probe failed', 'src/checks/probe.ts', 'ProbeReason'],
    ['Drain', 'src/agent/spec.ts', 'DrainSignal'],
    ['Why a prefix is announced or not', 'src/core/announce.ts', 'AnnounceReason'],
    ['States of a session', 'src/bgp/status.ts', 'SessionState'],
    ['Why a session ended', 'src/bgp/status.ts', 'SessionEndReason'],
  ])('tells under "%s" every code that there is, and no other', (heading, path, name) => {
    expect(firstColumn(section(operations, heading))).toEqual(unionOf(path, name));
  });

  it('tells every event of the log, and no other', () => {
    const told = ['src/agent/events.ts', 'src/announce/events.ts'].flatMap((path) =>
      [...read(path).matchAll(/readonly type: '([^']+)'/g)].map((found) => found[1]),
    );
    const events = [...new Set(told)];
    const others = ['src/cli/logging.ts', 'src/cli/ping-methods.ts', 'src/telemetry/certificate-watch.ts'];
    const ofCli = others.flatMap((path) =>
      [...read(path).matchAll(/event: '([^']+)'/g)].map((found) => found[1]),
    );
    expect(events.length).toBeGreaterThan(20);
    expect(ofCli.length).toBe(3);
    expect(firstColumn(section(operations, 'Logs'))).toEqual([...events, ...ofCli].sort());
  });

  it('tells every VPCAST_ variable that the code knows, and no other', () => {
    const inCode = ['src/agent', 'src/cli'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .flatMap((name) =>
          [...read(join(folder, name)).matchAll(/\bVPCAST_[A-Z_]+/g)].map((found) => found[0]),
        ),
    );
    const known = new Set(inCode.filter((name) => name !== 'VPCAST_VERSION'));
    const told = new Set([...operations.matchAll(/\bVPCAST_[A-Z_]+/g)].map((found) => found[0]));
    expect([...told].sort()).toEqual([...known].sort());
  });

  it('asks for the permissions that the code has a use for', () => {
    const actions = sentActions().map((action) => `ec2:${action}`);
    const told = firstColumn(section(operations, 'Permissions')).filter((name) => name.startsWith('ec2:'));
    expect(told).toEqual([...actions].sort());
    const [policy = ''] = blocks(read('README.md'), 'json');
    const granted = [...JSON.stringify(JSON.parse(policy)).matchAll(/ec2:[A-Z]\w+/g)].map(
      (found) => found[0],
    );
    const optional = 'ec2:ModifyNetworkInterfaceAttribute';
    expect(granted.sort()).toEqual(actions.filter((action) => action !== optional).sort());
  });
});

describe('docs/architecture.md', () => {
  it('has every reason in its decision table, and no other', () => {
    const told = section(architecture, 'The decision table');
    const rows = [...told.matchAll(/^\| \d+ \|.*\| `([^`]+)` \|$/gm)].map((found) => found[1] ?? '');
    const reasons = ['HoldReason', 'ChangeReason'].flatMap((name) => unionOf('src/core/action.ts', name));
    expect([...new Set([...rows, 'no-interface'])].sort()).toEqual([...reasons].sort());
  });

  it('has every folder of src', () => {
    const names = readdirSync(join(ROOT, 'src'));
    const told = firstColumn(section(architecture, 'Folders'));
    expect(told.filter((name) => name.startsWith('src/'))).toEqual(names.map((name) => `src/${name}`).sort());
    const importers = told.filter((name) => !name.startsWith('src/'));
    expect(importers).toEqual([...names].sort());
  });
});

describe('docs/sandbox.md', () => {
  const sandbox = read('docs/sandbox.md');

  it('has every path of the control API, and no other', () => {
    const clock = new FakeClock();
    const world = createWorld(demoScenario(), { clock, random: () => 0.5 });
    const faults = createFaults({ clock, random: () => 0.5 });
    const parts = { world, faults, clock, imds: () => undefined, onEvent: () => {}, panels: () => [] };
    const routes = controlRoutes(parts);
    world.close();
    const told = [...section(sandbox, 'Control API').matchAll(/^\| ([A-Z]+) \| `([^`]+)` \|/gm)];
    expect(told.map((row) => `${row[1]} ${row[2]}`).sort()).toEqual(
      routes.map(({ method, path }) => `${method} ${path}`).sort(),
    );
  });

  it('has every kind of fault, and a scenario that can be built', () => {
    const source =
      /export type FaultEffect =[\s\S]*?\n\nexport/.exec(read('src/sandbox/faults.ts'))?.[0] ?? '';
    const kinds = [...source.matchAll(/readonly kind: '([^']+)'/g)].map((found) => found[1]);
    expect(firstColumn(section(sandbox, 'Faults'))).toEqual(['kind', ...kinds].sort());
    const [scenario = ''] = blocks(sandbox, 'json');
    expect(parseScenario(JSON.parse(scenario))).toMatchObject({ ok: true });
  });
});

describe('all documents', () => {
  it('have links that lead somewhere', () => {
    expect(DOCUMENTS.length).toBeGreaterThan(10);
    expect(DOCUMENTS.flatMap(brokenLinks)).toEqual([]);
  });

  it('show configurations that load', () => {
    const variables = { instance: 'placeholder', env: {} } as const;
    const shown = DOCUMENTS.flatMap((file) => blocks(read(file), 'yaml').map((text) => ({ file, text })));
    const isWhole = (text: string): boolean => /^routetables:|^ {2}peers:/m.test(text) && !text.includes('…');
    const whole = shown.filter(({ text }) => isWhole(text));
    expect(whole.length).toBeGreaterThan(5);
    for (const { file, text } of whole) {
      const result = loadConfig({ text, file, variables, readFile: () => 'stood in for' });
      expect(result).toMatchObject({ ok: true });
    }
  });

  it('name files and folders of this repository that exist', () => {
    const missing = DOCUMENTS.flatMap((document) => {
      const named = withoutBlocks(read(document)).matchAll(/`((?:src|test|docs|scripts|demo)\/[\w./-]+)`/g);
      const paths = [...named].map((found) => found[1] ?? '').filter((path) => !path.includes('NAME'));
      return paths.filter((path) => !existsSync(join(ROOT, path))).map((path) => `${document}: ${path}`);
    });
    expect(missing).toEqual([]);
  });

  it('leave the README short', () => {
    expect(read('README.md').split('\n').length - 1).toBeLessThanOrEqual(250);
  });
});
