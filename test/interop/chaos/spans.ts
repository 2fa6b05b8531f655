/** A stretch of time in which something was so. Open ones end never, for now. */
interface Span {
  readonly fromMs: number;
  toMs: number;
  readonly value: number;
}

/**
 * What the chaos driver knows to have been so, and when, by its own clock (monotonic ms). A span begins before the thing
 * is done and ends after it is undone, so that it is never shorter than the truth.
 */
export class Spans {
  readonly #spans = new Map<string, Span[]>();

  /** Begins; what is given back ends it. A second call of that does nothing. */
  open(name: string, value = 0): () => void {
    const span: Span = { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY, value };
    this.#of(name).push(span);
    return () => {
      span.toMs = Math.min(span.toMs, performance.now());
    };
  }

  /** One that is over already. */
  note(name: string, fromMs: number, toMs: number): void {
    this.#of(name).push({ fromMs, toMs, value: toMs - fromMs });
  }

  /** Whether it was so at any moment between. */
  isEver(name: string, fromMs: number, toMs: number): boolean {
    return this.#of(name).some((span) => span.fromMs <= toMs && span.toMs >= fromMs);
  }

  /** Whether it was so all the time. */
  isAlways(name: string, fromMs: number, toMs: number): boolean {
    let reachedMs = fromMs;
    for (const span of [...this.#of(name)].sort((a, b) => a.fromMs - b.fromMs)) {
      if (span.fromMs <= reachedMs) reachedMs = Math.max(reachedMs, span.toMs);
    }
    return reachedMs >= toMs;
  }

  /** How long it was so between. Overlapping spans count twice, which is on the safe side. */
  totalMs(name: string, fromMs: number, toMs: number): number {
    return this.#of(name).reduce((sum, span) => {
      return sum + Math.max(Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs), 0);
    }, 0);
  }

  /** The greatest value among the spans that touch the time between; 0 without any. */
  most(name: string, fromMs: number, toMs: number): number {
    const touching = this.#of(name).filter((span) => span.fromMs <= toMs && span.toMs >= fromMs);
    return Math.max(0, ...touching.map((span) => span.value));
  }

  #of(name: string): Span[] {
    const known = this.#spans.get(name);
    if (known !== undefined) return known;
    const made: Span[] = [];
    this.#spans.set(name, made);
    return made;
  }
}
