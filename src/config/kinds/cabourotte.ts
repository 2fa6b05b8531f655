import type { CabourotteSpec } from '../../checks/index.ts';
import type { Context } from '../context.ts';
import { type Fields, openFields } from '../fields.ts';
import { duration, form, isDestination, text } from '../leaves.ts';
import { PLAIN_TLS, readTls } from '../tls.ts';
import { type Cursor, describeNode, labelSpot, missingSpot, valueSpot } from '../tree.ts';
import {
  everyKey,
  kind,
  nested,
  type ProbePlace,
  type ReadProbe,
  readSource,
  sourceShape,
  tlsKey,
} from './kind.ts';

const DEFAULT_URL = 'http://127.0.0.1:9013';
const DAY_MS = 86_400_000;

const shape = {
  url: form('the URL of Cabourotte, such as http://127.0.0.1:9013', /^https?:\/\/\S+$/i)
    .or(DEFAULT_URL)
    .describe('Where Cabourotte listens, with or without /api/v1.'),
  name: text('the name of the check in Cabourotte')
    .optional()
    .describe('Name of the check in Cabourotte. Default: the name of this one.'),
  basic_auth: nested.describe('Credentials: username and password.'),
  tls: tlsKey,
  max_age: duration({ least: 2_000, most: DAY_MS })
    .or('60s')
    .describe(
      'A result older than this is stale: twice the interval of the check in Cabourotte, and its timeout.',
    ),
  ...sourceShape,
  every: everyKey('5s'),
};

export const basicAuthShape = {
  username: form('a username without a colon', /^[^:\p{Cc}]+$/u).describe('Name to give.'),
  password: nested.describe('Password to give.'),
};

type CabourotteFields = Fields<typeof shape>;
type BasicAuth = CabourotteSpec['basicAuth'];

/** Reads the options of a cabourotte check. Its destination is in the URL. */
function readCabourotte(
  fields: CabourotteFields,
  place: ProbePlace,
  context: Context,
): ReadProbe | undefined {
  const url = readUrl(fields, context);
  const options = {
    name: fields.read('name') ?? place.name,
    basicAuth: readBasicAuth(fields.child('basic_auth'), context),
    maxAgeMs: fields.read('max_age'),
    ...readSource(fields),
  };
  const tls = readTls(fields.child('tls'), context);
  if (url === undefined) return undefined;
  const isSecure = url.protocol === 'https:';
  const tlsAt = fields.child('tls');
  if (tls !== undefined && tlsAt !== undefined && !isSecure) {
    const message = 'stands beside plain http; write https in url, or leave tls out';
    context.report.problem(labelSpot(tlsAt), 'conflict', message);
  }
  const probe: CabourotteSpec = {
    type: 'cabourotte',
    url: url.href,
    ...options,
    tls: isSecure ? (tls ?? PLAIN_TLS) : undefined,
  };
  return { probe, destination: url.hostname.replace(/^\[(.*)\]$/, '$1'), asks: 'none' };
}

function readUrl(fields: CabourotteFields, { report }: Context): URL | undefined {
  const cursor = fields.child('url');
  const written = fields.read('url');
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (cursor === undefined) return url;
  if (url !== undefined && (url.username !== '' || url.password !== '')) {
    const message = 'holds credentials; write them as basic_auth, and out of the URL';
    report.problem(valueSpot(cursor), 'wrong-value', message);
    return undefined;
  }
  const host = url?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
  if (url !== undefined && isDestination(host) && url.search === '' && url.hash === '') return url;
  const hint = 'write a URL such as http://127.0.0.1:9013, without query';
  report.problem(valueSpot(cursor), 'wrong-value', `got ${describeNode(cursor.node)}; ${hint}`);
  return undefined;
}

function readBasicAuth(cursor: Cursor | undefined, { report }: Context): BasicAuth {
  const fields = cursor === undefined ? undefined : openFields(cursor, { shape: basicAuthShape }, report);
  if (fields === undefined) return undefined;
  const username = fields.read('username');
  const at = fields.child('password');
  if (at === undefined) {
    report.problem(missingSpot(fields.cursor, 'password'), 'missing-key', 'missing; write the password');
    return undefined;
  }
  // What is wrong with it is not shown.
  if (at.node.kind !== 'scalar' || at.node.value === null || !/^\P{Cc}+$/u.test(at.node.text)) {
    report.problem(valueSpot(at), 'wrong-value', 'not one line of text; write the password so');
    return undefined;
  }
  return username === undefined ? undefined : { username, password: at.node.text };
}

export const cabourotte = kind(shape, readCabourotte);
