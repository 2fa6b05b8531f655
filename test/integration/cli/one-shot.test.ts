import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { demoScenario, type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { endAll, runCli, startCli } from '../../support/cli.ts';

const A = 'i-0a00000000000000a';
const TABLE_A = 'rtb-0a00000000000000a';
const TABLE_B = 'rtb-0b00000000000000b';
const ENI_A = 'eni-0a00000000000000a';

let folder: string;
let sandbox: Sandbox;
let service: Server;
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-test-'));
  sandbox = await startSandbox({ scenario: demoScenario({ azs: 2 }) });
  service = createServer((socket) => socket.on('error', () => {}).end());
  await new Promise<void>((found) => service.listen(0, '127.0.1.10', found));
  port = (service.address() as { port: number }).port;
});

afterEach(async () => {
  await endAll();
  service.close();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

function env(): Record<string, string> {
  return {
    HOME: folder,
    AWS_ENDPOINT_URL_EC2: sandbox.url,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: sandbox.imdsUrl(A),
    VPCAST_CONFIG: join(folder, 'vpcast.yaml'),
  };
}

/** Owner of its own zone's table, backup for the other. */
function configure(extra = ''): void {
  writeFileSync(
    join(folder, 'vpcast.yaml'),
    `poll_time: 2s
healthchecks:
  web: { type: tcp, destination: "\${local_ipv4}", port: ${port}, rise: 1, fall: 1, every: 100ms }
routetables:
  ours:
    find: { type: by_tag, config: { key: az, value: "\${az}" } }
    manage_routes: [ { cidr: 192.168.1.1/32, healthcheck: web } ]
  others:
    find:
      type: and
      config: [ { type: by_tag, not: true, config: { key: az, value: "\${az}" } }, { type: by_tag, config: { key: type, value: private } } ]
    manage_routes: [ { cidr: 192.168.1.1/32, healthcheck: web, if_unhealthy: true } ]
${extra}`,
  );
}

/** True where the event has all of these fields. */
function isEvent(event: object, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([key, value]) => Reflect.get(event, key) === value);
}

function holder(tableId: string): string | undefined {
  return sandbox.world.targetOf(tableId, '192.168.1.1/32');
}

describe('vpcast plan', () => {
  it('shows what would change and why, exits 2, and changes nothing', async () => {
    configure();
    const { code, stdout, stderr } = await runCli(['plan'], env());
    expect([code, stderr]).toEqual([2, '']);
    expect(stdout).toContain(
      `${TABLE_A} "private-a" (ours)\n  + 192.168.1.1/32       no route → ${ENI_A}  absent`,
    );
    expect(stdout).toContain('Plan: 2 to create, 0 to replace, 0 to delete, 0 unchanged.');
    expect(sandbox.journal()).toEqual([]);
  });

  it('waits for the checks, and plans nothing for a service that is down', async () => {
    configure();
    service.close();
    const { code, stdout } = await runCli(['plan'], env());
    expect(code).toBe(0);
    expect(stdout).toContain('self-unhealthy');
    expect(stdout).toContain('No changes: 2 routes stay as they are.');
  });

  it('prints JSON for programs', async () => {
    configure();
    const { stdout } = await runCli(['plan', '--json', '--ignore-checks'], env());
    expect(JSON.parse(stdout)).toMatchObject({
      changes: { create: 2, hold: 0 },
      routes: [{ table: TABLE_A, verdict: 'create', to: ENI_A }, { table: TABLE_B }],
    });
  });

  it('exits 69 with the reason when EC2 refuses, and says which permission is missing', async () => {
    configure();
    sandbox.faults.add({ kind: 'deny', actions: ['DescribeRouteTables'] });
    const { code, stderr } = await runCli(['plan'], env());
    expect(code).toBe(69);
    expect(stderr).toContain('allow ec2:DescribeRouteTables');
    expect(stderr).not.toContain('    at ');
  });

  it('leaves a source/dest check on that run would switch off', async () => {
    configure('manage_source_dest_check: true\n');
    sandbox.world.setInterfaceCheck(ENI_A, true);
    const { code } = await runCli(['plan', '--ignore-checks'], env());
    expect(code).toBe(2);
    expect(sandbox.world.state().interfaces.get(ENI_A)?.sourceDestCheck).toBe(true);
  });

  it('exits 69 when there is no instance metadata', async () => {
    configure();
    const { code, stderr } = await runCli(['plan'], {
      ...env(),
      AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1',
    });
    expect(code).toBe(69);
    expect(stderr).toContain('instance metadata service does not answer');
  });
});

describe('vpcast apply', () => {
  it('carries the plan out once without asking any check, and then has nothing to do', async () => {
    configure();
    service.close();
    const first = await runCli(['apply'], env());
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect([holder(TABLE_A), holder(TABLE_B)]).toEqual([ENI_A, ENI_A]);
    const second = await runCli(['apply'], env());
    expect([second.code, second.stdout]).toEqual([0, expect.stringContaining('No changes')]);
    expect(sandbox.journal()).toHaveLength(2);
  });

  it('exits 69 and says what was not made when EC2 denies it', async () => {
    configure();
    sandbox.faults.add({ kind: 'deny', actions: ['CreateRoute'] });
    const { code, stderr } = await runCli(['apply'], env());
    expect(code).toBe(69);
    expect(stderr).toMatch(/2 changes were not made: UnauthorizedOperation/);
  });
});

describe('vpcast apply with hooks', () => {
  it('does not sleep through the end of a hook that came while other changes were made', async () => {
    writeFileSync(
      join(folder, 'vpcast.yaml'),
      `routetables:
  ours:
    find: { type: by_tag, config: { key: az, value: "\${az}" } }
    manage_routes:
      - { cidr: 192.168.1.1/32, run_before_add_route: ["true"] }
      - { cidr: 192.168.1.2/32 }
      - { cidr: 192.168.1.3/32 }
`,
    );
    const { code, stderr } = await runCli(['apply'], env());
    expect([code, stderr]).toEqual([0, '']);
    expect(sandbox.journal()).toHaveLength(3);
  });
});

describe('vpcast run', () => {
  it('refuses an interface that would drop routed traffic, with the command that mends it, and exits 78', async () => {
    configure();
    sandbox.world.setInterfaceCheck(ENI_A, true);
    const { code, stderr } = await runCli(['run'], env());
    expect(code).toBe(78);
    expect(stderr).toContain(
      `aws ec2 modify-network-interface-attribute --region eu-west-1 --network-interface-id ${ENI_A} --no-source-dest-check`,
    );
    expect(sandbox.journal().filter((entry) => entry.action.endsWith('Route'))).toEqual([]);
  });

  it('switches the source/dest check off itself where told to', async () => {
    configure('manage_source_dest_check: true\n');
    sandbox.world.setInterfaceCheck(ENI_A, true);
    const agent = startCli(['run', '--log-format', 'json'], env());
    await agent.event((event) => event.event === 'source-dest-check' && event.state === 'disabled');
    await agent.event((event) => event.event === 'route-changed');
    agent.child.kill('SIGTERM');
    expect((await agent.done).code).toBe(0);
  });

  it('takes a good configuration at SIGHUP, refuses a bad one whole, and keeps its routes at SIGTERM', async () => {
    configure();
    const agent = startCli(['run', '--log-format', 'json'], env());
    await agent.event((event) => event.event === 'route-changed' && event.tableId === TABLE_A);
    writeFileSync(join(folder, 'vpcast.yaml'), 'routetables: 7\n');
    agent.child.kill('SIGHUP');
    const refused = await agent.event((event) => event.event === 'reload-refused');
    expect(refused.why).toMatch(/vpcast\.yaml:1:14 routetables: /);
    configure('drain_on: [spot]\n');
    agent.child.kill('SIGHUP');
    await agent.event((event) => event.event === 'reloaded');
    agent.child.kill('SIGTERM');
    const { code, stderr } = await agent.done;
    expect([code, stderr]).toEqual([0, '']);
    expect(holder(TABLE_A)).toBe(ENI_A);
    expect(sandbox.journal().every((entry) => entry.action === 'CreateRoute')).toBe(true);
  });

  it('drains at a spot interruption, and releases its routes at exit where told to', async () => {
    configure('drain_on: [spot]\non_exit: release\n');
    const agent = startCli(['run', '--log-format', 'json'], env());
    await agent.event((event) => event.event === 'route-changed' && event.tableId === TABLE_A);
    sandbox.imds(A).setSignal('spot', { action: 'terminate', time: '2026-01-01T00:00:00Z' });
    await agent.event((event) => event.event === 'draining');
    await agent.event(
      (event) => event.event === 'route-changed' && event.action === 'delete' && event.tableId === TABLE_A,
    );
    sandbox.imds(A).setSignal('spot', undefined);
    await agent.event((event) => event.event === 'drain-ended');
    const isCreated = (event: object) =>
      isEvent(event, { event: 'route-changed', action: 'create', tableId: TABLE_A });
    await agent.event(() => agent.events().filter(isCreated).length === 2);
    agent.child.kill('SIGINT');
    expect((await agent.done).code).toBe(0);
    expect([holder(TABLE_A), holder(TABLE_B)]).toEqual([undefined, undefined]);
  }, 30_000);

  it('waits for the instance metadata, says so once, and stops when told to', async () => {
    configure();
    const agent = startCli(['run', '--log-format', 'json'], {
      ...env(),
      AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1',
    });
    const failing = await agent.event((event) => event.event === 'api-failing');
    expect(failing.subject).toBe('instance metadata');
    // A reload that comes too early must not end it (systemd takes that for a clean exit, and starts nothing anew).
    agent.child.kill('SIGHUP');
    agent.child.kill('SIGTERM');
    expect((await agent.done).code).toBe(0);
  }, 30_000);

  it('runs hooks around a change and around a change of health, with the facts in variables', async () => {
    const log = join(folder, 'hooks.log');
    const hook = (name: string) =>
      `["sh", "-c", "echo ${name} $VPCAST_REASON $VPCAST_DESTINATION $VPCAST_TO >> ${log}"]`;
    configure();
    const config = `poll_time: 2s
healthchecks:
  web:
    type: tcp
    destination: "\${local_ipv4}"
    port: ${port}
    every: 100ms
    rise: 1
    run_on_healthy: ${hook('healthy')}
routetables:
  ours:
    find: { type: by_tag, config: { key: az, value: "\${az}" } }
    manage_routes:
      - cidr: 192.168.1.1/32
        healthcheck: web
        run_before_add_route: ${hook('before')}
        run_after_add_route: ${hook('after')}
`;
    writeFileSync(join(folder, 'vpcast.yaml'), config);
    const agent = startCli(['run', '--log-format', 'json'], env());
    await agent.event((event) => event.event === 'hook' && event.hook === 'run_after_add_route');
    agent.child.kill('SIGTERM');
    await agent.done;
    const order = agent.events().flatMap((event) => {
      if (event.event === 'hook') return [event.hook, event.failure];
      return event.event === 'route-changed' ? ['created'] : [];
    });
    expect(order.filter((entry) => entry !== undefined)).toEqual(
      expect.arrayContaining(['run_on_healthy', 'run_before_add_route', 'created', 'run_after_add_route']),
    );
    expect(readFileSync(log, 'utf8').split('\n')).toEqual(
      expect.arrayContaining([
        'healthy passed 127.0.1.10',
        `before absent 192.168.1.1/32 ${ENI_A}`,
        `after absent 192.168.1.1/32 ${ENI_A}`,
      ]),
    );
  });
});
