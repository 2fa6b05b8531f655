import { nearestWord } from '../lib/nearest-word.ts';
import type { Doubt, Report } from './problems.ts';
import {
  type Cursor,
  entryCursor,
  itemCursors,
  type Node,
  rootCursor,
  type ScalarNode,
  valueSpot,
} from './tree.ts';
import { isInstanceFact, resolveVariable, VARIABLE_NAMES, type Variables } from './variables.ts';

/** `$${` (stands for `${`), a variable, or a `${` that is never closed. */
const VARIABLE = /\$\$\{|\$\{([^}]*)\}|\$\{/g;

/** Where `${` may be part of a password or key, of which nothing is shown. */
const SECRET = /\.(password|tcp_ao\.key)$/;
const IN_SECRET = `no variable of such a name; write one of ${VARIABLE_NAMES.join(', ')}, or $\${ for the characters themselves`;

/**
 * Puts variables into the text values of a document (never into keys). It works on the parsed document, so a value can
 * change neither its structure nor what else is in it.
 */
export function substitute(root: Node, variables: Variables, report: Report): Node {
  return substituteNode(rootCursor(root), { variables, report, done: new Map() });
}

/** The facts of the instance that the document asks for: `az`, `tag:role`, … */
export function instanceFactsIn(root: Node): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind === 'list') node.items.forEach(visit);
    else if (node.kind === 'map') for (const entry of node.entries) visit(entry.value);
    else if (typeof node.value === 'string') {
      for (const [, name] of node.value.matchAll(VARIABLE))
        if (isInstanceFact(name ?? '')) names.add(name ?? '');
    }
  };
  visit(root);
  return names;
}

interface Work {
  readonly variables: Variables;
  readonly report: Report;
  /** Aliases share nodes: each is worked on, and complained of, once. */
  readonly done: Map<Node, Node>;
}

function substituteNode(cursor: Cursor, work: Work): Node {
  const { node } = cursor;
  const ready = work.done.get(node);
  if (ready !== undefined) return ready;
  const result = rebuild(cursor, work);
  work.done.set(node, result);
  return result;
}

function rebuild(cursor: Cursor, work: Work): Node {
  const { node } = cursor;
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' ? substituteText(cursor, node, work) : node;
    case 'list':
      return { ...node, items: itemCursors(cursor).map((item) => substituteNode(item, work)) };
    case 'map': {
      const entries = node.entries.map((entry) => {
        return { ...entry, value: substituteNode(entryCursor(cursor, entry), work) };
      });
      return { ...node, entries };
    }
  }
}

function substituteText(cursor: Cursor, node: ScalarNode, work: Work): Node {
  const written = String(node.value);
  if (!written.includes('${')) return node;
  let doubt: Doubt | undefined;
  let isSecret = false;
  let isVariable = false;
  const value = written.replaceAll(VARIABLE, (whole: string, name: string | undefined) => {
    if (whole === '$${') return '${';
    isVariable = true;
    const resolved = name === undefined ? undefined : resolveVariable(name, work.variables);
    if (resolved?.ok === true) {
      if (resolved.isGuess) doubt ??= 'guess';
      isSecret ||= resolved.isSecret;
      return resolved.value;
    }
    const why =
      SECRET.test(cursor.path) && resolved?.why === 'unknown' ? IN_SECRET : complaint(name, resolved?.why);
    work.report.problem(valueSpot(cursor), 'unknown-variable', why);
    doubt = 'broken';
    return '';
  });
  const substituted = isVariable ? { written, doubt, isSecret } : undefined;
  return { ...node, value, text: value, isPlain: false, substituted };
}

function complaint(name: string | undefined, why: 'unknown' | 'absent' | undefined): string {
  const plainly = '$${ for the characters themselves';
  if (name === undefined) return `a variable is never closed; write "}" after its name, or ${plainly}`;
  const shown = `\${${name}}`;
  if (why === 'unknown') {
    const near = nearestWord(name, VARIABLE_NAMES);
    const known = `write one of ${VARIABLE_NAMES.join(', ')}, or ${plainly}`;
    return `no variable ${shown}; ${near === undefined ? known : `did you mean \${${near}}? Write ${plainly}`}`;
  }
  if (name.startsWith('env:')) return `${shown} is not set; set the environment variable ${name.slice(4)}`;
  if (name.startsWith('tag:')) {
    return `${shown}: the instance shows no such tag; set it, and allow tags in instance metadata`;
  }
  return `${shown} is not known here; run on the instance, where its metadata can be read`;
}
