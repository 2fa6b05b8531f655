import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { CommandRequest, RunReport } from '../../../src/lib/command-run.ts';
import { CommandStarter } from '../../../src/lib/command-starter.ts';
import type { CommandWorker } from '../../../src/lib/command-thread.ts';
import type { WorkerData, WorkerOrder, WorkerWord } from '../../../src/lib/command-worker.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A thread that does what it is told to, when the test says so. */
class FakeWorker extends EventEmitter implements CommandWorker {
  readonly orders: WorkerOrder[] = [];
  readonly #isEnded: Int32Array;
  isHolding = true;
  isTerminated = false;

  constructor({ isEnded }: WorkerData) {
    super();
    this.#isEnded = isEnded;
  }

  postMessage(order: WorkerOrder): void {
    this.orders.push(order);
    if (order.kind === 'end') Atomics.store(this.#isEnded, 0, 1);
  }

  ref(): void {
    this.isHolding = true;
  }

  unref(): void {
    this.isHolding = false;
  }

  async terminate(): Promise<number> {
    this.isTerminated = true;
    return 1;
  }

  say(word: WorkerWord): void {
    this.emit('message', word);
  }

  /** Programs in the order in which they were to be started, and those of them that were to be killed. */
  get told(): readonly string[] {
    const programs = new Map<number, string>();
    return this.orders.map((order) => {
      if (order.kind === 'start') programs.set(order.id, order.request.argv[0] ?? '');
      return order.kind === 'end' ? 'end' : `${order.kind} ${programs.get(order.id)}`;
    });
  }

  /** The start that it was last told to make. */
  get lastId(): number {
    const started = this.orders.flatMap((order) => (order.kind === 'start' ? [order.id] : []));
    return started.at(-1) ?? 0;
  }

  begin(): number {
    const id = this.lastId;
    this.say({ kind: 'begun', id, pid: undefined });
    return id;
  }

  finish(id: number, code = 0): void {
    this.say({
      kind: 'ended',
      id,
      report: { end: { status: 'exited', code }, output: '', stdout: undefined },
    });
  }
}

class Stage {
  readonly clock = new FakeClock();
  readonly workers: FakeWorker[] = [];
  readonly turns: string[] = [];
  readonly ends: string[] = [];
  readonly starter = new CommandStarter({
    clock: this.clock,
    makeWorker: (data) => {
      const worker = new FakeWorker(data);
      this.workers.push(worker);
      return worker;
    },
  });

  start(program: string, request: Partial<CommandRequest> = {}): () => void {
    return this.starter.start(
      { argv: [program], ...request },
      {
        onTurn: () => this.turns.push(program),
        onReport: ({ end }: RunReport) => this.ends.push(`${program} ${end.status}`),
      },
    );
  }

