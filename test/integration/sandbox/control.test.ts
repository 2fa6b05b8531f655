import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Panel, type Sandbox, type SandboxEvent, startSandbox } from '../../../src/sandbox/index.ts';
import { SCENARIO } from '../../unit/sandbox/fixture.ts';

const VIP = '192.168.1.1/32';
const events: SandboxEvent[] = [];
let panels: readonly Panel[] = [];
let sandbox: Sandbox;

beforeAll(async () => {
  const onEvent = (event: SandboxEvent) => events.push(event);
  sandbox = await startSandbox({ scenario: SCENARIO, onEvent, panels: () => panels });
});

afterAll(() => sandbox.close());

async function ask(method: string, path: string, body?: unknown) {
  const init = {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  };
  const response = await fetch(`${sandbox.url}/_sandbox/${path}`, init);
  return { status: response.status, value: (await response.json()) as Record<string, unknown> };
}

const stateOf = (id: string) => sandbox.world.state().instances.get(id);

describe('the control API', () => {
  it('shows the region', async () => {
    const { status, value } = await ask('GET', 'state');
    expect(status).toBe(200);
    expect(value).toMatchObject({
      region: 'eu-west-1',
      instances: [
        {
          id: 'i-a',
          state: 'running',
          status: { system: 'ok', instance: 'ok' },
          imdsUrl: sandbox.imdsUrl('i-a'),
          interfaces: [{ id: 'eni-a', privateIp: '10.0.1.10' }],
        },
        {},
        {},
        {},
      ],
      faults: [],
      throttling: null,
    });
  });

  it('shows what else it is given, as it is at the moment', async () => {
    expect((await ask('GET', 'state')).value).toMatchObject({ panels: [] });
    panels = [{ title: 'a router', columns: ['zone', 'next hop'], rows: [['a', '192.0.2.11']] }];
    expect((await ask('GET', 'state')).value).toMatchObject({ panels });
  });

  it('edits routes as an operator, and shows the journal from any point on', async () => {
    const key = { tableId: 'rtb-1', destination: VIP };
    expect((await ask('POST', 'routes', { action: 'create', ...key, target: 'i-a' })).status).toBe(200);
    expect((await ask('POST', 'routes', { action: 'create', ...key, target: 'i-b' })).status).toBe(409);
    expect((await ask('POST', 'routes', { action: 'replace', ...key, target: 'i-b' })).status).toBe(200);
    expect(sandbox.world.targetOf('rtb-1', VIP)).toBe('eni-b');
    expect((await ask('POST', 'routes', { action: 'delete', ...key, accessKeyId: 'AKIAX' })).status).toBe(
      200,
    );
    expect((await ask('GET', 'journal?after=2')).value).toMatchObject([
      { action: 'ReplaceRoute', from: 'eni-a', to: 'eni-b', result: 'ok' },
      { action: 'DeleteRoute', from: 'eni-b', accessKeyId: 'AKIAX', result: 'ok' },
    ]);
    expect((await ask('GET', 'journal?last=1')).value).toMatchObject([{ action: 'DeleteRoute' }]);
    expect(events.filter((event) => event.kind === 'change').length).toBe(4);
  });

  it('has power over instances', async () => {
    expect((await ask('POST', 'instances/i-b/stop')).status).toBe(200);
    expect(stateOf('i-b')?.state).toBe('stopped');
    expect((await ask('POST', 'instances/i-b/reboot')).status).toBe(409);
    expect((await ask('POST', 'instances/i-b/start')).status).toBe(200);
    expect((await ask('POST', 'instances/i-b/impair', { which: 'both' })).status).toBe(200);
    expect(stateOf('i-b')).toMatchObject({
      state: 'running',
      systemStatus: 'impaired',
      instanceStatus: 'impaired',
    });
    expect((await ask('POST', 'instances/i-b/clear')).status).toBe(200);
    expect(stateOf('i-b')).toMatchObject({ systemStatus: 'ok', instanceStatus: 'ok' });
    expect((await ask('POST', 'instances/i-other/terminate')).status).toBe(200);
    expect(stateOf('i-other')?.state).toBe('terminated');
  });

  it('moves interfaces and changes tags', async () => {
    expect(
      (await ask('POST', 'interfaces/eni-loose/attach', { instanceId: 'i-a', deviceIndex: 1 })).status,
    ).toBe(200);
    expect(sandbox.world.state().interfaces.get('eni-loose')?.attachment?.instanceId).toBe('i-a');
    expect((await ask('POST', 'interfaces/eni-loose/detach')).status).toBe(200);
    expect((await ask('POST', 'tags/rtb-1', { az: 'z' })).status).toBe(200);
    expect(sandbox.world.state().routeTables.get('rtb-1')?.tags).toEqual({ az: 'z' });
    expect((await ask('DELETE', 'gateways/nat-1')).status).toBe(200);
    expect((await ask('POST', 'gateways/nat-1')).status).toBe(200);
  });

  it('sets and takes back termination signals, and breaks the metadata service', async () => {
    const imds = sandbox.imds('i-a');
    const time = '2026-01-01T00:00:00Z';
    await ask('POST', 'instances/i-a/signals', {
      spot: { action: 'terminate', time },
      lifecycle: 'Terminated',
    });
    expect(imds.signals()).toEqual({ spot: { action: 'terminate', time }, lifecycle: 'Terminated' });
    await ask('POST', 'instances/i-a/signals', { spot: null });
    expect(imds.signals()).toEqual({ spot: undefined, lifecycle: 'Terminated' });
    await ask('POST', 'instances/i-a/imds', { dead: 'refuse' });
    await expect(fetch(imds.url)).rejects.toThrow();
    await ask('POST', 'instances/i-a/imds', {});
    expect((await fetch(imds.url)).status).toBe(401);
  });

  it('switches faults and throttling', async () => {
    const fault = { kind: 'error', code: 'Boom', actions: ['CreateRoute'], probability: 0.5 };
    const { status, value } = await ask('POST', 'faults', fault);
    expect([status, sandbox.faults.list()]).toEqual([201, [{ ...fault, id: value.id }]]);
    expect((await ask('DELETE', `faults/${value.id}`)).status).toBe(200);
    expect((await ask('DELETE', `faults/${value.id}`)).status).toBe(404);
    await ask('POST', 'throttling', { on: true, mutating: { capacity: 9, refillPerSec: 1 } });
    expect(sandbox.faults.throttling()).toMatchObject({
      mutating: { capacity: 9 },
      describe: { capacity: 100 },
    });
    await ask('POST', 'throttling', { on: false });
    expect((await ask('GET', 'faults')).value).toEqual({ faults: [], throttling: null });
  });

  it.each([
    ['GET', 'nonsense', undefined, 404, /there is no \/_sandbox\/nonsense/],
    ['GET', 'instances/i-a/stop', undefined, 405, /GET does not work/],
    ['POST', 'instances/i-none/stop', undefined, 404, /'i-none' does not exist/],
    ['POST', 'instances/i-none/signals', {}, 404, /there is no instance i-none/],
    ['POST', 'instances/i-a/impair', { which: 'all' }, 400, /instance, system or both/],
    ['POST', 'instances/i-a/signals', { spot: { action: 'x' } }, 400, /spot must be/],
    ['POST', 'instances/i-a/signals', { spots: null }, 400, /unknown: spots; known: spot/],
    ['POST', 'faults', { kind: 'flood' }, 400, /kind must be one of latency/],
    ['POST', 'faults', { kind: 'latency' }, 400, /latencyMs is missing/],
    ['POST', 'faults', { kind: 'deny', latencyMs: 1 }, 400, /unknown: latencyMs/],
    ['POST', 'faults', { kind: 'error', httpStatus: 200 }, 400, /from 400 to 599/],
    ['POST', 'faults', { kind: 'deny', probability: 2 }, 400, /from 0 to 1/],
    ['POST', 'faults', '{"kind":', 400, /is not JSON/],
    ['POST', 'faults', '[]', 400, /must be a JSON object/],
    ['POST', 'routes', { action: 'move', tableId: 'a', destination: 'b' }, 400, /create, replace or delete/],
    ['POST', 'throttling', { mutating: 5 }, 400, /capacity/],
    ['GET', 'journal?after=x', undefined, 400, /after must be a whole number/],
  ])('answers %s %s %j with %i', async (method, path, body, status, message) => {
    const answer = await ask(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.value.error).toMatch(message);
  });
});

describe('the page', () => {
  it('needs nothing from elsewhere', async () => {
    const response = await fetch(`${sandbox.url}/`);
    const html = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).toContain('<title>vpcast sandbox</title>');
    expect(html).not.toMatch(/https?:\/\/|<link|src=/);
  });

  it('has a script that parses', async () => {
    const html = await (await fetch(`${sandbox.url}/`)).text();
    const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? '';
    expect(script).not.toBe('');
    expect(() => new Function(script)).not.toThrow();
  });
});
