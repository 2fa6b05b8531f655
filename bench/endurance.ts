import { join } from 'node:path';
import type { Course, EnduranceAnswer, EnduranceRequest } from './endurance/meter.ts';
import type { Bench, Figure } from './figure.ts';
import { trendOf } from './memory/trend.ts';
import { chosenKinds, KINDS, type Kind } from './probes/kinds.ts';
import { runMeter } from './probes/namespace.ts';

const METER = join(import.meta.dirname, 'endurance/meter.ts');
const PROBES = 1_000_000;
const QUICK_PROBES = 5_000;
const FAULTY_PROBES = 2_000;
/** Of a kind that costs more than packets. */
const LIMIT_MS = 60_000;
const QUICK_LIMIT_MS = 5_000;
/** A kind of packets takes minutes; a loaded machine may take several times as long. */
const MOST_MS = 3_600_000;
const PART = 100_000;
/** A byte for each probe is little enough to be noise of what V8 keeps for later. */
const FLAT_MIB = PART / 2 ** 20;

/** Whether a process's memory and descriptors stay as they are over a million probes of a kind, and where peers hang. */
export const bench: Bench = {
  name: 'endurance',
  title:
    'memory and descriptors of a process over 1,000,000 probes of each kind, and over probes of silent peers',
  async run({ isQuick, say }) {
    const figures: Figure[] = [];
    for (const kind of chosenKinds(process.env.BENCH_KINDS, say)) {
      const answer = await runMeter<EnduranceAnswer>(METER, requestOf(kind, isQuick), 2 * MOST_MS);
      say(describe(kind, answer));
      figures.push(...figuresOf(kind, answer));
    }
    return figures;
  },
};

function requestOf(kind: Kind, isQuick: boolean): EnduranceRequest {
  const isCheap = KINDS[kind].cost === 'packets';
  const limitMs = isCheap ? MOST_MS : isQuick ? QUICK_LIMIT_MS : LIMIT_MS;
  return { kind, probes: isQuick ? QUICK_PROBES : PROBES, limitMs, faultyProbes: FAULTY_PROBES };
}

function figuresOf(kind: Kind, answer: EnduranceAnswer): readonly Figure[] {
  const { title } = KINDS[kind];
  const { rise, margin } = trendOf(answer.rssMiB);
  const parts = answer.probes / PART;
  const [value, noise] = [rise / parts, margin / parts];
  const { before, after } = answer;
  return [
    {
      what: `${title}, ${answer.probes} probes: RSS, growth over 100,000 (± ${noise.toFixed(2)})`,
      value,
      unit: 'MiB',
      bound: { what: 'flat: noise, or a byte each', value: Math.max(noise, FLAT_MIB) },
    },
    {
      what: `${title}: heap and buffers after collection, end against begin`,
      value: after.heapMiB,
      unit: 'MiB',
      reference: { what: 'after the warm-up', value: before.heapMiB },
    },
    descriptors(title, 'all well', answer),
    ...Object.entries(answer.faults).map(([fault, course]) =>
      descriptors(title, FAULT_TEXTS[fault] ?? fault, course),
    ),
  ];
}

const FAULT_TEXTS: Readonly<Record<string, string>> = {
  dropped: 'packets dropped',
  silent: 'peer silent',
  closing: 'peer hangs up',
};

function descriptors(title: string, how: string, { before, after }: Course): Figure {
  return {
    what: `${title}: descriptors, ${how}, end against begin`,
    value: after.descriptors,
    unit: 'count',
    reference: { what: 'after the warm-up', value: before.descriptors },
    bound: { what: 'flat', value: before.descriptors },
  };
}

function describe(kind: Kind, answer: EnduranceAnswer): string {
  const told = ({ probes, tookMs, reasons, before, after }: Course): string => {
    const ends = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
    const heap = `heap ${before.heapMiB.toFixed(2)} → ${after.heapMiB.toFixed(2)} MiB`;
    return `${probes} probes in ${(tookMs / 1_000).toFixed(0)} s (${ends.join(', ')}), ${heap}`;
  };
  const faults = Object.entries(answer.faults).map(([fault, course]) => `; ${fault}: ${told(course)}`);
  return `${kind}: ${told(answer)}${faults.join('')}`;
}
