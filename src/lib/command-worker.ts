/**
 * The program of a thread that starts commands and waits for them (`command-thread.ts` is its other end). A file of its
 * own, which the build makes an entry point of: a Worker is started by a file name.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type CommandRequest, CommandRun, type RunReport } from './command-run.ts';

export type WorkerOrder =
  | { readonly kind: 'start'; readonly id: number; readonly request: CommandRequest }
  | { readonly kind: 'kill'; readonly id: number }
  /** The process ends: kill all that may not survive it. */
  | { readonly kind: 'end' };

export type WorkerWord =
  | { readonly kind: 'ready' }
  /** It has been started, or could not be: then there is no pid, and a report follows. */
  | { readonly kind: 'begun'; readonly id: number; readonly pid: number | undefined }
  | { readonly kind: 'ended'; readonly id: number; readonly report: RunReport };

/** `isEnded` is one number, 0 until the order to end has been carried out. */
export interface WorkerData {
  readonly isEnded: Int32Array<SharedArrayBuffer>;
}

if (parentPort !== null) serve(parentPort, workerData as WorkerData);

function serve(port: MessagePort, { isEnded }: WorkerData): void {
  const runs = new Map<number, { readonly run: CommandRun; readonly survivesExit: boolean }>();
  const say = (word: WorkerWord): void => port.postMessage(word);
  const start = (id: number, request: CommandRequest): void => {
    const run = new CommandRun(request, (report) => {
      runs.delete(id);
      say({ kind: 'ended', id, report });
    });
    runs.set(id, { run, survivesExit: request.survivesExit === true });
    say({ kind: 'begun', id, pid: run.pid });
  };
  const end = (): void => {
    for (const { run, survivesExit } of [...runs.values()]) if (!survivesExit) run.kill();
    Atomics.store(isEnded, 0, 1);
    Atomics.notify(isEnded, 0);
  };
  port.on('message', (order: WorkerOrder) => {
    if (order.kind === 'start') start(order.id, order.request);
    else if (order.kind === 'kill') runs.get(order.id)?.run.kill();
    else end();
  });
  say({ kind: 'ready' });
}
