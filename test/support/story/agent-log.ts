/** One line of an agent's JSON log. */
export interface LogEvent {
  /** Ms since the epoch, when it was written. */
  readonly atMs: number;
  readonly event: string;
  readonly level: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A log event of one agent. */
export interface AgentLogEvent extends LogEvent {
  readonly zone: string;
}

/** Undefined: not a line of the JSON log (what Node itself says, a stack). */
export function parseLogLine(line: string): LogEvent | undefined {
  let facts: Record<string, unknown>;
  try {
    facts = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof facts !== 'object' || facts === null || typeof facts.event !== 'string') return undefined;
  return {
    atMs: Date.parse(String(facts.time)),
    event: facts.event,
    level: String(facts.level),
    message: String(facts.msg),
    facts,
  };
}

/** Everything that the agents of a story have said, and who is told of it as it comes. */
export class AgentLogs {
  readonly #events: AgentLogEvent[] = [];
  readonly #other: string[] = [];
  /** Per zone, where its present agent's lines begin. */
  readonly #begins = new Map<string, number>();
  readonly #onEvent: (event: AgentLogEvent) => void;

  constructor(onEvent: (event: AgentLogEvent) => void = () => {}) {
    this.#onEvent = onEvent;
  }

  add(zone: string, line: string): void {
    const event = parseLogLine(line);
    if (event === undefined) this.#other.push(`${zone}: ${line}`);
    else {
      this.#events.push({ ...event, zone });
      this.#onEvent({ ...event, zone });
    }
  }

  /** The zone's agent starts anew: what the last one knew is gone. */
  begin(zone: string): void {
    this.#begins.set(zone, this.#events.length);
  }

  /** A place in the log: what comes after it is `since(mark)`. */
  mark(): number {
    return this.#events.length;
  }

  since(
    mark: number,
    filter: { readonly event?: string; readonly zone?: string } = {},
  ): readonly AgentLogEvent[] {
    return this.#events.slice(mark).filter((entry) => {
      const isEvent = filter.event === undefined || filter.event === entry.event;
      return isEvent && (filter.zone === undefined || filter.zone === entry.zone);
    });
  }

  /** What the zone's agent knows of a check now, by its last word; undefined: it does not run, or has not settled. */
  healthOf(zone: string, check: string): string | undefined {
    const last = this.since(this.#begins.get(zone) ?? 0, { zone }).findLast(
      ({ event, facts }) => (event === 'health' || event === 'remote-check') && facts.check === check,
    );
    return last?.event === 'health' ? String(last.facts.to) : undefined;
  }

  /** The last lines as text, to go with a failure. */
  tail(count: number): string {
    const lines = this.#events.slice(-count).map(({ atMs, zone, event, message }) => {
      return `${new Date(atMs).toISOString().slice(14, 23)} ${zone} ${event}: ${message}`;
    });
    return [...lines, ...this.#other.slice(-count)].join('\n');
  }
}
