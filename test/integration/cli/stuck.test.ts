import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { demoScenario, startSandbox } from '../../../src/sandbox/index.ts';
import { endAll, runCli, startCli } from '../../support/cli.ts';

let folder: string;
/** Makes Node open a FIFO that nobody writes to: the open(2) never returns, as on a file system that is gone. */
let hang: { NODE_OPTIONS: string };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-stuck-'));
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const script = join(folder, 'hang.cjs');
  writeFileSync(script, `require('node:fs').open(${JSON.stringify(fifo)}, () => undefined);`);
  hang = { NODE_OPTIONS: `--require ${script}` };
});

afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true });
});

describe('a process of which a thread hangs in the kernel', () => {
  it('ends all the same, with everything written', async () => {
    const { stdout } = await runCli(['schema'], hang);
    expect(JSON.parse(stdout)).toMatchObject({ title: 'vpcast configuration' });
  });

  it('ends at the second signal', async () => {
    const sandbox = await startSandbox({ scenario: demoScenario({ azs: 1 }) });
    writeFileSync(
      join(folder, 'vpcast.yaml'),
      'healthchecks: { f: { type: file, path: /, state: absent, run_on_unhealthy: ["true"] } }\nroutetables: { a: { find: { type: main, no_results_ok: true }, manage_routes: [{ cidr: 192.0.2.1/32 }] } }\n',
    );
    const agent = startCli(['run', '--log-format', 'json'], {
      ...hang,
      AWS_ENDPOINT_URL_EC2: sandbox.url,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: sandbox.imdsUrl('i-0a00000000000000a'),
      VPCAST_CONFIG: join(folder, 'vpcast.yaml'),
    });
    await agent.event(({ event }) => event === 'ready');
    agent.child.kill('SIGTERM');
    agent.child.kill('SIGTERM');
    await agent.done;
    expect(agent.child.signalCode ?? agent.child.exitCode).not.toBeNull();
    await sandbox.close();
  });
});
