import { type Meaning, tidy } from '../support/bgp-meaning.ts';

interface Route {
  readonly nlri: string;
}

interface Update {
  readonly attribute?: Readonly<Record<string, unknown>>;
  readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly Route[]>>>>;
  readonly withdraw?: Readonly<Record<string, readonly Route[]>>;
}

/** What ExaBGP's JSON says. Undefined: routes of families, or with path identifiers, that are not spoken here. */
export function meaningOfJson(text: string): Meaning | undefined {
  // 64 bits are more than a number of JavaScript holds.
  const safe = text.replaceAll(/"value":(\d+),"string"/g, '"value":"$1","string"');
  const update: Update = JSON.parse(safe).neighbor?.message?.update ?? {};
  const families = [...Object.keys(update.announce ?? {}), ...Object.keys(update.withdraw ?? {})];
  if (families.some((family) => !/^ipv[46] unicast$/.test(family))) return undefined;
  if (text.includes('path-information')) return undefined;
  const announce = Object.values(update.announce ?? {}).flatMap((byNextHop) =>
    Object.entries(byNextHop).flatMap(([via, routes]) => routes.map(({ nlri }) => `${nlri} via ${via}`)),
  );
  const withdraw = Object.values(update.withdraw ?? {}).flatMap((routes) => routes.map(({ nlri }) => nlri));
  const attributes = Object.entries(update.attribute ?? {}).map(jsonAttribute);
  return tidy({ ...Object.assign({}, ...attributes), announce, withdraw });
}

function jsonAttribute([name, value]: [string, unknown]): Meaning {
  switch (name) {
    case 'origin':
      return { origin: value };
    case 'as-path':
      return { asPath: Object.values(value as object).map(jsonSegment) };
    case 'med':
      return { med: value };
    case 'local-preference':
      return { localPref: value };
    case 'community':
      return { communities: (value as readonly number[][]).map((each) => each.join(':')) };
    case 'large-community':
      return { large: (value as readonly number[][]).map((each) => each.join(':')) };
    case 'extended-community':
      return { extended: (value as readonly { value: string }[]).map((each) => hex64(each.value)) };
    case 'aggregator':
      return { aggregator: value };
    case 'atomic-aggregate':
      return { atomicAggregate: value };
    default: {
      const code = /^attribute-0x([0-9a-f]+)-/i.exec(name)?.[1] ?? name;
      return { [`attribute ${Number.parseInt(code, 16)}`]: String(value).replace(/^0x/, '').toLowerCase() };
    }
  }
}

function jsonSegment(segment: { readonly element: string; readonly value: readonly number[] }): string {
  return `${segment.element} ${segment.value.join(' ')}`;
}

function hex64(decimal: string): string {
  return BigInt(decimal).toString(16).padStart(16, '0');
}

/** What ExaBGP's command says. Undefined: not one of unicast routes. */
export function meaningOfCommand(command: string): Meaning | undefined {
  const eor = /^announce eor ipv[46] unicast$/.test(command);
  if (eor) return tidy({ announce: [], withdraw: [] });
  const withdraw = /^withdraw (?:route|ipv6 unicast) (\S+)$/.exec(command)?.[1];
  if (withdraw !== undefined) return tidy({ announce: [], withdraw: [withdraw] });
  const route = /^announce (?:route|ipv6 unicast) (\S+) next-hop (\S+)(.*)$/.exec(command);
  if (route === null || /path-information|label| rd /.test(command)) return undefined;
  const [, prefix = '', via = '', rest = ''] = route;
  const list = (name: string): readonly string[] | undefined =>
    new RegExp(` ${name} \\[([^\\]]*)\\]`).exec(rest)?.[1]?.trim().split(/\s+/);
  const word = (name: string): string | undefined => new RegExp(` ${name} (\\S+)`).exec(rest)?.[1];
  const number = (name: string): number | undefined => {
    const text = word(name);
    return text === undefined ? undefined : Number(text);
  };
  const asPath = list('as-path');
  return tidy({
    origin: word('origin'),
    asPath: asPath === undefined ? undefined : [`as-sequence ${asPath.join(' ')}`],
    med: number('med'),
    localPref: number('local-preference'),
    communities: list('community'),
    large: list('large-community'),
    extended: list('extended-community')?.map(extendedCommunity),
    aggregator: word('aggregator'),
    atomicAggregate: rest.includes('atomic-aggregate') ? true : undefined,
    announce: [`${prefix} via ${via}`],
    withdraw: [],
  });
}

/** `target:72:1`, RFC 4360 §3.1 and §4. */
function extendedCommunity(text: string): string {
  const [kind, asn, number] = text.split(':');
  if (kind !== 'target') return text;
  return `0002${Number(asn).toString(16).padStart(4, '0')}${Number(number).toString(16).padStart(8, '0')}`;
}