  worker(index: number): FakeWorker {
    const worker = this.workers[index];
    if (worker === undefined) throw new Error(`there is no thread ${index}`);
    return worker;
  }
}

/** A thread that is up. The command that it was made for cannot be started anywhere, and has not touched the thread. */
async function staged(): Promise<Stage> {
  const stage = new Stage();
  stage.start('');
  await stage.clock.advance(0);
  expect(stage.ends.splice(0)).toEqual([' spawn-failed']);
  stage.turns.splice(0);
  stage.worker(0).say({ kind: 'ready' });
  return stage;
}

describe('commands in a thread', () => {
  test('start one after the other, and end in any order', async () => {
    const stage = await staged();
    const worker = stage.worker(0);
    for (const program of ['a', 'b', 'c']) stage.start(program);
    expect(worker.told).toEqual(['start a']);
    const a = worker.begin();
    expect(worker.told).toEqual(['start a', 'start b']);
    const b = worker.begin();
    worker.begin();
    worker.finish(b);
    worker.finish(a, 1);
    expect([stage.turns, stage.ends]).toEqual([
      ['a', 'b', 'c'],
      ['b exited', 'a exited'],
    ]);
  });

  test('hold the process exactly while there are some', async () => {
    const stage = await staged();
    expect(stage.worker(0).isHolding).toBe(false);
    stage.start('a');
    expect(stage.worker(0).isHolding).toBe(true);
    stage.worker(0).finish(stage.worker(0).begin());
    expect(stage.worker(0).isHolding).toBe(false);
  });

  test('are killed by the thread, also while they are being started', async () => {
    const stage = await staged();
    const killA = stage.start('a');
    stage.worker(0).begin();
    const killB = stage.start('b');
    killB();
    killA();
    expect(stage.worker(0).told).toEqual(['start a', 'start b', 'kill b', 'kill a']);
  });

  test('never start where they were called off before their turn', async () => {
    const stage = await staged();
    stage.start('a');
    stage.start('b')();
    expect(stage.ends).toEqual(['b lost']);
    stage.worker(0).begin();
    expect([stage.worker(0).told, stage.turns]).toEqual([['start a'], ['a']]);
  });
});

describe('a start that hangs', () => {
  async function hanging(): Promise<Stage> {
    const stage = await staged();
    stage.start('hangs');
    await stage.clock.advance(1_001);
    return stage;
  }

  test('leaves other programs to another thread, and its own program to itself', async () => {
    const stage = await hanging();
    stage.start('hangs');
    expect(stage.workers).toHaveLength(1);
    stage.start('a');
    stage.start('b');
    expect(stage.workers).toHaveLength(2);
    stage.worker(1).say({ kind: 'ready' });
    expect(stage.worker(1).told).toEqual(['start a']);
    stage.worker(1).begin();
    expect(stage.worker(1).told).toEqual(['start a', 'start b']);
  });

  test('is to be told from a wait for others: who waits for the same program is killed in time, as it is', async () => {
    const stage = await hanging();
    stage.start('hangs')();
    stage.start('a')();
    expect(stage.ends).toEqual(['hangs killed', 'a lost']);
  });

  test('that ends after all makes one thread again', async () => {
    const stage = await hanging();
    stage.start('a');
    stage.worker(1).say({ kind: 'ready' });
    stage.worker(1).begin();
    const id = stage.worker(0).begin();
    stage.worker(0).finish(id);
    expect(stage.workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
    stage.start('b');
    expect(stage.worker(1).told).toEqual(['start a', 'start b']);
  });

  test('takes four threads at most; then who is not begun in time is not judged', async () => {
    const stage = await hanging();
    for (const [index, program] of ['b', 'c', 'd'].entries()) {
      stage.start(program);
      stage.worker(index + 1).say({ kind: 'ready' });
      await stage.clock.advance(1_001);
    }
    const kill = stage.start('e');
    expect(stage.workers).toHaveLength(4);
    kill();
    expect(stage.ends).toEqual(['e lost']);
  });
});

describe('a thread that dies', () => {
  test('loses what it had begun, and what it was to kill is killed', async () => {
    const stage = await staged();
    stage.start('a');
    stage.worker(0).begin();
    const killB = stage.start('b');
    stage.worker(0).begin();
    killB();
    stage.worker(0).emit('error', new Error('out of memory'));
    stage.worker(0).emit('exit', 1);
    expect(stage.ends).toEqual(['a lost', 'b killed']);
  });

  test('leaves the rest to the loop, and is followed by another after a minute', async () => {
    const stage = await staged();
    stage.start('a');
    stage.start('');
    const kill = stage.start('b');
    kill();
    stage.worker(0).begin();
    stage.worker(0).emit('exit', 1);
    stage.start('');
    await stage.clock.advance(59_999);
    expect([stage.ends, stage.workers.length]).toEqual([
      ['b lost', 'a lost', ' spawn-failed', ' spawn-failed'],
      1,
    ]);
    await stage.clock.advance(1);
    stage.start('');
    expect(stage.workers).toHaveLength(2);
  });
});

describe('at the end of the process', () => {
  test('a thread that has something is told to end it, and one that has nothing is not', async () => {
    const stage = await staged();
    expect(stage.starter.end()).toBe(true);
    expect(stage.worker(0).told).toEqual([]);
    stage.start('a');
    expect(stage.starter.end()).toBe(true);
    expect(stage.worker(0).told).toEqual(['start a', 'end']);
  });
});
