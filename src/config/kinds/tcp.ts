import type { TlsSpec } from '../checks/index.ts';
import type { ReadProbe } from './checks.ts';
import type { Context } from './context.ts';
import type { Fields } from './fields.ts';
import type { tcpShape } from './schema.ts';
import { checkPem, PLAIN_TLS, readPem, readTls } from './tls.ts';
import { labelSpot } from './tree.ts';

type TcpFields = Fields<typeof tcpShape>;

/** AWSnycast's TLS options, and what each is called under `tls`. */
const OLD_OPTIONS = {
  ssl: 'tls: true',
  certPath: 'tls: {ca_file: …}',
  cert: 'tls: {ca: …}',
  skipVerify: 'tls: {skip_verify: …}',
  serverName: 'tls: {server_name: …}',
} as const;

/** Reads the options of a tcp check. Empty `send` and `expect` are none, as in AWSnycast. */
export function readTcp(fields: TcpFields, context: Context): ReadProbe | undefined {
  const port = fields.read('port');
  const send = fields.read('send');
  const expect = fields.read('expect');
  const tls = readEitherTls(fields, context);
  const sourceAddress = fields.read('source_address');
  if (port === undefined) return undefined;
  const [sent, expected] = [send === '' ? undefined : send, expect === '' ? undefined : expect];
  return {
    probe: { type: 'tcp', port, send: sent, expect: expected, tls, sourceAddress },
    needsDestination: true,
  };
}

function readEitherTls(fields: TcpFields, context: Context): TlsSpec | undefined {
  const { report } = context;
  const old = Object.entries(OLD_OPTIONS).flatMap(([key, present]) => {
    const child = fields.child(key as keyof typeof OLD_OPTIONS);
    return child === undefined ? [] : [{ child, present }];
  });
  for (const { child, present } of old) {
    report.warn(labelSpot(child), 'deprecated', `AWSnycast's spelling; write ${present}`);
  }
  const tls = fields.child('tls');
  const [first] = old;
  if (tls !== undefined && first !== undefined) {
    report.problem(labelSpot(first.child), 'conflict', 'stands beside tls; write all options under tls');
  }
  return tls === undefined ? readOldTls(fields, context) : readTls(tls, context);
}

/** AWSnycast heeds the other options only where `ssl` is there. */
function readOldTls(fields: TcpFields, context: Context): TlsSpec | undefined {
  const isOn = fields.read('ssl') === true;
  const [path, inline] = [fields.read('certPath'), fields.read('cert')];
  const skipVerify = fields.read('skipVerify') ?? false;
  const serverName = fields.read('serverName');
  if (!isOn) {
    for (const key of ['certPath', 'cert', 'skipVerify', 'serverName'] as const) {
      const child = fields.child(key);
      if (child === undefined) continue;
      context.report.warn(
        labelSpot(child),
        'no-effect',
        'has no effect without ssl: true; write tls: true to use TLS',
      );
    }
    return undefined;
  }
  const [fileAt, inlineAt] = [fields.child('certPath'), fields.child('cert')];
  const kind = 'CERTIFICATE';
  const file =
    path === undefined || fileAt === undefined ? undefined : readPem(path, { kind, cursor: fileAt }, context);
  const text =
    inline === undefined || inlineAt === undefined
      ? undefined
      : checkPem(inline, { kind, cursor: inlineAt }, context);
  return {
    ...PLAIN_TLS,
    ca: text ?? file,
    skipVerify,
    serverName: serverName === '' ? undefined : serverName,
  };
}
