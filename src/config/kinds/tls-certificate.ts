import type { TlsCertificateSpec, TlsSpec } from '../../checks/index.ts';
import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { destination, duration, flag, form, ipAddress, list, oneOf, port, text } from '../leaves.ts';
import { PLAIN_TLS, readTls } from '../tls.ts';
import { describeNode, entryCursors, labelSpot, valueSpot } from '../tree.ts';
import {
  everyKey,
  fallKey,
  kind,
  nested,
  type ProbePlace,
  type ReadProbe,
  readSource,
  riseKey,
  sourceShape,
} from './kind.ts';
import { judgeWhole, server } from './server.ts';

const DAY_MS = 86_400_000;
const VALIDITY = { least: 0, most: 36_500 * DAY_MS };
const PORTS = { smtp: 25, imap: 143, postgres: 5432 } as const;
const SERVER = { name: 'server', says: ['destination', 'port'], instead: 'leave it out, and write port' };
/** The last label is no number: that would be an address. */
const DNS_NAME = /^(?!(?:.*\.)?\d+\.?$)(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/;

const shape = {
  file: text('the path of a PEM file')
    .optional()
    .describe(
      'PEM file with the certificate and those above it, read anew each time; no server is asked then.',
    ),
  key_file: text('the path of a PEM file')
    .optional()
    .describe('PEM file with the private key that has to belong to `file`.'),
  server: server('a server such as web.example.com:443, 10.0.0.5 or [2001:db8::5]:443')
    .optional()
    .describe('Server to ask, with a port where it is not the usual one; instead of destination and port.'),
  port: port()
    .optional()
    .describe('TCP port. Default: 443; with starttls 25 (smtp), 143 (imap), 5432 (postgres).'),
  starttls: oneOf(['smtp', 'imap', 'postgres'])
    .optional()
    .describe('Protocol in which the server is asked for TLS first. Default: TLS from the start.'),
  server_name: destination()
    .optional()
    .describe('Name to ask for (SNI), which the certificate has to be for. Default: the destination.'),
  verify: flag()
    .optional()
    .describe(
      'Whether a trusted authority has to stand above it. Default: true for a server, false for a file.',
    ),
  tls: nested.describe(
    'Authorities to trust (ca, ca_file), and a client certificate (cert, key) with its key.',
  ),
  common_name: text('a common name').optional().describe('Common name that it has to have.'),
  dns_names: list(
    form('a host name such as www.example.com or *.example.com', DNS_NAME),
    'write a list of host names, such as [www.example.com]',
  )
    .optional()
    .describe('Host names that it has to be for; `*.example.com` is that very entry.'),
  ip_addresses: list(ipAddress(), 'write a list of IP addresses, such as [192.0.2.1]')
    .optional()
    .describe('IP addresses that it has to be for.'),
  issuer: text('the common name of an authority')
    .optional()
    .describe('Common name that its issuer has to have.'),
  min_remaining: duration(VALIDITY)
    .optional()
    .describe('Fails when it expires sooner than this. Default: only when it has expired.'),
  warn_remaining: duration(VALIDITY)
    .or('14d')
    .describe('Counts as expiring soon (a metric) from this much time before its end.'),
  ...sourceShape,
  every: everyKey('1m'),
  rise: riseKey(1),
  fall: fallKey(2),
};

type CertificateFields = Fields<typeof shape>;

/** Reads the options of a tls_certificate check. */
function readTlsCertificate(
  fields: CertificateFields,
  place: ProbePlace,
  context: Context,
): ReadProbe | undefined {
  const file = fields.read('file');
  const [server, ownPort] = [fields.read('server'), fields.read('port')];
  const startTls = fields.read('starttls');
  const serverName = fields.read('server_name');
  const tls = { ...readTrust(fields, context), serverName };
  const rules = {
    commonName: fields.read('common_name'),
    dnsNames: fields.read('dns_names') ?? [],
    ipAddresses: fields.read('ip_addresses') ?? [],
    issuer: fields.read('issuer'),
    minRemainingMs: fields.read('min_remaining'),
    warnRemainingMs: fields.read('warn_remaining'),
    ...readSource(fields),
  };
  const keyFile = fields.read('key_file');
  judgeFile(fields, place, context);
  const serverAt = fields.child('server');
  const isFit = serverAt === undefined || judgeWhole(SERVER, { fields, place }, context);
  if (!isFit || (serverAt !== undefined && server === undefined)) return undefined;
  const port = server?.port ?? ownPort ?? (startTls === undefined ? 443 : PORTS[startTls]);
  const probe: TlsCertificateSpec = { type: 'tls_certificate', file, keyFile, port, startTls, tls, ...rules };
  const asks = fields.child('file') === undefined ? 'required' : 'optional';
  return { probe, asks, ...(server === undefined ? {} : { destination: server.destination }) };
}

/** What only one of the two has: a file, or a server. */
function judgeFile(fields: CertificateFields, place: ProbePlace, { report }: Context): void {
  const file = fields.child('file');
  const key = fields.child('key_file');
  if (file === undefined) {
    if (key === undefined) return;
    const message =
      'the key of a file, and there is no file; write file too, or tls: {key_file: …} for a client';
    report.problem(labelSpot(key), 'conflict', message);
    return;
  }
  if (place.isTemplate) {
    const message =
      'a remote check asks whoever holds the route; write a check with a file under healthchecks';
    report.problem(labelSpot(file), 'conflict', message);
  }
  const ofServers = [
    entryCursors(fields.cursor).get('destination'),
    ...(['server', 'port', 'starttls', 'server_name', 'source_address', 'source_interface'] as const).map(
      (name) => fields.child(name),
    ),
    ...['cert', 'cert_file', 'key', 'key_file'].map((name) => optionsOfTls(fields).get(name)),
  ];
  for (const other of ofServers) {
    if (other === undefined) continue;
    const message = 'stands beside file, and no server is asked then; leave one of the two out';
    report.problem(labelSpot(other), 'conflict', message);
  }
}

/** `verify`, and what of `tls` has a meaning here. */
function readTrust(fields: CertificateFields, context: Context): TlsSpec {
  const { report } = context;
  const at = fields.child('tls');
  const isVerified = fields.read('verify') ?? fields.child('file') === undefined;
  if (at !== undefined && at.node.kind !== 'map') {
    const message = `got ${describeNode(at.node)}; write a map of ca or ca_file, cert and key, or leave it out`;
    report.problem(valueSpot(at), 'wrong-value', message);
    return PLAIN_TLS;
  }
  const options = optionsOfTls(fields);
  const [name, skip] = [options.get('server_name'), options.get('skip_verify')];
  if (name !== undefined)
    report.problem(labelSpot(name), 'conflict', 'stands within tls; write server_name beside it');
  if (skip !== undefined)
    report.problem(labelSpot(skip), 'conflict', 'is verify here; write verify: false beside tls');
  const ca = options.get('ca') ?? options.get('ca_file');
  if (ca !== undefined && !isVerified) {
    report.warn(
      labelSpot(ca),
      'no-effect',
      'has no effect without verify: true; write that, or leave it out',
    );
  }
  return { ...PLAIN_TLS, ...readTls(at, context), skipVerify: !isVerified };
}

function optionsOfTls(fields: CertificateFields) {
  const at = fields.child('tls');
  return at === undefined ? new Map<string, never>() : entryCursors(at);
}

export const tlsCertificate = kind(shape, readTlsCertificate);
