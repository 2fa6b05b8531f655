import type { TlsSpec } from '../checks/index.ts';
import type { Context } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import { readLeaf } from './leaf-reader.ts';
import { flag } from './leaves.ts';
import { tlsShape } from './schema.ts';
import { type Cursor, labelSpot, valueSpot } from './tree.ts';

/** TLS with nothing set: the system's CAs, the certificate checked. */
export const PLAIN_TLS: TlsSpec = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  skipVerify: false,
};

type PemKind = 'CERTIFICATE' | 'PRIVATE KEY';

/** Reads `tls: true`, `tls: false` or a map of options. undefined: no TLS. */
export function readTls(cursor: Cursor | undefined, context: Context): TlsSpec | undefined {
  if (cursor === undefined) return undefined;
  if (cursor.node.kind === 'scalar') {
    const result = readLeaf(cursor, flag(), context.report);
    return result.ok && result.value ? PLAIN_TLS : undefined;
  }
  const fields = openFields(cursor, { shape: tlsShape }, context.report);
  if (fields === undefined) return undefined;
  const [cert, key] = [readEither(fields, 'cert', context), readEither(fields, 'key', context)];
  checkPair(fields, context);
  return {
    ca: readEither(fields, 'ca', context),
    cert,
    key,
    serverName: fields.read('server_name'),
    skipVerify: fields.read('skip_verify'),
  };
}

/** A client certificate is of no use without its key, and a key of none without its certificate. */
function checkPair(fields: Fields<typeof tlsShape>, { report }: Context): void {
  const cert = fields.child('cert') ?? fields.child('cert_file');
  const key = fields.child('key') ?? fields.child('key_file');
  if ((cert === undefined) === (key === undefined)) return;
  const message =
    cert === undefined ? 'a key without its certificate; write cert or cert_file too' : undefined;
  const spot = labelSpot(cert ?? key ?? fields.cursor);
  report.problem(spot, 'missing-key', message ?? 'a certificate without its key; write key or key_file too');
}

/** `name` holds the PEM text, `name_file` the path of a file that does. */
function readEither(fields: Fields<typeof tlsShape>, name: 'ca' | 'cert' | 'key', context: Context) {
  const [inline, file] = [fields.child(name), fields.child(`${name}_file`)];
  const kind = name === 'key' ? 'PRIVATE KEY' : 'CERTIFICATE';
  if (inline !== undefined && file !== undefined) {
    const message = `${name} and ${name}_file exclude each other; leave one out`;
    context.report.problem(labelSpot(file), 'conflict', message);
  }
  if (inline !== undefined) {
    const pem = fields.read(name);
    return pem === undefined ? undefined : checkPem(pem, { kind, cursor: inline }, context);
  }
  const path = fields.read(`${name}_file`);
  return path === undefined || file === undefined
    ? undefined
    : readPem(path, { kind, cursor: file }, context);
}

interface PemPlace {
  readonly kind: PemKind;
  readonly cursor: Cursor;
}

/** The content of a PEM file; undefined (and told) where it cannot be read or holds no PEM of that kind. */
export function readPem(path: string, place: PemPlace, context: Context): string | undefined {
  const spot = valueSpot(place.cursor);
  try {
    const pem = context.readFile(path);
    return checkPem(pem, place, context);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `the file cannot be read (${why}); write the path of a readable PEM file`;
    context.report.problem(spot, 'unreadable-file', message);
    return undefined;
  }
}

/** The text, if it holds PEM of that kind; otherwise told. */
export function checkPem(pem: string, { kind, cursor }: PemPlace, { report }: Context): string | undefined {
  const labels = [...pem.matchAll(/^\s*-----BEGIN ([A-Z0-9 ]+)-----\s*$/gm)].map((match) => match[1] ?? '');
  if (labels.includes('ENCRYPTED PRIVATE KEY')) {
    report.problem(valueSpot(cursor), 'unsupported', 'the key is encrypted; give it without a passphrase');
    return undefined;
  }
  if (labels.some((label) => label.endsWith(kind))) return pem;
  const message = `no PEM block "${kind}" in it; write or name a file that has "-----BEGIN ${kind}-----"`;
  report.problem(valueSpot(cursor), 'wrong-value', message);
  return undefined;
}
