/**
 * Runs many checks of all kinds in one process, as an agent does, and notes how late each probe starts against its slot,
 * and how late the ones that hang end. A bare process of timers runs beside it. Prints one line of JSON.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { CheckRunner, makeProbe, type Probe, startTimes } from '../../src/checks/index.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import { probeContext } from '../probes/context.ts';
import type { Targets } from '../probes/kind.ts';
import { endWithParent, startTargets } from '../probes/start-targets.ts';
import { type LoopFacts, LoopWatch } from './loop-watch.ts';
import { type MixedCheck, mixedChecks } from './mix.ts';

// As the agent does it when it has started (src/main.ts): without it the young generation grows to 16 MiB.
setFlagsFromString('--semi-space-growth-factor=1');

export interface CadenceRequest {
  readonly checks: number;
  readonly seconds: number;
}

/** Times in ms. */
export interface CadenceAnswer extends LoopFacts {
  /** Of the very first probe of each check, while code is still cold; and of those after the warm-up, against their slots. */
  readonly firstLateness: readonly number[];
  readonly lateness: readonly number[];
  /** Of probes that hang, how long after their timeout they ended. */
  readonly overrun: readonly number[];
  readonly bareLateness: readonly number[];
  /** Probes that neither passed nor were meant to hang, by kind and reason. */
  readonly failures: Readonly<Record<string, number>>;
}

/** A start is a burst of cold code: it has a figure of its own, and is over after this. */
const WARM_UP_MS = 3_000;

/** The probe itself; `onStart` is told when each attempt begins. */
function watched(probe: Probe, onStart: (atMs: number) => void): Probe {
  return {
    attempt(timeoutMs, signal) {
      onStart(systemClock.now());
      return probe.attempt(timeoutMs, signal);
    },
    watch: (onChange) => probe.watch?.(onChange),
    close: () => probe.close(),
  };
}

class Notes {
  readonly firstLateness: number[] = [];
  readonly lateness: number[] = [];
  readonly overrun: number[] = [];
  readonly failures: Record<string, number> = {};
}

type Context = ReturnType<typeof probeContext>;
type Starts = ReturnType<typeof startTimes>[number];

function runnerOf({ spec, kind, isHanging }: MixedCheck, context: Context, times: Starts, notes: Notes) {
  let originMs = 0;
  let startedMs: number | undefined;
  const onStart = (atMs: number): void => {
    const isFirst = startedMs === undefined;
    startedMs = atMs;
    const sinceMs = atMs - originMs;
    if (isFirst) notes.firstLateness.push(sinceMs - times.firstDelayMs);
    else if (sinceMs > WARM_UP_MS) notes.lateness.push((sinceMs - times.phaseMs) % spec.everyMs);
  };
  const runner = new CheckRunner({
    spec,
    probe: watched(makeProbe(spec, context), onStart),
    clock: systemClock,
    ...times,
    onOutcome({ ok, reason, detail }, atMs) {
      const isWarm = atMs - originMs > WARM_UP_MS;
      if (isHanging && reason === 'timeout') {
        if (isWarm) notes.overrun.push(atMs - (startedMs ?? atMs) - spec.timeoutMs);
      } else if (!ok) {
        const why = reason === 'internal-error' ? `${reason} (${detail})` : reason;
        const what = `${isHanging ? 'hanging ' : ''}${kind} ${why}`;
        notes.failures[what] = (notes.failures[what] ?? 0) + 1;
      }
    },
  });
  return {
    start() {
      originMs = systemClock.now();
      runner.start();
    },
    close: () => runner.close(),
  };
}

async function measure({ checks, seconds }: CadenceRequest, targets: Targets): Promise<CadenceAnswer> {
  const notes = new Notes();
  const mixed = mixedChecks(checks, targets);
  const context = probeContext();
  const starts = startTimes(mixed.map(({ spec }) => spec));
  const runners = mixed.flatMap((each, index) => {
    const times = starts[index];
    return times === undefined ? [] : [runnerOf(each, context, times, notes)];
  });
  const bare = runBare(checks, seconds);
  for (const runner of runners) runner.start();
  await pause(WARM_UP_MS);
  const watch = new LoopWatch();
  await pause(seconds * 1_000 - WARM_UP_MS);
  const facts = watch.end();
  await Promise.all(runners.map((runner) => runner.close()));
  return { ...notes, ...facts, bareLateness: await bare };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function runBare(checks: number, seconds: number): Promise<readonly number[]> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'bare-timers.ts'), `${checks}`, `${seconds}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  for await (const part of child.stdout) text += part;
  return JSON.parse(text) as number[];
}

endWithParent();
const { child, targets } = await startTargets();
const answer = await measure(JSON.parse(process.argv[2] ?? '{}') as CadenceRequest, targets);
console.log(JSON.stringify(answer));
child.kill();
