import type { SandboxEvent } from '../../src/sandbox/index.ts';

/** One call as the API saw it, in ms since the epoch. */
export interface SeenCall {
  readonly action: string;
  readonly accessKeyId: string;
  readonly beginMs: number;
  readonly endMs: number;
  /** The error's code; undefined: it succeeded. */
  readonly code: string | undefined;
}

/** Every call that the sandbox has answered. */
export class CallLog {
  readonly #calls: SeenCall[] = [];

  /** For the sandbox's `onEvent`. */
  readonly take = (event: SandboxEvent): void => {
    if (event.kind !== 'call') return;
    const { action, accessKeyId, code, tookMs } = event;
    const endMs = Date.now();
    this.#calls.push({ action, accessKeyId, code, beginMs: endMs - tookMs, endMs });
  };

  mark(): number {
    return this.#calls.length;
  }

  since(mark: number): readonly SeenCall[] {
    return this.#calls.slice(mark);
  }
}

/** The most of these moments that fall into one window of that length, per second of it. */
export function peakPerSecond(momentsMs: readonly number[], windowMs: number): number {
  const sorted = momentsMs.toSorted((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [index, atMs] of sorted.entries()) {
    while ((sorted[first] ?? atMs) <= atMs - windowMs) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most / (windowMs / 1000);
}
