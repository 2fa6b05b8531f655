/** One change of the region, or an attempt at one. Tests and chaos runs read the truth from these. */
export interface JournalEntry {
  /** Counts from 1 without gaps; entries that fell out of the ring show as a gap at the start. */
  readonly seq: number;
  /** Monotonic ms of the world's clock. */
  readonly atMs: number;
  /** Ms since the epoch. */
  readonly wallMs: number;
  readonly accessKeyId: string;
  /** EC2's action, e.g. `ReplaceRoute`, `StopInstances`. */
  readonly action: string;
  readonly tableId: string | undefined;
  /** Canonical CIDR or prefix list id. */
  readonly destination: string | undefined;
  readonly instanceId: string | undefined;
  /** Target id before; for an instance its state before. Undefined: there was none. */
  readonly from: string | undefined;
  /** Target id after; for an instance its state after. Undefined: there is none. */
  readonly to: string | undefined;
  /** `ok`, or the error code. A refused call has changed nothing. */
  readonly result: string;
}

export interface Journal {
  append(entry: Omit<JournalEntry, 'seq'>): JournalEntry;
  /** Oldest first; with `afterSeq`, only what came later. */
  entries(afterSeq?: number): readonly JournalEntry[];
}

/** A ring of the last `capacity` entries. */
export function createJournal(capacity: number): Journal {
  let ring: JournalEntry[] = [];
  let seq = 0;
  return {
    append(entry) {
      seq += 1;
      const complete = { seq, ...entry };
      ring.push(complete);
      // Cut in halves rather than shift one by one: appends stay cheap, and between 1 and 2 capacities are held.
      if (ring.length >= capacity * 2) ring = ring.slice(-capacity);
      return complete;
    },
    entries: (afterSeq = 0) => ring.slice(-capacity).filter((entry) => entry.seq > afterSeq),
  };
}
