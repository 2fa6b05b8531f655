import type { InterfaceFacts } from '../../src/aws/index.ts';
import type { CheckTemplate } from '../../src/checks/index.ts';
import type { Health, InstanceStatus, ObservedTable } from '../../src/core/index.ts';

/** `sinceMs`: since when its source/dest check was shown as it is now. */
export interface ToldInterface {
  readonly facts: InterfaceFacts;
  readonly sinceMs: number;
}

/** A read as the process got it. */
export interface ToldRead {
  readonly sentAtMs: number;
  /** The moment that it shows: EC2's, less its staleness. */
  readonly viewAtMs: number;
  /** When the process last got a read of this table, this one or one sent before it. */
  readonly toldAtMs: number;
  readonly table: Omit<ObservedTable, 'readAtMs'>;
}

/**
 * What one process has been told so far, kept apart from the agent's own book-keeping: the outcomes of its probes,
 * counted anew here, the tables, statuses and interfaces that EC2 answered, the notices of its metadata. What it may do
 * is judged by this alone.
 */
export class Told {
  readonly checks = new Map<string, ToldCheck>();
  readonly reads = new Map<string, ToldRead>();
  readonly statuses = new Map<string, { readonly status: InstanceStatus; readonly sentAtMs: number }>();
  /** Interfaces of the process's own instance, as they were last shown. */
  readonly interfaces = new Map<string, ToldInterface>();
  /** The notice to drain, and when it last changed. */
  drain = { isOn: false, atMs: Number.NEGATIVE_INFINITY };

  read(read: ToldRead): void {
    const { id } = read.table;
    const known = this.reads.get(id);
    // One that was sent earlier and came later shows nothing newer, but it says again that what is known is right.
    const newest = known === undefined || known.sentAtMs <= read.sentAtMs ? read : known;
    this.reads.set(id, { ...newest, toldAtMs: read.toldAtMs });
  }

  interface(facts: InterfaceFacts, nowMs: number): void {
    const known = this.interfaces.get(facts.id);
    const isSame = known?.facts.sourceDestCheck === facts.sourceDestCheck;
    this.interfaces.set(facts.id, { facts, sinceMs: isSame ? known.sinceMs : nowMs });
  }

  /** A probe was made: what an earlier one of this name and destination found counts no more. */
  watch(template: CheckTemplate, destination: string): ToldCheck {
    const check = new ToldCheck(template);
    this.checks.set(checkKey(template.name, destination), check);
    return check;
  }

  /** What a check may be taken for now: after a change in this very instant, either. */
  healthOf(name: string, destination: string, nowMs: number): readonly Health[] {
    const check = this.checks.get(checkKey(name, destination));
    return check === undefined ? ['unknown'] : check.possible(nowMs);
  }
}

/** Counts the outcomes of one check. */
export class ToldCheck {
  readonly #template: CheckTemplate;
  readonly #last: boolean[] = [];
  #health: Health = 'unknown';
  #before: Health = 'unknown';
  isOpen = true;
  changedAtMs = Number.NEGATIVE_INFINITY;

  constructor(template: CheckTemplate) {
    this.#template = template;
  }

  tell(isOk: boolean, nowMs: number): void {
    const { rise, fall } = this.#template;
    this.#last.push(isOk);
    if (this.#last.length > Math.max(rise, fall)) this.#last.shift();
    const isUp = this.#last.length >= rise && this.#last.slice(-rise).every((each) => each);
    const isDown = this.#last.length >= fall && this.#last.slice(-fall).every((each) => !each);
    const health = isUp ? 'healthy' : isDown ? 'unhealthy' : this.#health;
    if (health === this.#health) return;
    this.#before = this.#health;
    this.#health = health;
    this.changedAtMs = nowMs;
  }

  possible(nowMs: number): readonly Health[] {
    if (!this.isOpen) return ['unknown', this.#health];
    return this.changedAtMs === nowMs ? [this.#health, this.#before] : [this.#health];
  }
}

function checkKey(name: string, destination: string): string {
  return `${name}@${destination}`;
}
