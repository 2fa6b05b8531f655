import type { AgentEvent } from '../agent/index.ts';
import type { LogLine } from './log-line.ts';

/** A peer that stays away is warned of no more often, for one reason. */
const REMIND_MS = 600_000;

/**
 * Keeps quiet what a peer that can't be had would say at every attempt: the first failure of each kind is a warning, those
 * that follow are for debugging, but one every ten minutes. A session starts it all over.
 */
export class PeerWatch {
  /** When each kind of failure was warned of last (monotonic ms), by peer. */
  readonly #warnedAtMs = new Map<string, Map<string, number>>();

  /** The line of an event as it is to be written. */
  quieten(event: AgentEvent, line: LogLine): LogLine {
    // Peers may have gone. What still fails is said again, which does no harm.
    if (event.type === 'reloaded') this.#warnedAtMs.clear();
    if (event.type !== 'peer-state') return line;
    const { peer, from, to, end } = event;
    if (to === 'Established') this.#warnedAtMs.delete(peer);
    if (from === 'Established' || end === undefined || line.level !== 'warn') return line;
    const known = this.#warnedAtMs.get(peer) ?? new Map<string, number>();
    const kind = `${end.reason} ${end.errorCode} ${end.errorSubcode}`;
    const lastMs = known.get(kind) ?? Number.NEGATIVE_INFINITY;
    if (end.atMs - lastMs < REMIND_MS) return { ...line, level: 'debug' };
    this.#warnedAtMs.set(peer, known.set(kind, end.atMs));
    return line;
  }
}
