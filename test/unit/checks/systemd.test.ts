import { describe, expect, test } from 'vitest';
import { judgeShown } from '../../../src/checks/systemd.ts';
import type { CommandEnd } from '../../../src/lib/run-command.ts';

function judged(stdout: string, over: Partial<{ state: string; output: string; end: CommandEnd }> = {}) {
  const { state = 'active', output = stdout, end = { status: 'exited', code: 0 } } = over;
  const spec = { type: 'systemd', unit: 'nginx.service', state } as const;
  const { reason, detail } = judgeShown(spec, { ...end, output, stdout, durationMs: 1 });
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

function shown(load: string, active: string, sub: string): string {
  return `LoadState=${load}\nActiveState=${active}\nSubState=${sub}\n`;
}

describe('what systemctl shows', () => {
  test.each([
    ['active', 'active', 'passed'],
    ['active', 'reloading', 'passed'],
    ['active', 'refreshing', 'passed'],
    ['failed', 'failed', 'passed'],
    ['inactive', 'inactive', 'passed'],
  ])('wanted %s, a unit that is %s is %s', (state, active, reason) => {
    expect(judged(shown('loaded', active, 'x'), { state })).toBe(reason);
  });

  test('of a unit in another state names that', () => {
    expect(judged(shown('loaded', 'activating', 'auto-restart'))).toBe(
      'inactive: nginx.service is activating (auto-restart), not active',
    );
    expect(judged(shown('loaded', 'reloading', 'reload'), { state: 'failed' })).toMatch(/^inactive/);
    expect(judged(shown('masked', 'inactive', 'dead'))).toBe(
      'inactive: nginx.service is inactive (dead, masked), not active',
    );
  });

  test('of a unit that there is none of is not found, even where inactive is wanted', () => {
    const text = shown('not-found', 'inactive', 'dead');
    expect(judged(text)).toBe('not-found: systemd knows no unit nginx.service');
    expect(judged(text, { state: 'inactive' })).toMatch(/^not-found/);
  });

  test.each(['', 'ActiveState', 'SubState=running\n', '\0\n=active\n'])('as %j is no answer', (text) => {
    expect(judged(text)).toMatch(/^protocol-error/);
  });
});

describe('where systemctl can not say', () => {
  const failed = { end: { status: 'exited', code: 1 } } as const;

  test('systemd may not run here', () => {
    const output =
      "System has not been booted with systemd as init system (PID 1). Can't operate.\n" +
      'Failed to connect to bus: Host is down\n';
    expect(judged('', { ...failed, output })).toBe(
      "unreachable: no systemd answers here: System has not been booted with systemd as init system (PID 1). Can't operate.",
    );
  });

  test('we may not be allowed to ask', () => {
    const output = 'Failed to get properties: Access denied\n';
    expect(judged('', { ...failed, output })).toBe(
      'not-permitted: systemctl exited with 1: Failed to get properties: Access denied',
    );
  });

  test('it may fail otherwise, even after it has said something', () => {
    expect(judged(shown('loaded', 'active', 'running'), { ...failed, output: 'oops\n' })).toBe(
      'exit-status: systemctl exited with 1: oops',
    );
  });

  test.each([
    [{ status: 'spawn-failed', code: 'ENOENT' }, 'spawn-failed: systemctl is not here'],
    [{ status: 'spawn-failed', code: 'EACCES' }, "spawn-failed: systemctl can't be run: EACCES"],
    [{ status: 'spawn-failed', code: 'EMFILE' }, "internal-error: systemctl can't be run: EMFILE"],
    [{ status: 'timeout' }, 'timeout: systemctl was killed, as it took too long'],
    [{ status: 'signaled', signal: 'SIGKILL' }, 'killed: systemctl was killed by SIGKILL'],
  ] as const)('%o', (end, told) => {
    expect(judged(shown('loaded', 'active', 'running'), { end })).toBe(told);
  });
});
