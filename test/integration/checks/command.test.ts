import { expect, test } from 'vitest';
import { commandProbe } from '../../../src/checks/command.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { latenessOf } from '../../support/lateness.ts';

function probe(
  argv: readonly [string, ...string[]],
  timeoutMs = 2_000,
  signal = new AbortController().signal,
) {
  const spec = { type: 'command', argv } as const;
  return commandProbe({ spec, destination: "$& 'x'", clock: systemClock }).attempt(timeoutMs, signal);
}

test('exit status 0 passes', async () => {
  expect(await probe(['true'])).toMatchObject({ ok: true, reason: 'passed', detail: undefined });
});

test('another exit status fails, with the last line that the program said', async () => {
  const script = 'echo one; echo "replication is 90 s behind" >&2; exit 3';
  expect(await probe(['sh', '-c', script])).toMatchObject({
    ok: false,
    reason: 'exit-status',
    detail: 'sh exited with 3: replication is 90 s behind',
  });
});

test('the destination is put into every argument as it is, and no shell reads it', async () => {
  const script = 'printf "%s|%s" "$1" "$2" | tail -n 1; exit 1';
  const outcome = await probe(['sh', '-c', script, 'sh', '%DESTINATION%', 'a%DESTINATION%b%DESTINATION%']);
  expect(outcome.detail).toBe("sh exited with 1: $& 'x'|a$& 'x'b$& 'x'");
});

test('a program that kills itself is told apart from one that is missing', async () => {
  expect(await probe(['sh', '-c', 'kill -TERM $$'])).toMatchObject({
    reason: 'killed',
    detail: 'sh was killed by SIGTERM',
  });
  expect(await probe(['/no/such/program'])).toMatchObject({
    reason: 'spawn-failed',
    detail: '/no/such/program: ENOENT',
  });
});

test('a program that takes too long is a timeout', async () => {
  const { outcome, lateMs } = await latenessOf(60, () => probe(['sleep', '1000'], 60));
  expect(outcome.reason).toBe('timeout');
  expect(lateMs).toBeGreaterThanOrEqual(0);
  expect(lateMs).toBeLessThan(50);
});
