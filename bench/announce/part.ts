import { type Figure, percentile } from '../figure.ts';

/** What a part of the bench is given; it makes its own lab. */
export interface PartOptions {
  readonly isQuick: boolean;
  readonly say: (line: string) => void;
}

export const PEER_ASN = 65_000;
export const OWN_ASN = 65_010;

/** What is measured, with nothing to hold it against. */
export function plainFigure(what: string, value: number, unit: Figure['unit']): Figure {
  return { what, value, unit };
}

/** `p50 0.31, p99 0.62, max 1.20`. */
export function shown(timesMs: readonly number[]): string {
  const parts = [0.5, 0.99, 1].map((share) => percentile(timesMs, share).toFixed(2));
  return `n = ${timesMs.length}: p50 ${parts[0]}, p99 ${parts[1]}, max ${parts[2]} ms`;
}

/** A gap in which nothing is asked of anybody. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
