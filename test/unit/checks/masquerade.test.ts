import { expect, test } from 'vitest';
import { MasqueradeSearch } from '../../../src/checks/masquerade.ts';
import type { CommandResult, runCommand } from '../../../src/lib/run-command.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const NO_RULES: CommandResult = { status: 'exited', code: 0, output: '', stdout: '', durationMs: 1 };

function searching(nft: CommandResult) {
  const run: typeof runCommand = async ({ argv }) => (argv[0] === 'nft' ? nft : NO_RULES);
  const { signal } = new AbortController();
  return new MasqueradeSearch(run).search(['ipv4'], { clock: new FakeClock(), timeoutMs: 1_000, signal });
}

test.each([
  'EMFILE',
  'EAGAIN',
  'ENOMEM',
])('rules are not missing where their program could not be begun (%s)', async (code) => {
  const failed = { output: '', stdout: undefined, durationMs: 0 };
  const { reason } = await searching({ status: 'spawn-failed', code, ...failed });
  expect(reason).toBe('internal-error');
});

test('rules are missing where their program is not installed, and another has none', async () => {
  const failed = { output: '', stdout: undefined, durationMs: 0 };
  const { reason } = await searching({ status: 'spawn-failed', code: 'ENOENT', ...failed });
  expect(reason).toBe('masquerade-missing');
});
