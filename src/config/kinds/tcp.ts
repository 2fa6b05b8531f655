import type { TlsSpec } from '../../checks/index.ts';
import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { anyText, flag, port, text } from '../leaves.ts';
import { checkPem, PLAIN_TLS, readPem, readTls } from '../tls.ts';
import { labelSpot } from '../tree.ts';
import { kind, type ProbePlace, type ReadProbe, readSource, sourceShape, tlsKey } from './kind.ts';

const shape = {
  port: port().describe('TCP port to connect to.'),
  send: anyText('the text to send').optional().describe('Text to send once connected, exactly as it is.'),
  expect: anyText('the text to wait for').optional().describe('Passes when the answer contains this text.'),
  tls: tlsKey,
  ...sourceShape,
  ssl: flag().optional().deprecate('AWSnycast’s spelling of `tls: true`.'),
  certPath: text('the path of a PEM file').optional().deprecate('AWSnycast’s `tls.ca_file`.'),
  cert: text('a CA certificate in PEM').optional().deprecate('AWSnycast’s `tls.ca`.'),
  skipVerify: flag().optional().deprecate('AWSnycast’s `tls.skip_verify`.'),
  serverName: anyText('the server name to ask for').optional().deprecate('AWSnycast’s `tls.server_name`.'),
};

type TcpFields = Fields<typeof shape>;

/** AWSnycast's TLS options, and what each is called under `tls`. */
const OLD_OPTIONS = {
  ssl: 'tls: true',
  certPath: 'tls: {ca_file: …}',
  cert: 'tls: {ca: …}',
  skipVerify: 'tls: {skip_verify: …}',
  serverName: 'tls: {server_name: …}',
} as const;

/** Reads the options of a tcp check. Empty `send` and `expect` are none, as in AWSnycast. */
function readTcp(fields: TcpFields, _place: ProbePlace, context: Context): ReadProbe | undefined {
  const port = fields.read('port');
  const send = fields.read('send');
  const expect = fields.read('expect');
  const tls = readEitherTls(fields, context);
  if (port === undefined) return undefined;
  const [sent, expected] = [send === '' ? undefined : send, expect === '' ? undefined : expect];
  return {
    probe: { type: 'tcp', port, send: sent, expect: expected, tls, ...readSource(fields) },
    asks: 'required',
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

export const tcp = kind(shape, readTcp);
