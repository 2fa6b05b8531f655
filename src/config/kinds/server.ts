import type { Context } from '../context.ts';
import type { Fields, Shape } from '../fields.ts';
import { accept, type Leaf, leaf, refuse } from '../leaf.ts';
import { isDestination } from '../leaves.ts';
import { labelSpot } from '../tree.ts';
import type { ProbePlace } from './kind.ts';

/** A destination and, where it is written, its port. */
export interface Server {
  readonly destination: string;
  readonly port: number | undefined;
}

/** A destination with or without its port. `examples` say what to write. */
export function server(examples: string): Leaf<Server> {
  return leaf({ kind: 'text', pattern: undefined }, (written) => {
    const found = typeof written === 'string' ? parseServer(written) : undefined;
    return found === undefined ? refuse(`write ${examples}`) : accept(found);
  });
}

/** `host`, `host:port`, an IPv6 address alone, or `[IPv6]:port`; undefined for anything else. */
export function parseServer(written: string): Server | undefined {
  const bracketed = /^\[([^[\]]*:[^[\]]*)\](?::(\d{1,5}))?$/.exec(written);
  const plain = /^([^:]+)(?::(\d{1,5}))?$/.exec(written);
  const [, destination = written, digits] = bracketed ?? plain ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  const isPort = port === undefined || (port >= 1 && port <= 65_535);
  return isPort && isDestination(destination) ? { destination, port } : undefined;
}

/** A key that says what others say too: a URL, a server. */
export interface WholeKey {
  readonly name: string;
  /** The other keys. */
  readonly says: readonly string[];
  /** What to do for a remote check. */
  readonly instead: string;
}

/** Tells where such a key stands beside one of the others, or in a check whose destination is given; false then. */
export function judgeWhole(
  { name, says, instead }: WholeKey,
  { fields, place }: { readonly fields: Fields<Shape>; readonly place: ProbePlace },
  { report }: Context,
): boolean {
  // In a remote check, a destination is told of by itself.
  const others = says.filter((key) => key !== 'destination' || !place.isTemplate);
  const beside = others.flatMap((key) => fields.child(key) ?? []);
  for (const other of beside) {
    const message = `stands beside ${name}, which says it too; leave one of the two out`;
    report.problem(labelSpot(other), 'conflict', message);
  }
  const own = fields.child(name);
  if (!place.isTemplate || own === undefined) return beside.length === 0;
  report.problem(labelSpot(own), 'conflict', `a remote check asks whoever holds the route; ${instead}`);
  return false;
}
