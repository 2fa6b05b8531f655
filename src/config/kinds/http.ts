import type { HttpSpec } from '../../checks/index.ts';
import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { anyText, form, isDestination, oneOf, pattern, port, redirects, wordsOrNumbers } from '../leaves.ts';
import { PLAIN_TLS, readTls } from '../tls.ts';
import { type Cursor, descend, describeNode, entryCursors, labelSpot, valueSpot } from '../tree.ts';
import { kind, nested, type ProbePlace, type ReadProbe, readSource, sourceShape, tlsKey } from './kind.ts';

const shape = {
  url: form('a URL such as http://10.0.0.5:8080/health', /^https?:\/\/\S+$/i)
    .optional()
    .describe('Scheme, destination, port and path in one; instead of these.'),
  scheme: oneOf(['http', 'https']).optional().describe('Default: https with `tls`, else http.'),
  port: port().optional().describe('Default: 80, or 443 for https.'),
  path: form('a path that begins with /', /^\/[^\s#]*$/)
    .optional()
    .describe('Path and query to ask for. Default: /.'),
  method: form('a method such as GET or HEAD', /^[A-Za-z]+$/)
    .or('GET')
    .describe('HTTP method.'),
  headers: nested.describe('Request headers by name.'),
  host: form('a Host header, a name with a port where needed', /^[^\s/]+$/)
    .optional()
    .describe('Host header, and the TLS server name. Default: the destination.'),
  body: anyText('the text of the body').optional().describe('Request body.'),
  expect_status: wordsOrNumbers('write a status such as 200, 2xx or 200-299, or a list of these')
    .or(200)
    .describe('Passing status: a code, a class (2xx), a range (200-299), or a list of these.'),
  expect_body: pattern().optional().describe('Regular expression that the body has to match somewhere.'),
  redirects: redirects()
    .or(false)
    .describe('Redirects to follow: a number, true (5) or false (none: the 3xx itself is judged).'),
  tls: tlsKey,
  unix_socket: form('the absolute path of a Unix socket', /^\/[^\0]+$/)
    .optional()
    .describe('Connect to this Unix socket instead of the destination.'),
  ...sourceShape,
};

type HttpFields = Fields<typeof shape>;
type StatusRange = HttpSpec['expectStatus'][number];

/** Scheme, destination, port and path, from `url` or from the keys of these names. */
interface Address {
  readonly scheme: 'http' | 'https';
  readonly destination: string | undefined;
  readonly port: number;
  readonly path: string;
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Reads the options of an http check. */
function readHttp(fields: HttpFields, place: ProbePlace, context: Context): ReadProbe | undefined {
  const tlsAt = fields.child('tls');
  const tls = readTls(tlsAt, context);
  const address = readAddress(fields, { place, hasTls: tls !== undefined }, context);
  const unixSocket = fields.read('unix_socket');
  const spec = {
    method: fields.read('method').toUpperCase(),
    headers: readHeaders(fields.child('headers'), context),
    host: fields.read('host'),
    body: fields.read('body'),
    expectStatus: readStatus(fields, context),
    expectBody: fields.read('expect_body'),
    maxRedirects: fields.read('redirects'),
    ...readSource(fields),
  };
  if (address === undefined) return undefined;
  const { scheme, port, path, destination } = address;
  if (tls !== undefined && tlsAt !== undefined && scheme === 'http') {
    context.report.problem(
      labelSpot(tlsAt),
      'conflict',
      'stands beside plain http; write https, or leave tls out',
    );
  }
  const ownTls = scheme === 'https' ? (tls ?? PLAIN_TLS) : undefined;
  const probe: HttpSpec = { type: 'http', scheme, port, path, ...spec, tls: ownTls, unixSocket };
  const asks = destination === undefined && unixSocket === undefined ? 'required' : 'optional';
  return { probe, asks, ...(destination === undefined ? {} : { destination }) };
}

interface AddressFacts {
  readonly place: ProbePlace;
  readonly hasTls: boolean;
}

function readAddress(
  fields: HttpFields,
  { place, hasTls }: AddressFacts,
  context: Context,
): Address | undefined {
  const scheme = fields.read('scheme') ?? (hasTls ? 'https' : 'http');
  const port = fields.read('port') ?? DEFAULT_PORTS[scheme];
  const path = fields.read('path') ?? '/';
  const urlAt = fields.child('url');
  if (urlAt === undefined) return { scheme, destination: undefined, port, path };
  const beside = (['scheme', 'port', 'path'] as const).flatMap((key) => fields.child(key) ?? []);
  const all =
    place.destination === undefined ? beside : [...beside, entryCursors(fields.cursor).get('destination')];
  for (const other of all) {
    if (other === undefined) continue;
    context.report.problem(
      labelSpot(other),
      'conflict',
      'stands beside url, which says it too; leave one of the two out',
    );
  }
  if (place.isTemplate) {
    const message = 'a remote check asks whoever holds the route; write scheme, port and path instead';
    context.report.problem(labelSpot(urlAt), 'conflict', message);
    return undefined;
  }
  const url = fields.read('url');
  return url === undefined ? undefined : parseUrl(url, urlAt, context);
}

function parseUrl(text: string, cursor: Cursor, { report }: Context): Address | undefined {
  const refuse = (message: string): undefined => {
    report.problem(valueSpot(cursor), 'wrong-value', `got ${describeNode(cursor.node)}; ${message}`);
  };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = (['http', 'https'] as const).find((known) => `${known}:` === url?.protocol);
  if (url === undefined || scheme === undefined)
    return refuse('write a URL such as http://10.0.0.5:8080/health');
  if (url.username !== '' || url.password !== '') {
    const message = 'holds credentials; write them as an Authorization header, and out of the URL';
    report.problem(valueSpot(cursor), 'wrong-value', message);
    return undefined;
  }
  const destination = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (!isDestination(destination)) return refuse('write an IP address or a host name after the scheme');
  const port = url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port);
  return { scheme, destination, port, path: `${url.pathname}${url.search}` };
}

function readHeaders(cursor: Cursor | undefined, { report }: Context): Readonly<Record<string, string>> {
  if (cursor === undefined) return {};
  if (cursor.node.kind !== 'map') {
    report.problem(
      valueSpot(cursor),
      'wrong-value',
      `got ${describeNode(cursor.node)}; write a map of header names and values`,
    );
    return {};
  }
  const headers = [...entryCursors(cursor)].flatMap(([name, entry]) => {
    const { node } = entry;
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      report.problem(labelSpot(entry), 'wrong-value', 'not a header name; write letters, digits and hyphens');
    }
    if (node.kind === 'scalar' && node.value !== null && /^[\t\x20-\x7e\x80-\xff]*$/.test(node.text)) {
      return [[name, node.text] as const];
    }
    // The value may be a credential: it is not shown.
    const message = 'not one line of text in ISO 8859-1; write the value of the header so';
    report.problem(valueSpot(entry), 'wrong-value', message);
    return [];
  });
  return Object.fromEntries(headers);
}

function readStatus(fields: HttpFields, { report }: Context): readonly StatusRange[] {
  const value = fields.read('expect_status');
  const cursor = fields.child('expect_status') ?? fields.cursor;
  const items = Array.isArray(value) ? value : [value];
  if (items.length === 0) {
    report.problem(valueSpot(cursor), 'wrong-value', 'got an empty list; write the statuses that pass');
  }
  return items.flatMap((item, index) => {
    const range = statusRange(String(item));
    if (range !== undefined) return [range];
    const at = Array.isArray(value) ? descend(cursor, [index]) : cursor;
    const hint = 'write a status such as 200, 2xx or 200-299, from 100 to 599';
    report.problem(valueSpot(at), 'wrong-value', `got ${describeNode(at.node)}; ${hint}`);
    return [];
  });
}

function statusRange(text: string): StatusRange | undefined {
  const [, hundreds] = /^([1-5])xx$/i.exec(text) ?? [];
  if (hundreds !== undefined) return { from: Number(hundreds) * 100, to: Number(hundreds) * 100 + 99 };
  const [, first, last] = /^([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?$/.exec(text) ?? [];
  if (first === undefined) return undefined;
  const [from, to] = [Number(first), Number(last ?? first)];
  return from <= to ? { from, to } : undefined;
}

export const http = kind(shape, readHttp);
