import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { grpcProbe } from '../../src/checks/grpc.ts';
import type { GrpcSpec, Probe, ProbeOutcome, TlsSpec } from '../../src/checks/index.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import { makeCertificates } from '../support/certificates.ts';
import { goProgram } from '../support/go-program.ts';
import { runScript, unshareCommand } from '../support/network-namespace.ts';

const program = await goProgram('grpc-health');
const running: ChildProcess[] = [];
const probes: Probe[] = [];

afterEach(async () => {
  await Promise.all(probes.splice(0).map((probe) => probe.close()));
  await Promise.all(running.splice(0).map((child) => end(child, 'SIGKILL')));
});

/** grpc-go's server with its health service: `up` is serving, `down` is not, there are no others. */
async function serve(...args: readonly string[]) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const [line] = await once(child.stdout, 'data');
  return { child, port: Number(/:(\d+)\s*$/.exec(String(line))?.[1]) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = once(child, 'close');
  child.kill(signal);
  await over;
}

function probe(port: number, changes: Partial<GrpcSpec> = {}, destination = '127.0.0.1'): Probe {
  const source = { sourceAddress: undefined, sourceInterface: undefined };
  const common = { service: '', authority: undefined, tls: undefined, ...source };
  const spec: GrpcSpec = { type: 'grpc', port, ...common, ...changes };
  const made = grpcProbe({ spec, destination, version: '1.2.3', clock: systemClock });
  probes.push(made);
  return made;
}

function attempt(target: Probe, timeoutMs = 2_000): Promise<ProbeOutcome> {
  return target.attempt(timeoutMs, new AbortController().signal);
}

describe("grpc-go's health service", () => {
  it.each(['127.0.0.1', '[::1]'])('tells on %s which services are serving', async (address) => {
    const { port } = await serve('-listen', `${address}:0`);
    const of = (service: string) => attempt(probe(port, { service }, address.replace(/[[\]]/g, '')));
    expect([await of(''), await of('up'), await of('down'), await of('none')]).toMatchObject([
      { ok: true, reason: 'passed' },
      { ok: true, reason: 'passed' },
      { reason: 'not-serving', detail: '"down" is NOT_SERVING' },
      { reason: 'unknown-service', detail: '"none": grpc-status 5 NOT_FOUND: "unknown service"' },
    ]);
  });

  it('asks for a client certificate over TLS', async () => {
    const { authority, otherAuthority, server, client } = await makeCertificates();
    const folder = mkdtempSync(join(tmpdir(), 'vpcast-grpc-'));
    const files = { cert: server.cert, key: server.key, 'client-ca': authority.cert };
    const args = Object.entries(files).flatMap(([name, text]) => {
      writeFileSync(join(folder, name), text);
      return [`-${name}`, join(folder, name)];
    });
    const { port } = await serve(...args);
    rmSync(folder, { recursive: true });
    const own: TlsSpec = { ca: authority.cert, ...client, serverName: undefined, skipVerify: false };
    const over = (tls: TlsSpec | undefined) => attempt(probe(port, { tls }));
    expect((await over(own)).reason).toBe('passed');
    expect((await over({ ...own, cert: undefined, key: undefined })).reason).toBe('tls-failed');
    expect((await over({ ...own, ca: otherAuthority.cert })).reason).toBe('tls-failed');
    expect((await over(undefined)).ok).toBe(false);
  });

  it('may be missing, or refuse', async () => {
    const [empty, closed, gone] = await Promise.all([
      serve('-empty'),
      serve('-code', '16'),
      serve('-code', '14'),
    ]);
    expect((await attempt(probe(empty.port))).reason).toBe('unexpected-answer');
    expect((await attempt(probe(closed.port))).reason).toBe('not-permitted');
    expect(await attempt(probe(gone.port))).toMatchObject({
      reason: 'unexpected-status',
      detail: 'grpc-status 14 UNAVAILABLE: "as it was told: 100 % ✓"',
    });
  });

  it('may be slow, or hang after it has answered, and be back', async () => {
    const slow = await serve('-delay', '250ms');
    const target = probe(slow.port);
    expect([(await attempt(target, 100)).reason, (await attempt(target)).reason]).toEqual([
      'timeout',
      'passed',
    ]);
    slow.child.kill('SIGSTOP');
    expect(await attempt(target, 300)).toMatchObject({
      reason: 'timeout',
      detail: 'no answer within 300 ms',
    });
    slow.child.kill('SIGCONT');
    expect((await attempt(target)).reason).toBe('passed');
  });

  it('is not failed for a connection that it ends in good order, however often', async () => {
    // Each connection lives for 10 ms, then comes GOAWAY: many a call is on its way just then.
    const { port } = await serve('-max-age', '10ms');
    const targets = Array.from({ length: 4 }, () => probe(port));
    const untilMs = performance.now() + 1_500;
    const failed: ProbeOutcome[] = [];
    let passed = 0;
    const work = targets.map(async (target) => {
      while (performance.now() < untilMs) {
        const outcome = await attempt(target);
        if (outcome.ok) passed += 1;
        else failed.push(outcome);
      }
    });
    await Promise.all(work);
    expect(failed).toEqual([]);
    expect(passed).toBeGreaterThan(100);
  });

  it('may stop in good order, or be killed, and start again', async () => {
    const first = await serve();
    const target = probe(first.port);
    await attempt(target);
    await end(first.child, 'SIGTERM');
    expect((await attempt(target)).reason).toBe('refused');
    const second = await serve('-listen', `127.0.0.1:${first.port}`);
    expect((await attempt(target)).reason).toBe('passed');
    await end(second.child, 'SIGKILL');
    await serve('-listen', `127.0.0.1:${first.port}`);
    expect((await attempt(target)).reason).toBe('passed');
  });

  it('may be cut off without a sign, in either direction, and come back', async () => {
    const setup = `
      ip link set lo up
      ip address add fd00:99::1/128 dev lo nodad
      nft 'add table inet filter; add chain inet filter input { type filter hook input priority 0; }'
    `;
    const script = join(import.meta.dirname, 'grpc-child.ts');
    const unshare = unshareCommand();
    expect(unshare, 'a network namespace').toBeDefined();
    const printed = await runScript({ unshare, setup, script, argument: { program }, timeoutMs: 20_000 });
    const [passed, silent] = [
      ['passed', 'passed'],
      ['timeout', 'timeout'],
    ];
    expect(JSON.parse(printed)).toEqual({
      nothing: passed,
      replies: silent,
      nothingAgain: passed,
      requests: silent,
      nothingAtLast: passed,
    });
  });
});
