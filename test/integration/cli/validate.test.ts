import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const BAD = join(ROOT, 'test/fixtures/config/bad');
const EXAMPLE = join(ROOT, 'config.example.yaml');
const ANYCAST = join(ROOT, 'examples/anycast.yaml');
/** Whoever asks for metadata here is refused, and not kept waiting. */
const NOWHERE = { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9' };

describe('vpcast validate', () => {
  it('takes the example', async () => {
    const { code, stdout, stderr } = await runCli(['validate', EXAMPLE]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^.*config\.example\.yaml: good: \d+ checks/);
    expect(code).toBe(0);
  });

  it('takes an announcer alone, off AWS', async () => {
    const { code, stdout, stderr } = await runCli(['validate', ANYCAST], NOWHERE);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/anycast\.yaml: good: 4 checks, .* 0 managed routes, 3 prefixes for 3 peers\n$/);
  });

  it('reads standard input', async () => {
    const { code, stdout } = await runCli(['validate', '-'], {}, readFileSync(EXAMPLE, 'utf8'));
    expect([code, stdout.slice(0, 12)]).toEqual([0, 'stdin: good:']);
  });

  it('takes the file from VPCAST_CONFIG', async () => {
    const { code } = await runCli(['validate'], { VPCAST_CONFIG: EXAMPLE });
    expect(code).toBe(0);
  });

  it('says that a file can not be read, and exits 66', async () => {
    const { code, stderr } = await runCli(['validate', '/nonexistent/vpcast.yaml']);
    expect(code).toBe(66);
    expect(stderr).toMatch(/^vpcast: configuration can't be read: ENOENT.*--config FILE\n$/);
  });

  /** What only the instance itself can tell is no problem anywhere else. */
  const isLocal = (name: string): boolean =>
    !readFileSync(join(BAD, name.replace('.yaml', '.txt')), 'utf8').includes(
      'the instance shows no such tag',
    );
  const names = readdirSync(BAD).filter((name) => name.endsWith('.yaml') && isLocal(name));

  it('has at least 60 bad configurations to try', () => {
    expect(names.length).toBeGreaterThanOrEqual(60);
  });

  it('exits 78 for each of them, every problem located, none as a stack trace', async () => {
    const queue = [...names];
    const work = async (): Promise<void> => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
        const { code, stdout, stderr } = await runCli(['validate', join(BAD, name)]);
        expect([name, code, stdout]).toEqual([name, 78, '']);
        expect(stderr).not.toMatch(/^\s+at |internal error/m);
        const lines = stderr.trimEnd().split('\n');
        expect(lines.filter((line) => !line.includes(`${name}:`))).toEqual([]);
        expect(lines.length).toBeGreaterThanOrEqual(1);
      }
    };
    await Promise.all([work(), work(), work()]);
  }, 120_000);
});

describe('a configuration in an SSM parameter', () => {
  let server: Server;
  let env: Record<string, string>;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const { Name, WithDecryption } = JSON.parse(body);
        response.setHeader('content-type', 'application/x-amz-json-1.1');
        if (Name !== '/vpcast/edge:live' || WithDecryption !== true) response.statusCode = 400;
        const found = { Parameter: { Name, Value: readFileSync(EXAMPLE, 'utf8'), Version: 3 } };
        const missing = { __type: 'ParameterNotFound', message: 'no such parameter' };
        response.end(JSON.stringify(response.statusCode === 400 ? missing : found));
      });
    });
    await new Promise<void>((found) => server.listen(0, '127.0.0.1', found));
    const { port } = server.address() as AddressInfo;
    env = {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${port}`,
    };
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('is read by name and label, decrypted', async () => {
    const { code, stdout } = await runCli(['validate', 'ssm:/vpcast/edge:live'], env);
    expect([code, stdout.slice(0, 30)]).toEqual([0, 'ssm:/vpcast/edge:live: good: 4'.slice(0, 30)]);
  });

  it('that does not exist is told with its name and region, and exits 66', async () => {
    const { code, stderr } = await runCli(['validate', 'ssm:/vpcast/edge:old'], env);
    expect(code).toBe(66);
    expect(stderr).toContain('ssm:/vpcast/edge:old in eu-west-1: ParameterNotFound');
  });
});

describe('the command line', () => {
  it('shows every command when called without one, and exits 64', async () => {
    const { code, stdout } = await runCli([]);
    expect(code).toBe(64);
    for (const name of ['run', 'plan', 'apply', 'validate', 'schema', 'probe', 'sandbox']) {
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
      const help = await runCli([name, '--help']);
      expect([name, help.code, help.stdout.startsWith(`Usage: vpcast ${name}`)]).toEqual([name, 0, true]);
    }
  });

  it.each([
    [['frobnicate'], 'no command is called "frobnicate"'],
    [['run', '--frob'], "Unknown option '--frob'"],
    [['probe'], 'probe wants the name of a check'],
    [['probe', 'web', '--count', 'many', '-c', EXAMPLE], '--count takes a whole number'],
    [['plan', '--log-level', 'loud', '-c', EXAMPLE], '--log-level takes one of debug, info, warn, error'],
  ])('exits 64 for %j', async (args, message) => {
    const { code, stderr } = await runCli(args);
    expect(code).toBe(64);
    expect(stderr).toContain(message);
  });

  it('runs a check of an announcer alone off AWS', async () => {
    const text = `healthchecks: { up: { type: command, argv: ['true'], run_on_healthy: ['true'] } }
announcer: { router_id: 10.0.0.1, local_asn: 65999, peers: [{ remote_address: 10.0.0.2, remote_asn: 65000 }], routes: [{ prefix: 10.0.0.128 }] }
`;
    const { code, stdout } = await runCli(['probe', 'up', '--config', '-'], NOWHERE, text);
    expect(stdout).toContain('pass');
    expect(code).toBe(0);
  });

  it('prints a JSON Schema', async () => {
    const { code, stdout } = await runCli(['schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object' });
  });
});
