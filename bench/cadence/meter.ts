/**
 * Runs many checks of all kinds in one process, as an agent does, and notes how late each probe starts against its slot,
 * and how late the ones that hang end. A bare process of timers runs beside it. Prints one line of JSON.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CheckRunner, type CheckSpec, makeProbe, type Probe, startTimes } from '../../src/checks/index.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import { checkOf, type Kind, type Targets } from '../probes/kinds.ts';
import { startTargets } from '../probes/start-targets.ts';

export interface CadenceRequest {
  readonly checks: number;
  readonly seconds: number;
}

/** All in ms. */
export interface CadenceAnswer {
  /** Of the very first probe of each check, while code is still cold; and of those after the warm-up, against their slots. */
  readonly firstLateness: readonly number[];
  readonly lateness: readonly number[];
  readonly overrun: readonly number[];
  readonly bareLateness: readonly number[];
  /** Probes that neither passed nor were meant to hang. */
  readonly failures: number;
}

const EVERY_MS = 1_000;
const HANG_TIMEOUT_MS = 200;
/** A start is a burst of cold code: it has a figure of its own, and is over after this. */
const WARM_UP_MS = 3_000;

/** Mostly cheap ones; one in ten hangs, one in 50 does a handshake, one in 250 starts a process. */
function kindAt(index: number): Kind | 'hang' {
  const place = index % 50;
  if (index % 250 === 7) return 'command';
  if (place === 17) return 'https';
  if (place % 10 === 3) return 'hang';
  return (['ping', 'tcp', 'http', 'tcp-answer'] as const)[place % 4] ?? 'ping';
}

function specAt(index: number, targets: Targets): CheckSpec {
  const kind = kindAt(index);
  if (kind !== 'hang') return { ...checkOf(kind, targets), everyMs: EVERY_MS };
  // The service answers only who asks: one that waits without asking waits in vain.
  const spec = checkOf('tcp-answer', targets);
  const probe = spec.probe.type === 'tcp' ? { ...spec.probe, send: undefined } : spec.probe;
  return { ...spec, probe, everyMs: EVERY_MS, timeoutMs: HANG_TIMEOUT_MS };
}

/** The probe itself; `onStart` is told when each attempt begins. */
function watched(probe: Probe, onStart: (atMs: number) => void): Probe {
  return {
    attempt(timeoutMs, signal) {
      onStart(systemClock.now());
      return probe.attempt(timeoutMs, signal);
    },
    close: () => probe.close(),
  };
}

async function measure({ checks, seconds }: CadenceRequest, targets: Targets): Promise<CadenceAnswer> {
  const firstLateness: number[] = [];
  const lateness: number[] = [];
  const overrun: number[] = [];
  let failures = 0;
  const specs = Array.from({ length: checks }, (_, index) => specAt(index, targets));
  const starts = startTimes(specs);
  const runners = specs.map((spec, index) => {
    const { firstDelayMs = 0, phaseMs = 0 } = starts[index] ?? {};
    let originMs = 0;
    let startedMs: number | undefined;
    const onStart = (atMs: number): void => {
      const isFirst = startedMs === undefined;
      startedMs = atMs;
      const sinceMs = atMs - originMs;
      if (isFirst) firstLateness.push(sinceMs - firstDelayMs);
      else if (sinceMs > WARM_UP_MS) lateness.push((sinceMs - phaseMs) % spec.everyMs);
    };
    const runner = new CheckRunner({
      spec,
      probe: watched(makeProbe(spec, { clock: systemClock, version: '0' }), onStart),
      clock: systemClock,
      firstDelayMs,
      phaseMs,
      onOutcome({ ok }, atMs) {
        const isWarm = atMs - originMs > WARM_UP_MS;
        if (kindAt(index) === 'hang' && isWarm) overrun.push(atMs - (startedMs ?? atMs) - spec.timeoutMs);
        else if (!ok && kindAt(index) !== 'hang') failures += 1;
      },
    });
    return {
      start() {
        originMs = systemClock.now();
        runner.start();
      },
      close: () => runner.close(),
    };
  });
  const bare = runBare(checks, seconds);
  for (const runner of runners) runner.start();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  await Promise.all(runners.map((runner) => runner.close()));
  return { firstLateness, lateness, overrun, bareLateness: await bare, failures };
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

const { child, targets } = await startTargets();
const answer = await measure(JSON.parse(process.argv[2] ?? '{}') as CadenceRequest, targets);
console.log(JSON.stringify(answer));
child.kill();
