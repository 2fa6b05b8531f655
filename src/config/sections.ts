import { openFields } from './fields.ts';
import type { Report } from './problems.ts';
import { partShape, ROOT_ALIASES, rootShape } from './schema.ts';
import { type Cursor, entryCursors, isNull, labelSpot, type Node, placeOf, rootCursor } from './tree.ts';

/** The part of a document that may stand in any file: its sections, as far as they are there. */
export type Part = Readonly<Record<keyof typeof partShape, Cursor | undefined>>;

/** Those whose entries have names. */
export type SectionKey = Exclude<keyof Part, 'announcer'>;

const WHAT: Readonly<Record<SectionKey, string>> = {
  healthchecks: 'a check',
  remote_healthchecks: 'a remote check',
  health: 'a health expression',
  routetables: 'a group',
};

/** Opens an included document. undefined where it is empty, or no map (and told). */
export function openPart(root: Node, main: string, report: Report): Part | undefined {
  if (isNull(root)) return undefined;
  const explain = (key: string) => explainKey(key, main);
  const fields = openFields(rootCursor(root), { shape: partShape, aliases: ROOT_ALIASES, explain }, report);
  return fields === undefined ? undefined : partOf(fields.child);
}

export function partOf(child: (key: keyof Part) => Cursor | undefined): Part {
  return {
    healthchecks: unlessEmpty(child('healthchecks')),
    remote_healthchecks: unlessEmpty(child('remote_healthchecks')),
    health: unlessEmpty(child('health')),
    routetables: unlessEmpty(child('routetables')),
    announcer: unlessEmpty(child('announcer')),
  };
}

/** A section whose entries are all commented out is as good as none. */
export function unlessEmpty(cursor: Cursor | undefined): Cursor | undefined {
  return cursor === undefined || isNull(cursor.node) ? undefined : cursor;
}

/** All entries of a section by their names, the first of each name. Names that are there again are told. */
export function entriesOf(
  parts: readonly Part[],
  key: SectionKey,
  report: Report,
): ReadonlyMap<string, Cursor> {
  const all = new Map<string, Cursor>();
  for (const part of parts) {
    const section = part[key];
    for (const [name, entry] of section === undefined ? [] : entryCursors(section)) {
      const first = all.get(name);
      if (first === undefined) all.set(name, entry);
      else tellTwice(entry, `${WHAT[key]} of this name is in ${placeOf(first.labelAt)} already`, report);
    }
  }
  return all;
}

/** A name that could mean a check or an expression would mean one of them by chance. */
export function refuseSharedNames(
  checks: ReadonlyMap<string, Cursor>,
  expressions: ReadonlyMap<string, Cursor>,
  report: Report,
): void {
  for (const [name, entry] of expressions) {
    const check = checks.get(name);
    if (check !== undefined)
      tellTwice(entry, `a check has this name too, in ${placeOf(check.labelAt)}`, report);
  }
}

function tellTwice(entry: Cursor, message: string, report: Report): void {
  report.problem(labelSpot(entry), 'conflict', `${message}; give one of the two another name`);
}

function explainKey(key: string, main: string): string | undefined {
  if (key === 'include') return `an included file includes no other; write the pattern into ${main}`;
  return Object.hasOwn(rootShape, key) ? `belongs into the main file; write it into ${main}` : undefined;
}
