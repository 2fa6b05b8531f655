import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { demoScenario, type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { askHttp } from '../../support/ask-http.ts';
import { endAll, type RunningCli, startCli } from '../../support/cli.ts';
import { samplesIn, valueIn } from '../../support/exposition.ts';
import { type Listening, listen } from '../../support/listen.ts';

const A = 'i-0a00000000000000a';
const TABLE_A = 'rtb-0a00000000000000a';
/** Where nothing else of this machine listens or connects from. */
const HOST = '127.95.51.1';

let folder: string;
let sandbox: Sandbox;
let service: Listening;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-test-'));
  sandbox = await startSandbox({ scenario: demoScenario({ azs: 2 }) });
  service = await listen(createServer((socket) => socket.end()));
});

afterEach(async () => {
  await endAll();
  await service.close();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const taken = await listen(createServer(), { host: HOST });
  await taken.close();
  return taken.port;
}

function configure(admin: string, check = 'web'): void {
  writeFileSync(
    join(folder, 'vpcast.yaml'),
    `poll_time: 2s
healthchecks:
  ${check}: { type: tcp, destination: 127.0.0.1, port: ${service.port}, rise: 1, fall: 1, every: 100ms }
routetables:
  ours:
    find: { type: by_tag, config: { key: az, value: "\${az}" } }
    manage_routes: [ { cidr: 192.168.1.1/32, healthcheck: ${check} } ]
${admin}
`,
  );
}

function start(): RunningCli {
  return startCli(['run', '--log-format', 'json'], {
    HOME: folder,
    AWS_ENDPOINT_URL_EC2: sandbox.url,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: sandbox.imdsUrl(A),
    VPCAST_CONFIG: join(folder, 'vpcast.yaml'),
  });
}

function isHeld(event: Readonly<Record<string, unknown>>): boolean {
  return event.event === 'route-changed' && event.tableId === TABLE_A;
}

async function statusOf(port: number, path: string): Promise<number | undefined> {
  return (await askHttp({ host: HOST, port }, path).catch(() => undefined))?.status;
}

describe('vpcast run with admin.address', () => {
  it('serves metrics, liveness and readiness, and is gone within the time that stopping takes', async () => {
    const port = await freePort();
    configure(`admin: { address: "${HOST}:${port}" }`);
    const agent = start();
    await agent.event(isHeld);
    await expect.poll(() => statusOf(port, '/readyz')).toBe(200);
    expect(await statusOf(port, '/healthz')).toBe(200);
    const scrape = async () => (await askHttp({ host: HOST, port }, '/metrics')).body;
    const held = { group: 'ours', table: TABLE_A, destination: '192.168.1.1/32' };
    await expect.poll(async () => valueIn(await scrape(), 'vpcast_route_held', held)).toBe(1);
    const text = await scrape();
    expect(valueIn(text, 'vpcast_check_healthy', { check: 'web', holder: '' })).toBe(1);
    expect(valueIn(text, 'vpcast_check_probe_total', { check: 'web', reason: 'passed' })).toBeGreaterThan(0);
    expect(valueIn(text, 'vpcast_route_changes_total', { action: 'create', reason: 'absent' })).toBe(1);
    expect(valueIn(text, 'vpcast_group_tables', { group: 'ours' })).toBe(1);
    expect(valueIn(text, 'vpcast_ready')).toBe(1);
    expect(valueIn(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e7);
    const age = Date.now() / 1_000 - (valueIn(text, 'process_start_time_seconds') ?? 0);
    expect(age).toBeGreaterThan(0);
    expect(age).toBeLessThan(60);
    await service.close();
    await expect.poll(async () => valueIn(await scrape(), 'vpcast_check_healthy')).toBe(0);
    expect(await statusOf(port, '/readyz')).toBe(200);
    agent.child.kill('SIGTERM');
    const { code, stderr } = await agent.done;
    expect([code, stderr]).toEqual([0, '']);
    expect(await statusOf(port, '/healthz')).toBeUndefined();
  });

  it('does not start where the port is taken: it says so and exits 69, with no route touched', async () => {
    const taken = await listen(createServer(), { host: HOST });
    configure(`admin: { address: "${HOST}:${taken.port}" }`);
    const { code, stderr } = await start().done;
    await taken.close();
    expect(code).toBe(69);
    expect(stderr).toBe(
      `vpcast: admin.address ${HOST}:${taken.port}: another process listens there (ss -ltnp shows which); ` +
        'end it, or choose another port\n',
    );
    expect(sandbox.journal()).toEqual([]);
  });

  it('moves at a reload, is switched on and off by it, and stays where it is when the new place is taken', async () => {
    const [one, other] = [await freePort(), await freePort()];
    const taken = await listen(createServer(), { host: HOST });
    configure('');
    const agent = start();
    await agent.event(isHeld);
    let reloads = 0;
    const reload = async (admin: string, event = 'reloaded', check = 'web') => {
      configure(admin, check);
      const before = agent.events().filter((each) => each.event === event).length;
      agent.child.kill('SIGHUP');
      reloads += 1;
      await agent.event(() => agent.events().filter((each) => each.event === event).length > before);
    };
    await reload(`admin: { address: "${HOST}:${one}" }`);
    await expect.poll(() => statusOf(one, '/readyz')).toBe(200);
    await reload(`admin: { address: "${HOST}:${other}" }`, 'reloaded', 'web2');
    expect([await statusOf(one, '/healthz'), await statusOf(other, '/healthz')]).toEqual([undefined, 200]);
    const { body } = await askHttp({ host: HOST, port: other }, '/metrics');
    expect(new Set(samplesIn(body).flatMap(({ labels }) => labels.check ?? []))).toEqual(new Set(['web2']));
    await reload(`admin: { address: "${HOST}:${taken.port}" }`, 'reload-refused', 'web3');
    const refused = agent.events().find((event) => event.event === 'reload-refused');
    expect(refused?.why).toContain(`admin.address ${HOST}:${taken.port}: another process listens there`);
    const after = await askHttp({ host: HOST, port: other }, '/metrics');
    expect(valueIn(after.body, 'vpcast_config_reloads_total', { outcome: 'refused' })).toBe(1);
    expect(new Set(samplesIn(after.body).flatMap(({ labels }) => labels.check ?? []))).toEqual(
      new Set(['web2']),
    );
    // The same port on every address overlaps with the old place: that is no obstacle of others.
    await reload(`admin: { address: ":${other}" }`);
    expect(await askHttp({ port: other }, '/healthz')).toMatchObject({ status: 200 });
    await reload('');
    expect(await statusOf(other, '/healthz')).toBeUndefined();
    await taken.close();
    agent.child.kill('SIGTERM');
    expect((await agent.done).code).toBe(0);
    expect(reloads).toBe(5);
  });
});
