import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { CommandStarter } from '../../src/lib/command-starter.ts';
import { type CommandWorker, makeCommandWorker } from '../../src/lib/command-thread.ts';
import { runCommand } from '../../src/lib/run-command.ts';
import { systemClock } from '../../src/lib/system-clock.ts';

/** A starter that has no thread. */
export function starterOnLoop(): CommandStarter {
  const makeWorker = (): CommandWorker => {
    throw new Error('no thread to be had');
  };
  return new CommandStarter({ makeWorker, clock: systemClock });
}

/** A starter whose thread is up, and that thread. */
export async function starterInThread(): Promise<{
  readonly starter: CommandStarter;
  readonly worker: Worker;
}> {
  const workers: Worker[] = [];
  const starter = new CommandStarter({
    clock: systemClock,
    makeWorker(data) {
      const worker = makeCommandWorker(data);
      workers.push(worker);
      return worker;
    },
  });
  await runCommand({ argv: ['true'], timeoutMs: 20_000 }, starter);
  const [worker] = workers;
  if (worker === undefined) throw new Error('no thread was made');
  // It says so once it is up, and nothing else by itself.
  const deadline = AbortSignal.timeout(20_000);
  while (!starter.hasThread) await once(worker, 'message', { signal: deadline });
  return { starter, worker };
}
