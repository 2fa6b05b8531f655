import type { DnsSpec } from '../../checks/index.ts';
import { parseAddress } from '../../lib/cidr.ts';
import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { flag, list, oneOf, port, text, whole } from '../leaves.ts';
import { type Cursor, descend, describeNode, labelSpot, valueSpot } from '../tree.ts';
import { canonicalName, DATA, type RecordType, reverseName } from './dns-data.ts';
import { kind, type ProbePlace, type ReadProbe, readSource, sourceShape } from './kind.ts';
import { judgeWhole, server } from './server.ts';

const RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const;
const RCODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
] as const;

const DEFAULT_PORT = 53;
const SERVER = {
  name: 'server',
  says: ['destination', 'port'],
  instead: 'write port instead, where it is not 53',
};

const shape = {
  server: server('a server such as 10.0.0.2, 10.0.0.2:5353 or [2001:db8::53]:5353')
    .optional()
    .describe('Server to ask, with a port where it is not 53; instead of destination and port.'),
  port: port().or(DEFAULT_PORT).describe('Port to ask on.'),
  name: text('the name to ask for').describe('Name to ask for; for PTR an IP address will do.'),
  record_type: oneOf(RECORD_TYPES).or('A').describe('Type of record to ask for.'),
  transport: oneOf(['udp', 'tcp']).or('udp').describe('How to ask.'),
  rcode: oneOf(RCODES).or('NOERROR').describe('Response code that passes.'),
  answers: list(text('the data of a record'), 'write a list of data of records, such as [10.0.0.10]')
    .optional()
    .describe('Data of records that have to be in the answer. Default: any.'),
  match: oneOf(['all', 'any'])
    .or('all')
    .describe('Whether all of `answers` have to be there, or any of them.'),
  min_answers: whole('a count', { least: 0, most: 1000 })
    .optional()
    .describe('Fewest records of the type that pass. Default: 1 with NOERROR, else 0.'),
  recursion: flag().or(true).describe('Whether the server is asked to resolve the name (RD bit).'),
  tcp_fallback: flag().or(true).describe('Ask over TCP where the answer over UDP is truncated.'),
  ...sourceShape,
};

type DnsFields = Fields<typeof shape>;

/** Reads the options of a dns check. */
function readDns(fields: DnsFields, place: ProbePlace, context: Context): ReadProbe | undefined {
  const asked = readServer(fields, place, context);
  const recordType = fields.read('record_type');
  const name = readName(fields, recordType, context);
  const rcode = fields.read('rcode');
  const transport = fields.read('transport');
  const minAnswers = fields.read('min_answers') ?? (rcode === 'NOERROR' ? 1 : 0);
  const spec = {
    recordType,
    transport,
    rcode,
    minAnswers,
    answers: readAnswers(fields, recordType, context),
    match: fields.read('match'),
    recursionDesired: fields.read('recursion'),
    tcpFallback: fields.read('tcp_fallback'),
    ...readSource(fields),
  };
  judgeTogether(fields, { rcode, transport, minAnswers }, context);
  if (asked === undefined || name === undefined) return undefined;
  const probe: DnsSpec = { type: 'dns', port: asked.port, name, ...spec };
  const { destination } = asked;
  return { probe, asks: 'required', ...(destination === undefined ? {} : { destination }) };
}

/** `destination` undefined: the check's own. */
function readServer(fields: DnsFields, place: ProbePlace, context: Context) {
  const port = fields.read('port');
  const server = fields.read('server');
  if (fields.child('server') === undefined) return { destination: undefined, port };
  if (!judgeWhole(SERVER, { fields, place }, context) || server === undefined) return undefined;
  return { destination: server.destination, port: server.port ?? DEFAULT_PORT };
}

function readName(fields: DnsFields, recordType: RecordType, { report }: Context): string | undefined {
  const written = fields.read('name');
  const at = fields.child('name');
  if (written === undefined || at === undefined) return undefined;
  const address = parseAddress(written);
  if (address !== undefined && recordType === 'PTR') return reverseName(address.bytes);
  if (address !== undefined) {
    return refuse(at, 'write a name; an address can be asked for with record_type: PTR', report);
  }
  const name = canonicalName(written);
  return (
    name ?? refuse(at, 'write a name such as www.example.com; an international one begins with xn--', report)
  );
}

function readAnswers(fields: DnsFields, recordType: RecordType, { report }: Context): readonly string[] {
  const at = fields.child('answers');
  return (fields.read('answers') ?? []).flatMap((written, index) => {
    const { parse, hint } = DATA[recordType];
    const data = parse(written);
    if (data === undefined && at !== undefined) refuse(descend(at, [index]), hint, report);
    return data ?? [];
  });
}

interface Together {
  readonly rcode: string;
  readonly transport: string;
  readonly minAnswers: number;
}

function judgeTogether(
  fields: DnsFields,
  { rcode, transport, minAnswers }: Together,
  { report }: Context,
): void {
  const [answers, atLeast] = [fields.child('answers'), fields.child('min_answers')];
  const [match, fallback] = [fields.child('match'), fields.child('tcp_fallback')];
  for (const child of [answers, minAnswers > 0 ? atLeast : undefined]) {
    if (child === undefined || rcode === 'NOERROR') continue;
    const message = `wants records, which no answer with ${rcode} has; leave it out, or the rcode`;
    report.problem(labelSpot(child), 'conflict', message);
  }
  if (match !== undefined && answers === undefined) {
    report.warn(labelSpot(match), 'no-effect', 'has no effect without answers; leave it out');
  }
  if (fallback !== undefined && transport === 'tcp') {
    report.warn(labelSpot(fallback), 'no-effect', 'has no effect with transport: tcp; leave it out');
  }
}

function refuse(cursor: Cursor, hint: string, report: Context['report']): undefined {
  report.problem(valueSpot(cursor), 'wrong-value', `got ${describeNode(cursor.node)}; ${hint}`);
}

export const dns = kind(shape, readDns);
