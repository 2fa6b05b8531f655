import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endAll, runCli } from '../../support/cli.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-test-'));
  writeFileSync(
    join(folder, 'vpcast.yaml'),
    `healthchecks:
  up:   { type: command, command: "true", rise: 1, fall: 1, every: 100ms }
  down: { type: command, command: "false", rise: 1, fall: 1, every: 100ms }
announcer:
  router_id: 10.3.3.3
  local_asn: 65999
  local_address: 10.3.3.3
  peers: [ { name: tgw-a, remote_address: 10.3.3.4, remote_asn: 65000, password: hunter2 } ]
  routes:
    - { prefix: 10.0.0.128/32, healthcheck: up }
    - { prefix: 10.0.0.129/32, healthcheck: [up, down] }
    - { prefix: 10.0.0.130/32 }
`,
  );
});

afterEach(async () => {
  await endAll();
  rmSync(folder, { recursive: true });
});

/** Runs a command where neither the instance metadata nor EC2 can be reached, and asking either would take long. */
function runAlone(...args: readonly string[]) {
  return runCli(args, {
    HOME: folder,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:1',
    VPCAST_CONFIG: join(folder, 'vpcast.yaml'),
  });
}

describe('a configuration with an announcer alone', () => {
  it('is planned without AWS: what would be announced, to whom and why, which is no change', async () => {
    const { code, stdout } = await runAlone('plan', '--log-level', 'error');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'announcer',
        '  + announce 10.0.0.128/32 to tgw-a  healthy',
        '  - withdraw 10.0.0.129/32  unhealthy',
        '  + announce 10.0.0.130/32 to tgw-a  healthy',
        '',
        'Announced: 2 of 3 prefixes. What the peers have now is not known here: no session was opened.',
        '',
      ].join('\n'),
    );
  });

  it('is planned as JSON, with every check taken as passing where told to', async () => {
    const { code, stdout } = await runAlone('plan', '--json', '--ignore-checks');
    expect(code).toBe(0);
    const { routes, announcements } = JSON.parse(stdout);
    expect(routes).toEqual([]);
    expect(announcements.map(({ verdict }: { verdict: string }) => verdict)).toEqual([
      'announce',
      'announce',
      'announce',
    ]);
    expect(stdout).not.toContain('hunter2');
  });

  it('leaves apply nothing to do', async () => {
    const { code, stdout } = await runAlone('apply');
    expect([code, stdout]).toEqual([0, 'No changes: 0 routes stay as they are.\n']);
  });
});
