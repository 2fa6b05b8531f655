import { nearestWord } from '../lib/nearest-word.ts';
import type { Context } from './context.ts';
import { type Cursor, describeNode, valueSpot } from './tree.ts';

/** Reads the name of a check or of a health expression, and notes its use. undefined where there is none (and told). */
export function readHealthName(cursor: Cursor, context: Context): string | undefined {
  const { checks, expressions, templates } = context;
  const name = nameIn(cursor);
  checks.used.add(name);
  expressions.used.add(name);
  if (checks.declared.has(name) || expressions.declared.has(name)) return name;
  tellUnknown(cursor, context, {
    kind: 'check',
    near: nearestWord(name, [...checks.declared, ...expressions.declared.keys()]),
    elsewhere: templates.declared.has(name) ? 'it is only a remote one; ' : '',
    sections: expressions.declared.size > 0 ? 'healthchecks or health' : 'healthchecks',
  });
  return undefined;
}

/** The same for the name of a remote check. */
export function readTemplateName(cursor: Cursor, context: Context): string | undefined {
  const { checks, expressions, templates } = context;
  const name = nameIn(cursor);
  templates.used.add(name);
  if (templates.declared.has(name)) return name;
  const isExpression = expressions.declared.has(name) ? 'it is a health expression, of local ones; ' : '';
  tellUnknown(cursor, context, {
    kind: 'remote check',
    near: nearestWord(name, templates.declared),
    elsewhere: checks.declared.has(name) ? 'it is only a local one; ' : isExpression,
    sections: 'remote_healthchecks',
  });
  return undefined;
}

interface Unknown {
  readonly kind: string;
  readonly near: string | undefined;
  readonly elsewhere: string;
  readonly sections: string;
}

/** Where a file could not be read, its names seem to be missing: that it could not be read has been told. */
function tellUnknown(cursor: Cursor, { report, isWhole }: Context, unknown: Unknown): void {
  const { kind, near, elsewhere, sections } = unknown;
  const got = describeNode(cursor.node);
  if (nameIn(cursor) === '') {
    report.problem(valueSpot(cursor), 'wrong-value', `got ${got}; write the name of a ${kind}`);
  } else if (isWhole) {
    const hint =
      near === undefined ? `write one of those under ${sections}, or add it there` : `did you mean ${near}?`;
    report.problem(valueSpot(cursor), 'unknown-name', `no ${kind} named ${got}; ${elsewhere}${hint}`);
  }
}

function nameIn({ node }: Cursor): string {
  return node.kind === 'scalar' && node.value !== null ? node.text : '';
}
