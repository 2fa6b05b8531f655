import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fileProbe } from '../../../src/checks/file.ts';
import { CheckRunner, type Probe } from '../../../src/checks/index.ts';
import type { FileSpec } from '../../../src/checks/spec.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';

let folder = '';
const open: { close(): Promise<void> }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-file-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

function specOf(over: Partial<FileSpec> = {}): FileSpec {
  const none = { contains: undefined, minAgeMs: undefined, maxAgeMs: undefined };
  return { type: 'file', path: join(folder, 'ready'), state: 'exists', ...none, ...over };
}

function probeOf(over: Partial<FileSpec> = {}): Probe {
  const probe = fileProbe({ spec: specOf(over), clock });
  open.push(probe);
  return probe;
}

async function ask(over: Partial<FileSpec> = {}) {
  const { reason, detail } = await probeOf(over).attempt(5_000, new AbortController().signal);
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

const path = () => join(folder, 'ready');

describe('a probe of a file', () => {
  test('sees whether it is there, by way of links too', async () => {
    expect(await ask()).toMatch(/^not-found/);
    writeFileSync(path(), '');
    symlinkSync('ready', join(folder, 'link'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    symlinkSync('circle', join(folder, 'circle'));
    expect(await ask()).toBe('passed');
    expect(await ask({ path: join(folder, 'link') })).toBe('passed');
    expect(await ask({ path: join(folder, 'dangling') })).toMatch(/^not-found/);
    expect(await ask({ path: join(folder, 'dangling'), state: 'absent' })).toBe('passed');
    expect(await ask({ path: join(folder, 'circle') })).toMatch(/^unreadable/);
    expect(await ask({ path: join(path(), 'below-a-file') })).toMatch(/^not-found/);
    expect(await ask({ state: 'absent' })).toMatch(/^found/);
  });

  test('finds a text, also across the pieces that are read', async () => {
    writeFileSync(path(), `${'x'.repeat(65_533)}needle${'y'.repeat(70_000)}`);
    expect(await ask({ contains: 'needle' })).toBe('passed');
    expect(await ask({ contains: 'needles' })).toBe(
      `content-mismatch: the text is not in the 135539 bytes of ${path()}`,
    );
    expect(await ask({ contains: 'MemTotal', path: '/proc/meminfo' })).toBe('passed');
  });

  test('reads no more than 16 MiB', async () => {
    writeFileSync(path(), '');
    truncateSync(path(), 16 * 1_048_576);
    appendFileSync(path(), 'z');
    expect(await ask({ contains: 'z' })).toMatch(/^too-large/);
    expect(await ask()).toBe('passed');
    truncateSync(path(), 16 * 1_048_576 - 1);
    appendFileSync(path(), 'z');
    expect(await ask({ contains: 'z' })).toBe('passed');
  });

  test('looks for text in nothing but regular files, and waits for none of the others', async () => {
    execFileSync('mkfifo', [path()]);
    expect(await ask({ contains: 'x' })).toBe(
      `unreadable: ${path()} is a device, pipe or socket, not a regular file`,
    );
    expect(await ask()).toBe('passed');
    expect(await ask({ contains: 'x', path: folder })).toMatch(/^unreadable.*a directory/);
    expect(await ask({ contains: 'x', path: '/dev/zero' })).toMatch(/^unreadable/);
  });

  test('tells its age by the wall clock', async () => {
    writeFileSync(path(), '');
    const tenSecondsAgo = (Date.now() - 10_000) / 1_000;
    utimesSync(path(), tenSecondsAgo, tenSecondsAgo);
    expect(await ask({ maxAgeMs: 60_000, minAgeMs: 5_000 })).toBe('passed');
    expect(await ask({ maxAgeMs: 5_000 })).toMatch(/^too-old: .* 1\d\.\d s ago/);
    expect(await ask({ minAgeMs: 60_000 })).toMatch(/^too-new/);
  });

  test('is over when it is called off', async () => {
    const stop = new AbortController();
    const attempt = probeOf().attempt(5_000, stop.signal);
    stop.abort();
    expect((await attempt).reason).toBe('killed');
  });
});

/** For a machine that has much else to do; still far less than the cadence. */
const LIMITS = { interval: 2, timeout: 15_000 };

/** A check whose cadence is a minute: what it sees sooner, it was told of. */
function watch(over: Partial<FileSpec> = {}) {
  const told: string[] = [];
  const runner = new CheckRunner({
    spec: {
      name: 'ready',
      destination: '',
      probe: specOf(over),
      rise: 1,
      fall: 1,
      everyMs: 60_000,
      timeoutMs: 5_000,
      tries: 1,
      triesIntervalMs: 0,
      runOnHealthy: undefined,
      runOnUnhealthy: undefined,
    },
    probe: fileProbe({ spec: specOf(over), clock }),
    clock,
    firstDelayMs: 0,
    phaseMs: 60_000,
    onOutcome: ({ reason }) => told.push(reason),
  });
  open.push(runner);
  runner.start();
  return {
    told,
    /** The first probe is over, and the one that follows when its watches stand. */
    watching: () => vi.waitFor(() => expect(told.length).toBeGreaterThanOrEqual(2), LIMITS),
    sees: (reason: string) => vi.waitFor(() => expect(told.at(-1)).toBe(reason), LIMITS),
  };
}

describe('a change is seen without waiting for the cadence', { timeout: 60_000 }, () => {
  test('the file comes, is replaced, and goes', async () => {
    const { watching, sees } = watch({ contains: 'good' });
    await watching();
    await sees('not-found');
    writeFileSync(path(), 'good');
    await sees('passed');
    writeFileSync(join(folder, 'next'), 'bad');
    renameSync(join(folder, 'next'), path());
    await sees('content-mismatch');
    appendFileSync(path(), ' and good');
    await sees('passed');
    unlinkSync(path());
    await sees('not-found');
  });

  test('its directories are made, one after the other, removed and made again', async () => {
    const deep = join(folder, 'a', 'b', 'c');
    const { watching, sees } = watch({ path: join(deep, 'ready') });
    await watching();
    for (let round = 0; round < 2; round += 1) {
      mkdirSync(join(folder, 'a'));
      mkdirSync(deep, { recursive: true });
      writeFileSync(join(deep, 'ready'), '');
      await sees('passed');
      rmSync(join(folder, 'a'), { recursive: true });
      await sees('not-found');
    }
  });

  test('its directory is moved away and comes back', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    writeFileSync(join(inner, 'ready'), '');
    const { watching, sees } = watch({ path: join(inner, 'ready') });
    await watching();
    await sees('passed');
    renameSync(inner, join(folder, 'elsewhere'));
    await sees('not-found');
    renameSync(join(folder, 'elsewhere'), inner);
    await sees('passed');
    unlinkSync(join(inner, 'ready'));
    await sees('not-found');
  });

  test('what a link leads to changes, and the link is swung', async () => {
    for (const name of ['one', 'two']) mkdirSync(join(folder, name));
    symlinkSync('one', join(folder, 'current'));
    symlinkSync('current/ready', path());
    const { watching, sees } = watch();
    await watching();
    await sees('not-found');
    writeFileSync(join(folder, 'one', 'ready'), '');
    await sees('passed');
    symlinkSync('two', join(folder, 'fresh'));
    renameSync(join(folder, 'fresh'), join(folder, 'current'));
    await sees('not-found');
    writeFileSync(join(folder, 'two', 'ready'), '');
    await sees('passed');
    unlinkSync(join(folder, 'two', 'ready'));
    await sees('not-found');
  });

  test('a file of another name beside it is no change', async () => {
    const { told, watching, sees } = watch();
    await watching();
    const before = told.length;
    for (let made = 0; made < 100; made += 1) writeFileSync(join(folder, `other-${made}`), '');
    writeFileSync(path(), '');
    await sees('passed');
    expect(told.length - before).toBeLessThanOrEqual(5);
  });
});
