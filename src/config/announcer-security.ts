import type { PeerSecurity, TcpAoKey } from '../bgp/index.ts';
import { type peerShape, tcpAoShape } from './announcer-schema.ts';
import type { Context } from './context.ts';
import { type Fields, openFields } from './fields.ts';
import { readSecret, readSecretFile } from './secret.ts';
import { type Cursor, labelSpot, valueSpot } from './tree.ts';

type PeerFields = Fields<typeof peerShape>;

/** How a peer's TCP connection is guarded. What is wrong is told, and left out. */
export function readSecurity(fields: PeerFields, context: Context): PeerSecurity {
  refuseSideBySide(fields, ['password', 'password_file', 'tcp_ao'], context);
  if (fields.read('gtsm')) refuseSideBySide(fields, ['gtsm', 'multihop_ttl'], context);
  return {
    password: readPassword(fields, context),
    tcpAo: readTcpAo(fields.child('tcp_ao'), context),
    hasGtsm: fields.read('gtsm'),
    multihopTtl: fields.read('multihop_ttl'),
    device: fields.read('device'),
  };
}

/** Each of these keys but the first that is there is told. */
function refuseSideBySide(
  fields: PeerFields,
  keys: readonly (keyof typeof peerShape)[],
  { report }: Context,
): void {
  const [first, ...others] = keys.filter((key) => fields.child(key) !== undefined);
  for (const key of others) {
    const cursor = fields.child(key);
    const message = `stands beside ${first}, and the two exclude each other; leave one out`;
    if (cursor !== undefined) report.problem(labelSpot(cursor), 'conflict', message);
  }
}

function readPassword(fields: PeerFields, context: Context): string | undefined {
  const [inline, file] = [fields.child('password'), fields.child('password_file')];
  if (inline !== undefined) return readSecret(inline, 'a password', context);
  const path = fields.read('password_file');
  if (path === undefined || file === undefined) return undefined;
  return readSecretFile(path, { cursor: file, what: 'a password' }, context);
}

function readTcpAo(cursor: Cursor | undefined, context: Context): TcpAoKey | undefined {
  if (cursor === undefined) return undefined;
  if (mayBeKey(cursor)) {
    const message = `got the key alone, or another text; write a map of ${Object.keys(tcpAoShape).join(', ')}`;
    context.report.problem(valueSpot(cursor), 'wrong-value', message);
    return undefined;
  }
  const fields = openFields(cursor, { shape: tcpAoShape }, context.report);
  if (fields === undefined) return undefined;
  const algorithm = fields.read('algorithm');
  const [sendId, receiveId] = [fields.read('send_id'), fields.read('receive_id')];
  const key = readKey(fields, context);
  if (sendId === undefined || receiveId === undefined || key === undefined) return undefined;
  return { algorithm, sendId, receiveId, key };
}

/** What was written where the map belongs: it is not to be shown. */
function mayBeKey({ node }: Cursor): boolean {
  return node.kind === 'scalar' && (typeof node.value === 'string' || typeof node.value === 'number');
}

function readKey(fields: Fields<typeof tcpAoShape>, context: Context): string | undefined {
  const cursor = fields.child('key');
  // Reading it by its leaf tells that it is missing.
  return cursor === undefined ? fields.read('key') : readSecret(cursor, 'a key', context);
}
