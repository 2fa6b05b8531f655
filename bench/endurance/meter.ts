/**
 * Makes probes of one kind, one after the other in each of several workers, and notes what this process holds: memory all
 * the while, heap and descriptors before and after. Then against peers that do not answer. Prints one line of JSON.
 */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makeProbe, type Probe, type ProbeReason } from '../../src/checks/index.ts';
import { probeContext } from '../probes/context.ts';
import { FAULTS, type Fault, type Targets, withFault } from '../probes/kind.ts';
import { checkOf, KINDS, type Kind } from '../probes/kinds.ts';
import { endWithParent, startTargets } from '../probes/start-targets.ts';

// As the agent does it when it has started (src/main.ts): without it the young generation grows to 16 MiB.
setFlagsFromString('--semi-space-growth-factor=1');

export interface EnduranceRequest {
  readonly kind: Kind;
  /** It ends after so many probes, or when the time is over. */
  readonly probes: number;
  readonly limitMs: number;
  /** Against each kind of peer that does not answer. */
  readonly faultyProbes: number;
}

export interface EnduranceAnswer extends Course {
  /** Resident memory at equal distances of time, MiB. */
  readonly rssMiB: readonly number[];
  readonly faults: Readonly<Partial<Record<Fault, Course>>>;
}

/** A number of probes, and what is held before and after them, with none under way. */
export interface Course {
  readonly probes: number;
  readonly tookMs: number;
  readonly reasons: Readonly<Partial<Record<ProbeReason, number>>>;
  readonly before: Held;
  readonly after: Held;
}

export interface Held {
  /** What is in use of V8's heap and outside it, after a collection. */
  readonly heapMiB: number;
  readonly descriptors: number;
}

const WORKERS = 8;
const FAULTY_WORKERS = 20;
const TIMEOUT_MS = 2_000;
const FAULTY_TIMEOUT_MS = 20;
const WARM_UP_SHARE = 0.1;
const SAMPLE_MS = 50;
/** What was closed just now is gone after this at the latest. */
const SETTLE_MS = 1_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Work {
  readonly probes: number;
  readonly limitMs: number;
  readonly timeoutMs: number;
  readonly onProbe: () => void;
}

/** Lets all probes work until there were enough; gives how they ended. */
async function work(all: readonly Probe[], { probes, limitMs, timeoutMs, onProbe }: Work) {
  const untilMs = performance.now() + limitMs;
  const reasons: Partial<Record<ProbeReason, number>> = {};
  let begun = 0;
  await Promise.all(
    all.map(async (probe) => {
      const { signal } = new AbortController();
      while (begun < probes && performance.now() < untilMs) {
        begun += 1;
        const { reason } = await probe.attempt(timeoutMs, signal);
        reasons[reason] = (reasons[reason] ?? 0) + 1;
        onProbe();
      }
    }),
  );
  return { probes: begun, reasons };
}

/** The fewest descriptors within a moment: those of the last probe are closed in later turns of the loop. */
async function held(): Promise<Held> {
  const untilMs = performance.now() + SETTLE_MS;
  let descriptors = countDescriptors();
  while (performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    descriptors = Math.min(descriptors, countDescriptors());
  }
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return { heapMiB: (heapUsed + external) / 2 ** 20, descriptors };
}

function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

async function course(all: readonly Probe[], whole: Work): Promise<Course> {
  const { probes, limitMs } = whole;
  const warmUp = {
    probes: probes * WARM_UP_SHARE,
    limitMs: limitMs * WARM_UP_SHARE,
    onProbe: () => undefined,
  };
  await work(all, { ...whole, ...warmUp });
  const before = await held();
  const fromMs = performance.now();
  const made = await work(all, whole);
  const tookMs = performance.now() - fromMs;
  return { ...made, tookMs, before, after: await held() };
}

function makeProbes(kind: Kind, targets: Targets, count: number): readonly Probe[] {
  const check = checkOf(kind, targets);
  const context = probeContext();
  const all = Array.from({ length: count }, () => makeProbe(check, context));
  for (const probe of all) probe.watch?.(() => undefined);
  return all;
}

async function measure(request: EnduranceRequest, targets: Targets): Promise<EnduranceAnswer> {
  const { kind, faultyProbes } = request;
  const rssMiB: number[] = [];
  let nextMs = 0;
  const onProbe = (): void => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + SAMPLE_MS;
    rssMiB.push(process.memoryUsage.rss() / 2 ** 20);
  };
  const healthy = makeProbes(kind, targets, WORKERS);
  const answer = await course(healthy, { ...request, timeoutMs: TIMEOUT_MS, onProbe });
  await Promise.all(healthy.map((probe) => probe.close()));
  const faults: Partial<Record<Fault, Course>> = {};
  for (const fault of FAULTS[KINDS[kind].peer]) {
    const faulty = makeProbes(kind, withFault(targets, fault), FAULTY_WORKERS);
    const limits = { probes: faultyProbes, limitMs: Number.POSITIVE_INFINITY };
    faults[fault] = await course(faulty, {
      ...limits,
      timeoutMs: FAULTY_TIMEOUT_MS,
      onProbe: () => undefined,
    });
    await Promise.all(faulty.map((probe) => probe.close()));
  }
  return { ...answer, rssMiB, faults };
}

endWithParent();
const { child, targets } = await startTargets();
const request = JSON.parse(process.argv[2] ?? '{}') as EnduranceRequest;
console.log(JSON.stringify(await measure(request, targets)));
child.kill();
