import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { KeepRunning } from '../../../src/lib/keep-running.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'vpcast-keep-'));
const open: KeepRunning[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function isRunning(pid: number): boolean {
  return (
    existsSync(`/proc/${pid}/stat`) && !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  );
}

/** A program of our own, and what was heard of it. */
function keep(script: string, random = () => 0.999) {
  const clock = new FakeClock();
  const pidFile = join(folder, 'pid');
  writeFileSync(pidFile, '');
  const heard = { starts: 0, outputs: 0 };
  const argv = ['sh', '-c', `echo $$ > "$1"; ${script}`, 'sh', pidFile] as const;
  const kept = new KeepRunning({
    argv,
    clock,
    random,
    onStart: () => {
      heard.starts += 1;
    },
    onOutput: () => {
      heard.outputs += 1;
    },
  });
  open.push(kept);
  const pid = () =>
    vi.waitFor(() => {
      const found = Number(readFileSync(pidFile, 'utf8').trim());
      if (!(found > 0)) throw new Error('not written yet');
      return found;
    }, LIMITS);
  return { clock, kept, heard, pid };
}

/** For a machine that has much else to do. */
const LIMITS = { timeout: 10_000 };

describe('a program that is kept running', { timeout: 60_000 }, () => {
  test('is heard whenever it writes, on either output', async () => {
    const { heard } = keep('echo one; exec sleep 1000');
    await vi.waitFor(() => expect(heard).toEqual({ starts: 1, outputs: 1 }), LIMITS);
    const errors = keep('echo one >&2; exec sleep 1000');
    await vi.waitFor(() => expect(errors.heard.outputs).toBe(1), LIMITS);
  });

  test('is killed at close, and not heard or started any more', async () => {
    const { clock, kept, heard, pid } = keep('exec sleep 1000');
    const running = await pid();
    await vi.waitFor(() => expect(heard.starts).toBe(1), LIMITS);
    kept.close();
    kept.close();
    await vi.waitFor(() => expect(isRunning(running)).toBe(false), LIMITS);
    await clock.advance(600_000);
    expect([heard.starts, clock.pendingTimers]).toEqual([1, 0]);
  });

  test('is started again when it ends, later each time, and never after close', async () => {
    const { clock, kept, heard } = keep('exit 3');
    for (const [starts, delayMs] of [
      [2, 1_000],
      [3, 2_000],
      [4, 4_000],
    ] as const) {
      await vi.waitFor(() => expect(clock.pendingTimers).toBe(1), LIMITS);
      await clock.advance(delayMs * 0.99);
      expect(clock.pendingTimers).toBe(1);
      await clock.advance(delayMs * 0.01);
      await vi.waitFor(() => expect(heard.starts).toBe(starts), LIMITS);
    }
    await vi.waitFor(() => expect(clock.pendingTimers).toBe(1), LIMITS);
    kept.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('is tried again within a second of its first failure where it has run for a minute', async () => {
    const { clock, heard, pid } = keep('exec sleep 1000');
    for (let round = 1; round <= 3; round += 1) {
      const running = await pid();
      await vi.waitFor(() => expect(heard.starts).toBe(round), LIMITS);
      writeFileSync(join(folder, 'pid'), '');
      await clock.advance(60_000);
      process.kill(running, 'SIGTERM');
      await vi.waitFor(() => expect(clock.pendingTimers).toBe(1), LIMITS);
      await clock.advance(1_000);
    }
  });

  test('that is not there is looked for again', async () => {
    const clock = new FakeClock();
    const nothing = { onStart: () => undefined, onOutput: () => undefined, random: () => 0.999 };
    open.push(new KeepRunning({ argv: ['/no/such/program'], clock, ...nothing }));
    await vi.waitFor(() => expect(clock.nextDueMs).toBeCloseTo(1_000, -1), LIMITS);
    await clock.advance(1_000);
    await vi.waitFor(() => expect(clock.nextDueMs).toBeCloseTo(3_000, -1), LIMITS);
  });

  test('goes at its next word where this process was killed', async () => {
    const pidFile = join(folder, 'orphan');
    const program = `import { KeepRunning } from ${JSON.stringify(join(import.meta.dirname, '../../../src/lib/keep-running.ts'))};
      import { systemClock as clock } from ${JSON.stringify(join(import.meta.dirname, '../../../src/lib/system-clock.ts'))};
      import { kill, pid } from 'node:process';
      new KeepRunning({ argv: ['sh', '-c', 'echo $$ > "$1"; echo; while echo; do sleep 0.05; done; exit', 'sh', ${JSON.stringify(pidFile)}],
        clock, random: () => 0, onStart: () => undefined, onOutput: () => kill(pid, 'SIGKILL') });`;
    const script = join(folder, 'agent.ts');
    writeFileSync(script, program);
    const { spawnSync } = await import('node:child_process');
    expect(spawnSync(process.execPath, [script], { timeout: 10_000 }).signal).toBe('SIGKILL');
    const orphan = Number(readFileSync(pidFile, 'utf8'));
    expect(orphan).toBeGreaterThan(0);
    await vi.waitFor(() => expect(isRunning(orphan)).toBe(false), LIMITS);
  });
});
