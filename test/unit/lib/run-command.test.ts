import { describe, expect, test } from 'vitest';
import type { RunEnd } from '../../../src/lib/command-run.ts';
import type { CommandStarter } from '../../../src/lib/command-starter.ts';
import { type CommandOptions, runCommand } from '../../../src/lib/run-command.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

type Watcher = Parameters<CommandStarter['start']>[1];

/** A command that does what the test says. */
class Stage {
  readonly clock = new FakeClock();
  readonly abort = new AbortController();
  kills = 0;
  #watcher: Watcher | undefined;

  run(options: Partial<CommandOptions> = {}) {
    const start: CommandStarter['start'] = (_request, watcher) => {
      this.#watcher = watcher;
      return () => {
        this.kills += 1;
      };
    };
    const { clock, abort } = this;
    const all = { argv: ['it'], timeoutMs: 1_000, clock, signal: abort.signal, ...options };
    return runCommand(all, { start });
  }

  turn(): void {
    this.#watcher?.onTurn();
  }

  report(end: RunEnd, output = 'said'): void {
    this.#watcher?.onReport({ end, output, stdout: undefined });
  }
}

function isPending(result: Promise<unknown>): Promise<boolean> {
  return Promise.race([result.then(() => false), settle().then(() => true)]);
}

const EXITED: RunEnd = { status: 'exited', code: 0 };

describe('a command that is asked to end', () => {
  test('has timed out, with what it had said', async () => {
    const stage = new Stage();
    const result = stage.run();
    stage.turn();
    await stage.clock.advance(999);
    expect(stage.kills).toBe(0);
    await stage.clock.advance(1);
    expect(stage.kills).toBe(1);
    stage.report({ status: 'killed' });
    expect(await result).toMatchObject({ status: 'timeout', output: 'said', durationMs: 1_000 });
    expect(stage.clock.pendingTimers).toBe(0);
  });

  test('has ended by itself where it did so before it was killed', async () => {
    const stage = new Stage();
    const result = stage.run();
    stage.turn();
    await stage.clock.advance(1_000);
    stage.report(EXITED);
    expect(await result).toMatchObject({ status: 'exited', code: 0 });
  });

  test('is waited for only 50 ms', async () => {
    const stage = new Stage();
    const result = stage.run();
    stage.turn();
    await stage.clock.advance(1_049);
    expect(await isPending(result)).toBe(true);
    await stage.clock.advance(1);
    expect(await result).toMatchObject({ status: 'timeout', output: '', durationMs: 1_050 });
    stage.report(EXITED);
    expect(stage.clock.pendingTimers).toBe(0);
  });

  test('was killed where it was called off, before or after its timeout', async () => {
    const stage = new Stage();
    const result = stage.run();
    stage.abort.abort();
    await stage.clock.advance(49);
    stage.report({ status: 'killed' });
    expect(await result).toMatchObject({ status: 'signaled', signal: 'SIGKILL', durationMs: 49 });
    expect(stage.kills).toBe(1);
    await stage.clock.advance(10_000);
    expect(stage.kills).toBe(1);
  });
});

describe('a turn that is waited for', () => {
  test('is no time of the command: as much is given again', async () => {
    const stage = new Stage();
    const result = stage.run();
    await stage.clock.advance(200);
    stage.turn();
    await stage.clock.advance(999);
    expect(stage.kills).toBe(0);
    await stage.clock.advance(1);
    expect(stage.kills).toBe(1);
    stage.report({ status: 'killed' });
    expect(await result).toMatchObject({ status: 'timeout', durationMs: 1_200 });
  });

  test.each([
    ['50 ms is not worth it', 50, 1_000],
    ['no more than 250 ms are given', 900, 1_250],
  ])('%s', async (_name, waitMs, endMs) => {
    const stage = new Stage();
    void stage.run();
    await stage.clock.advance(waitMs);
    stage.turn();
    await stage.clock.advance(endMs - 1 - waitMs);
    expect(stage.kills).toBe(0);
    await stage.clock.advance(1);
    expect(stage.kills).toBe(1);
  });

  test('in vain says nothing of the command', async () => {
    const stage = new Stage();
    const result = stage.run();
    await stage.clock.advance(1_000);
    stage.report({ status: 'lost' }, '');
    expect(await result).toMatchObject({ status: 'spawn-failed', code: 'EAGAIN', durationMs: 1_000 });
  });

  test('in vain is a command that was called off, where it was', async () => {
    const stage = new Stage();
    const result = stage.run();
    stage.abort.abort();
    stage.report({ status: 'lost' }, '');
    expect(await result).toMatchObject({ status: 'signaled', signal: 'SIGKILL' });
  });
});
