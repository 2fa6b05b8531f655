import type { PeerStatus, SessionEnd, SessionState } from './status.ts';

/** A change of state to tell of; or, where both are the same, an attempt that failed without one. */
export interface SessionChange {
  readonly from: SessionState;
  readonly to: SessionState;
  /** Of what has ended with this change. */
  readonly end: SessionEnd | undefined;
  readonly retryInMs: number | undefined;
}

type Told = Pick<PeerStatus, 'establishedAtMs' | 'flaps' | 'lastEnd'>;

/** What has become of a peer's sessions so far, for those who show it. */
export class SessionHistory {
  #state: SessionState = 'Idle';
  #establishedAtMs: number | undefined;
  #flaps = 0;
  #lastEnd: SessionEnd | undefined;
  /** Not told yet. */
  #newEnd: SessionEnd | undefined;

  established(nowMs: number): void {
    this.#establishedAtMs = nowMs;
  }

  ended(end: SessionEnd, wasEstablished: boolean): void {
    this.#lastEnd = end;
    this.#newEnd = end;
    if (!wasEstablished) return;
    this.#flaps += 1;
    this.#establishedAtMs = undefined;
  }

  /** What there is to tell of since the last time; undefined: nothing. */
  takeNews(to: SessionState, retryInMs: number | undefined): SessionChange | undefined {
    const [from, end] = [this.#state, this.#newEnd];
    this.#state = to;
    this.#newEnd = undefined;
    return from === to && end === undefined ? undefined : { from, to, end, retryInMs };
  }

  read(): Told {
    return { establishedAtMs: this.#establishedAtMs, flaps: this.#flaps, lastEnd: this.#lastEnd };
  }
}
