import { generate } from './generate.ts';
import { describeEvent } from './happen.ts';
import { type RunResult, run, type TimelineEntry } from './run.ts';
import type { Script } from './script.ts';
import { shrink } from './shrink.ts';

/** The last lines of a long timeline say why; the first ones are the fleet's start. */
const MAX_LINES = 120;

/** A failing seed as a person reads it: the smallest script that fails in the same way, and what happens in it. */
export async function tell(seed: number): Promise<string> {
  const full = generate(seed);
  const { violation } = await run(full);
  if (violation === undefined) return tellRun(full, 'no invariant is broken');
  const { invariant } = violation;
  const script = await shrink(
    full,
    async (smaller) => (await run(smaller)).violation?.invariant === invariant,
  );
  const left = `${script.events.length} of ${full.events.length} events are left`;
  return tellRun(script, `${violation.invariant} is broken; made smaller, ${left}`);
}

async function tellRun(script: Script, verdict: string): Promise<string> {
  const entries: TimelineEntry[] = [];
  const result = await run(script, { note: (entry) => entries.push(entry) });
  const { fleet } = script;
  const hidden = Math.max(0, entries.length - MAX_LINES);
  return [
    `seed ${script.seed}: ${verdict}`,
    `fleet: ${fleet.names.length} agents, checks every ${fleet.everyMs} ms (rise ${fleet.rise}, fall ${fleet.fall}), poll ${fleet.pollMs} ms`,
    `       ${JSON.stringify(fleet)}`,
    'events:',
    ...script.events.map((event) => `  ${seconds(event.atMs)} ${describeEvent(event)}`),
    'what happened (· is fate, a name with a number a later process of that instance):',
    ...(hidden > 0 ? [`  … ${hidden} lines before`] : []),
    ...entries.slice(hidden).map(({ atMs, who, what }) => `  ${seconds(atMs)} ${who.padEnd(4)} ${what}`),
    ...ending(result),
  ].join('\n');
}

function ending({ violation, simulatedMs }: RunResult): readonly string[] {
  if (violation === undefined) return [`  ${seconds(simulatedMs)} the end`];
  const who = (violation.process ?? '*').padEnd(4);
  return [`  ${seconds(violation.atMs)} ${who} BREAKS ${violation.invariant}: ${violation.what}`];
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(3).padStart(10)} s`;
}
