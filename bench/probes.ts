import { join } from 'node:path';
import { type Bench, type BenchOptions, type Figure, percentile } from './figure.ts';
import { COSTS } from './probes/kind.ts';
import { chosenKinds, KINDS, type Kind } from './probes/kinds.ts';
import type { MeterAnswer, MeterRequest } from './probes/meter.ts';
import { runMeter } from './probes/namespace.ts';

const METER = join(import.meta.dirname, 'probes/meter.ts');

/** What is asked of the whole: of a ping, a share of what the program costs; of the rest, little more than its I/O. */
const TOOL_SHARE = 1 / 20;
const BARE_FACTOR = 1.5;

/** Processor time of probes, of the agent's own process and the children it starts. */
export const bench: Bench = {
  name: 'probes',
  title: 'processor time of 1,000 probes, against the same I/O bare and against the system’s tool',
  async run(options) {
    const figures: Figure[] = [];
    for (const kind of chosenKinds(process.env.BENCH_KINDS, options.say)) {
      const answer = await runMeter<MeterAnswer>(METER, requestOf(kind, options));
      options.say(describe(kind, answer));
      figures.push(...figuresOf(kind, answer));
    }
    return figures;
  },
};

function requestOf(kind: Kind, { isQuick }: BenchOptions): MeterRequest {
  const { probes } = COSTS[KINDS[kind].cost];
  return isQuick
    ? { kind, probes, rounds: 2, toolRuns: 40 }
    : { kind, probes: probes * 2, rounds: 7, toolRuns: 300 };
}

function figuresOf(kind: Kind, answer: MeterAnswer): readonly Figure[] {
  const { title, bound } = KINDS[kind];
  const what = `CPU of 1,000 probes: ${title}`;
  const value = percentile(answer.ours, 0.5);
  const bare = percentile(answer.bare, 0.5);
  const tool = percentile(answer.tool, 0.5);
  const figures: Figure[] = [];
  if (answer.bare.length > 0) {
    figures.push({
      what,
      value,
      unit: 'ms',
      reference: { what: 'the same I/O, bare', value: bare },
      ...(bound === 'bare' ? { bound: { what: `${BARE_FACTOR} × bare`, value: bare * BARE_FACTOR } } : {}),
    });
  }
  if (answer.tool.length > 0) {
    figures.push({
      what,
      value,
      unit: 'ms',
      reference: { what: `starting ${answer.toolName}`, value: tool },
      ...(bound === 'tool' ? { bound: { what: '1/20 of starting it', value: tool * TOOL_SHARE } } : {}),
    });
  }
  return figures;
}

function describe(kind: Kind, { ours, bare, tool, toolAlone, failures }: MeterAnswer): string {
  const show = (values: readonly number[]) => values.map((value) => value.toFixed(0)).join(' ') || 'none';
  const failed = Object.entries(failures).map(([reason, count]) => `, ${count} × ${reason}`);
  return `${kind}: ours ${show(ours)}, bare ${show(bare)}, tool ${show(tool)} (alone ${show(toolAlone)})${failed.join('')}`;
}
