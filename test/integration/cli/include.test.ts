import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { includeReader } from '../../../src/cli/include-files.ts';
import { demoScenario, startSandbox } from '../../../src/sandbox/index.ts';
import { endAll, runCli, startCli } from '../../support/cli.ts';

let folder: string;
let main: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-test-'));
  main = join(folder, 'vpcast.yaml');
  mkdirSync(join(folder, 'd'));
});

afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true });
});

/** Writes a file into the folder of included files; gives its path. */
function drop(name: string, text = ''): string {
  const path = join(folder, 'd', name);
  writeFileSync(path, text);
  return path;
}

/** What a pattern comes to: texts of files, and sentences about the rest. */
function found(pattern: string, of: { readonly main?: string } = { main }): readonly string[] {
  return includeReader(of.main)(pattern).map((each) =>
    each.kind === 'file' ? each.text : `${each.kind}: ${each.message}`,
  );
}

describe('the files that include means', () => {
  it('are those that fit, sorted by name, without hidden ones and what editors and packages leave', () => {
    for (const name of ['b.yaml', 'a.yaml', '10.yaml', 'Z.yaml']) drop(name, name);
    for (const name of ['.x.yaml', 'a.yaml~', 'a.yaml.bak', 'a.yaml.rpmsave', 'a.yaml.dpkg-old', '#a.yaml#'])
      drop(name);
    expect(found('d/*.yaml')).toEqual(['10.yaml', 'Z.yaml', 'a.yaml', 'b.yaml']);
    expect(found(join(folder, 'd/[ab].yaml'), {})).toEqual(['a.yaml', 'b.yaml']);
    expect(found('d/?.yaml')).toEqual(['Z.yaml', 'a.yaml', 'b.yaml']);
    expect(found('./d/../d/a.yaml')).toEqual(['a.yaml']);
  });

  it('are named as the main file is', () => {
    const path = drop('a.yaml');
    expect(includeReader(main)('d/*.yaml')).toEqual([{ kind: 'file', file: path, text: '' }]);
    const relative = includeReader('conf/vpcast.yaml')('d/*.yaml');
    expect(relative).toEqual([
      {
        kind: 'remark',
        message: 'there is no folder conf/d, so nothing is included; make it, or leave the pattern out',
      },
    ]);
  });

  it('may be links, and are none where nothing fits', () => {
    symlinkSync(drop('real', 'text'), join(folder, 'd/link.yaml'));
    expect(found('d/*.yaml')).toEqual(['text']);
    expect(found('d/*.yml')).toEqual([]);
  });

  it('are the same when asked for again, and others for another reader', () => {
    const reader = includeReader(main);
    drop('a.yaml');
    expect(reader('d/*').length).toBe(1);
    drop('b.yaml');
    expect(reader('d/*').length).toBe(1);
    expect(includeReader(main)('d/*').length).toBe(2);
  });

  it('are told of where they cannot be read', () => {
    symlinkSync('loop.yaml', join(folder, 'd/loop.yaml'));
    symlinkSync('nowhere', join(folder, 'd/dangling.yaml'));
    drop('a.yaml', 'fine');
    const file = join(folder, 'd/a.yaml');
    expect(found('d/*.yaml')).toEqual([
      'fine',
      expect.stringMatching(/^fault: \S+d\/dangling\.yaml can't be read: ENOENT: .*; mend or remove it$/),
      expect.stringMatching(/^fault: \S+d\/loop\.yaml can't be read: ELOOP: .*; mend or remove it$/),
    ]);
    expect(found('d/missing.yaml')).toEqual([expect.stringMatching(/missing\.yaml can't be read: ENOENT/)]);
    expect(found(`${file}/*.yaml`)).toEqual([
      expect.stringMatching(/^fault: \S+a\.yaml can't be read: ENOTDIR/),
    ]);
    expect(found('d/\0')).toEqual([expect.stringMatching(/^fault: .* can't be read: /)]);
    expect(found('')).toEqual([
      expect.stringMatching(/^fault: \S+ is a folder; write a pattern such as \S+\*\.yaml$/),
    ]);
  });

  it('are no folders, pipes or sockets', () => {
    mkdirSync(join(folder, 'd/sub.yaml'));
    spawnSync('mkfifo', [join(folder, 'd/pipe.yaml')]);
    expect(found('d/*.yaml')).toEqual([
      expect.stringMatching(/^fault: \S+pipe\.yaml is no regular file; mend or remove it$/),
      expect.stringMatching(
        /^fault: \S+sub\.yaml is a folder; write a pattern such as \S+sub\.yaml\/\*\.yaml$/,
      ),
    ]);
    expect(found('d')).toEqual([
      expect.stringMatching(/d is a folder; write a pattern such as \S+d\/\*\.yaml$/),
    ]);
    expect(found('d/')).toEqual([expect.stringMatching(/d\/ is a folder; write a pattern/)]);
  });

  it('are not the main file', () => {
    writeFileSync(main, 'include: "*.yaml"\n');
    expect(found('*.yaml')).toEqual([
      `fault: ${main} is the main file itself; keep included files in a folder of their own`,
    ]);
  });

  it('need a path from / on where the main document lies in no folder', () => {
    expect(found('d/*.yaml', {})).toEqual([
      'fault: d/*.yaml is relative, and the main document lies in no folder; write a path from / on',
    ]);
  });

  it('have wildcards in their last part only', () => {
    expect(found('*/a.yaml')).toEqual([
      'fault: */a.yaml has wildcards in the name of a folder; write them in its last part only',
    ]);
  });

  it('are neither very many nor very large', () => {
    for (const name of ['a', 'b']) drop(name, '#'.repeat(2 * 1024 * 1024));
    drop('c', '#');
    const texts = found('d/*').map((text) => text.replace(/^#+$/, 'text'));
    expect(texts).toEqual([
      'text',
      'text',
      expect.stringMatching(
        /^fault: with \S+d\/c the included files have more than 4194304 bytes; write smaller ones$/,
      ),
    ]);
    for (let number = 0; number < 1_000; number += 1) drop(`${number}.yaml`);
    expect(found('d/*')).toEqual([expect.stringMatching(/d\/\* means 1003 files; include at most 1000$/)]);
  });
});

const PING = '{ type: ping, destination: 127.0.0.1 }';
const GROUPS =
  'routetables:\n  main:\n    find: { type: main }\n    manage_routes: [{ cidr: 192.168.1.1/32 }]\n';

describe('a configuration that includes files', () => {
  it('is validated with them', async () => {
    writeFileSync(main, `include: d/*.yaml\n${GROUPS}`);
    drop('a.yaml', `healthchecks:\n  web: ${PING}\nhealth:\n  not_web: { not: web }\n`);
    const good = await runCli(['validate', main]);
    expect([good.code, good.stdout]).toEqual([
      0,
      `${main}: good: 1 checks, 0 remote checks, 1 groups of route tables, 1 managed routes\n`,
    ]);
    expect(good.stderr).toBe(
      `warning: ${folder}/d/a.yaml:4:3 health.not_web: no route uses this expression; name it in a healthcheck, or leave it out\n`,
    );
    drop('b.yaml', `healthchecks:\n  db: { type: ping, destination: 127.0.0.1, rize: 3 }\npoll_time: 3s\n`);
    const bad = await runCli(['validate', main]);
    expect([bad.code, bad.stdout]).toEqual([78, '']);
    expect(bad.stderr).toBe(
      `${folder}/d/b.yaml:2:45 healthchecks.db.rize: unknown key; did you mean rise?\n` +
        `${folder}/d/b.yaml:3:1 poll_time: belongs into the main file; write it into ${main}\n`,
    );
  });

  it('may come from standard input, then with absolute paths only', async () => {
    drop('a.yaml', `healthchecks:\n  web: ${PING}\n`);
    const absolute = `include: ${folder}/d/*.yaml\n${GROUPS.replace('}]', ', healthcheck: web }]')}`;
    expect(await runCli(['validate', '-'], {}, absolute)).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await runCli(['validate', '-'], {}, `include: d/*.yaml\n${GROUPS}`);
    expect([code, stderr]).toEqual([
      78,
      'stdin:1:10 include: d/*.yaml is relative, and the main document lies in no folder; write a path from / on\n',
    ]);
  });
});

describe('vpcast run and plan', () => {
  it('read included files anew at SIGHUP, tags in them too, and change nothing when one is bad', async () => {
    const sandbox = await startSandbox({ scenario: demoScenario({ azs: 1 }) });
    const service = createServer((socket) => socket.on('error', () => {}).end());
    await new Promise<void>((ready) => service.listen(0, '127.0.0.1', ready));
    const { port } = service.address() as { port: number };
    const env = {
      HOME: folder,
      AWS_ENDPOINT_URL_EC2: sandbox.url,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: sandbox.imdsUrl('i-0a00000000000000a'),
      VPCAST_CONFIG: main,
    };
    /** A group with one route, whose hook has a tag of the instance in it. */
    const dropped = (name: string, cidr: string) =>
      `health:\n  ${name}_up: [web]\nroutetables:\n  ${name}:\n    find: { type: by_tag, key: az, value: "\${az}" }\n` +
      `    manage_routes:\n      - cidr: ${cidr}\n        healthcheck: ${name}_up\n` +
      `        run_before_add_route: [sh, -c, 'echo "$1" > ${folder}/tag', sh, "\${tag:Name}"]\n`;
    try {
      const web = `{ type: tcp, destination: 127.0.0.1, port: ${port}, rise: 1, every: 100ms }`;
      writeFileSync(main, `include: d/*.yaml\nhealthchecks:\n  web: ${web}\n`);
      drop('a.yaml', dropped('a', '192.168.1.1'));
      const agent = startCli(['run', '--log-format', 'json'], env);
      const isRouted = (destination: string) => (event: Readonly<Record<string, unknown>>) =>
        event.event === 'route-changed' && String(event.key).endsWith(` ${destination}/32`);
      await agent.event(isRouted('192.168.1.1'));
      expect(readFileSync(join(folder, 'tag'), 'utf8')).toBe('node-a\n');
      const bad = drop('b.yaml', dropped('b', '192.168.1.2').replace('by_tag', 'by_tagg'));
      agent.child.kill('SIGHUP');
      const refused = await agent.event((event) => event.event === 'reload-refused');
      expect(refused.why).toBe(
        `${bad}:5:19 routetables.b.find.type: unknown type, got "by_tagg"; did you mean by_tag?`,
      );
      const plan = await runCli(['plan'], env);
      expect([plan.code, plan.stdout]).toEqual([78, '']);
      expect(plan.stderr).toContain(`${bad}:5:19 `);
      drop('b.yaml', dropped('b', '192.168.1.2'));
      agent.child.kill('SIGHUP');
      await agent.event(isRouted('192.168.1.2'));
      agent.child.kill('SIGTERM');
      const { code, stderr } = await agent.done;
      expect([code, stderr]).toEqual([0, '']);
      expect(sandbox.journal().every((entry) => entry.action === 'CreateRoute')).toBe(true);
    } finally {
      await endAll();
      service.close();
      await sandbox.close();
    }
  }, 30_000);
});
