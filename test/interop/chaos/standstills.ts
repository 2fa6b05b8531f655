import { TIMING } from './config.ts';
import type { Fleet } from './fleet.ts';
import type { ChaosNode } from './node.ts';

/** A probe every `every`, whatever else fails: this many missed ones in a row are a loop that stands still. */
const MISSED = 8;

/**
 * Times for which an agent did not probe its own service, though the service would have answered and nothing kept the
 * agent from asking: it was not stopped, and had descriptors. From its first probe on: before, it waits for its metadata.
 */
export function standstills(fleet: Fleet): readonly string[] {
  return fleet.nodes.flatMap((node) =>
    node.runs.flatMap(({ startedMs, endedMs, askedMs }) => {
      const toMs = Math.min(askedMs ?? Number.POSITIVE_INFINITY, endedMs ?? performance.now());
      const probes = node.selfProbesMs.filter((atMs) => atMs >= startedMs && atMs <= toMs);
      return gaps(probes).flatMap((gap) => (isExplained(fleet, node, gap) ? [] : [textOf(fleet, node, gap)]));
    }),
  );
}

interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

function gaps(times: readonly number[]): readonly Gap[] {
  const found: Gap[] = [];
  for (const [index, toMs] of times.entries()) {
    const fromMs = times[index - 1] ?? toMs;
    if (toMs - fromMs > MISSED * TIMING.everyMs) found.push({ fromMs, toMs });
  }
  return found;
}

function isExplained({ spans }: Fleet, { facts }: ChaosNode, { fromMs, toMs }: Gap): boolean {
  const own = ['service', 'stopped', 'descriptors'].map((what) => `${what} ${facts.index}`);
  const explainedMs = [...own, 'late'].reduce((sum, name) => sum + spans.totalMs(name, fromMs, toMs), 0);
  return toMs - fromMs - explainedMs <= MISSED * TIMING.everyMs;
}

function textOf({ startedMs }: Fleet, { facts }: ChaosNode, { fromMs, toMs }: Gap): string {
  const at = ((fromMs - startedMs) / 1_000).toFixed(1);
  return `${facts.name} probed nothing for ${Math.round(toMs - fromMs)} ms from ${at} s on`;
}
