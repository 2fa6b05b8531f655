import {
  type AnnouncedRouteSpec,
  type AnnounceFacts,
  checksIn,
  type DecidedPrefix,
  decidePrefix,
  entriesByPrefix,
  type PrefixEntries,
} from '../core/index.ts';

/** A prefix that is decided otherwise than before; `before` is undefined where there was nothing. */
export interface PrefixChange {
  readonly before: DecidedPrefix | undefined;
  readonly after: DecidedPrefix;
}

/** What was decided last for each prefix, and which of them a check has a say in. */
export class DecidedPrefixes {
  #prefixes: readonly PrefixEntries[] = [];
  /** Of each prefix, at the same place. */
  readonly #decided: DecidedPrefix[] = [];
  /** Places of the prefixes that rest on a check, by its name. */
  #placesOf: ReadonlyMap<string, readonly number[]> = new Map();

  /** In the order of the config. */
  all(): readonly DecidedPrefix[] {
    return this.#decided;
  }

  hasAnnounced(): boolean {
    return this.#decided.some(({ isAnnounced }) => isAnnounced);
  }

  /** Takes other routes: a prefix that stays is decided from what it was, one that is gone counts as withdrawn. */
  take(routes: readonly AnnouncedRouteSpec[], facts: AnnounceFacts): readonly PrefixChange[] {
    const left = new Map(this.#decided.map((decided) => [decided.prefix, decided]));
    this.#prefixes = entriesByPrefix(routes);
    this.#placesOf = placesByCheck(this.#prefixes);
    this.#decided.length = 0;
    const changes: PrefixChange[] = [];
    for (const each of this.#prefixes) {
      const before = left.get(each.prefix);
      const after = decidePrefix(each, facts, before);
      left.delete(each.prefix);
      this.#decided.push(after);
      if (after !== before) changes.push({ before, after });
    }
    return [...changes, ...[...left.values()].map(removal)];
  }

  /** Decides anew: all of them, or those that rest on this check. */
  redecide(facts: AnnounceFacts, check?: string): readonly PrefixChange[] {
    const places = check === undefined ? this.#decided.keys() : (this.#placesOf.get(check) ?? []);
    const changes: PrefixChange[] = [];
    for (const at of places) {
      const [each, before] = [this.#prefixes[at], this.#decided[at]];
      if (each === undefined) continue;
      const after = decidePrefix(each, facts, before);
      if (after === before) continue;
      this.#decided[at] = after;
      changes.push({ before, after });
    }
    return changes;
  }
}

function removal(before: DecidedPrefix): PrefixChange {
  const { prefix } = before;
  const gone = { isAnnounced: false, attributes: undefined, entry: undefined };
  return { before, after: { prefix, verdict: 'withdraw', reason: 'removed', ...gone } };
}

function placesByCheck(prefixes: readonly PrefixEntries[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [at, { entries }] of prefixes.entries()) {
    for (const name of new Set(entries.flatMap(({ health }) => [...checksIn(health)]))) {
      const places = found.get(name);
      if (places === undefined) found.set(name, [at]);
      else places.push(at);
    }
  }
  return found;
}
