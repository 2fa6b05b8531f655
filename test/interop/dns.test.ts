import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DnsSpec, ProbeOutcome } from '../../src/checks/index.ts';
import { runScript, unshareCommand } from '../support/network-namespace.ts';
import type { DnsCase, DnsTask } from './dns-child.ts';

// 127.0.0.2 loses all that comes in, 127.0.0.3 and fd00:99::3 what comes by TCP, and 127.0.0.4 says that nobody is there.
const SETUP = `
  ip link set lo up
  ip link add other0 type veth peer name other1
  ip link set other0 up
  ip link set other1 up
  ip address add 10.99.0.1/24 dev other0
  ip address add fd00:99::1/64 dev other0 nodad
  ip address add fd00:99::3/64 dev other0 nodad
  nft -f - <<END
    table inet filter {
      chain input {
        type filter hook input priority 0
        ip daddr 127.0.0.2 drop
        ip daddr 127.0.0.3 tcp dport 53 drop
        ip6 daddr fd00:99::3 tcp dport 53 drop
        ip daddr 127.0.0.4 reject
      }
    }
END
`;

const LISTEN = [
  '127.0.0.1',
  '127.0.0.2',
  '127.0.0.3',
  '127.0.0.4',
  '10.99.0.1',
  '::1',
  'fd00:99::1',
  'fd00:99::3',
];

/** Answers from port 5353 leave from whatever address the kernel thinks best. 10.99.0.2, to which it forwards, is nobody. */
const CONFIG = `
server:
  ${LISTEN.map((address) => `interface: ${address}@53`).join('\n  ')}
  interface: 0.0.0.0@5353
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "%FOLDER%"
  pidfile: ""
  use-syslog: no
  verbosity: 0
  val-permissive-mode: yes
  module-config: "iterator"
  do-not-query-localhost: no
  local-zone: "test." nodefault
  access-control: 0.0.0.0/0 allow
  access-control: ::0/0 allow
  access-control: 127.0.0.9/32 refuse
auth-zone:
  name: "lab.test."
  zonefile: "%FOLDER%/zone"
  for-downstream: yes
  for-upstream: no
forward-zone:
  name: "slow.test."
  forward-addr: 10.99.0.2
remote-control:
  control-enable: no
`;

const MEDIUM = 'm'.repeat(200);
const LONG = 'l'.repeat(250);
const ZONE = `
$ORIGIN lab.test.
$TTL 60
@ IN SOA ns host 2024010101 7200 3600 1209600 300
@ IN NS ns
@ IN MX 10 Mail
@ IN MX 20 mail2.example.
ns IN A 127.0.0.1
www IN A 192.0.2.10
www IN A 192.0.2.11
www IN AAAA 2001:db8::10
alias IN CNAME second
second IN CNAME www
dangling IN CNAME nothing
_sip._tcp IN SRV 0 5 5060 sip
ptr IN PTR www
text IN TXT "v=spf1 " "-all"
medium IN TXT ${Array(4).fill(`"${MEDIUM}"`).join(' ')}
long IN TXT ${Array(12).fill(`"${LONG}"`).join(' ')}
`;

function to(destination: string, spec: Partial<DnsSpec> = {}, timeoutMs = 2_000): DnsCase {
  return { destination, spec, timeoutMs };
}

const SERVER = '127.0.0.1';
const WWW = ['192.0.2.10', '192.0.2.11'];
const long = { name: 'long.lab.test', recordType: 'TXT' } as const;

/** What has to come of each case: its reason, and where it says more than that, a part of the detail. */
const CASES: Readonly<Record<string, readonly [DnsCase, ProbeOutcome['reason'], string?]>> = {
  'passes over IPv4': [to(SERVER, { answers: WWW, minAnswers: 2 }), 'passed'],
  'passes over IPv6': [to('::1', { answers: WWW }), 'passed'],
  'passes over TCP': [to(SERVER, { answers: WWW, transport: 'tcp' }), 'passed'],
  'passes over TCP and IPv6': [to('fd00:99::1', { answers: WWW, transport: 'tcp' }), 'passed'],
  'passes in any case of letters': [to(SERVER, { name: 'WwW.LaB.tEsT' }), 'passed'],
  'passes for AAAA': [to(SERVER, { recordType: 'AAAA', answers: ['2001:db8::10'] }), 'passed'],
  'passes for MX': [
    to(SERVER, { name: 'lab.test', recordType: 'MX', answers: ['10 mail.lab.test', '20 mail2.example'] }),
    'passed',
  ],
  'passes for NS': [to(SERVER, { name: 'lab.test', recordType: 'NS', answers: ['ns.lab.test'] }), 'passed'],
  'passes for SOA': [
    to(SERVER, { name: 'lab.test', recordType: 'SOA', answers: ['ns.lab.test host.lab.test 2024010101'] }),
    'passed',
  ],
  'passes for SRV': [
    to(SERVER, { name: '_sip._tcp.lab.test', recordType: 'SRV', answers: ['0 5 5060 sip.lab.test'] }),
    'passed',
  ],
  'passes for PTR': [
    to(SERVER, { name: 'ptr.lab.test', recordType: 'PTR', answers: ['www.lab.test'] }),
    'passed',
  ],
  'passes for TXT': [
    to(SERVER, { name: 'text.lab.test', recordType: 'TXT', answers: ['v=spf1 -all'] }),
    'passed',
  ],
  'passes for CNAME': [
    to(SERVER, { name: 'alias.lab.test', recordType: 'CNAME', answers: ['second.lab.test'] }),
    'passed',
  ],
  'passes at the end of a chain of CNAMEs': [to(SERVER, { name: 'alias.lab.test', answers: WWW }), 'passed'],
  'passes with NXDOMAIN where that is wanted': [
    to(SERVER, { name: 'nothing.lab.test', rcode: 'NXDOMAIN', minAnswers: 0 }),
    'passed',
  ],
  'passes by the interface that leads there': [to(SERVER, { sourceInterface: 'lo' }), 'passed'],
  'passes by that interface over TCP': [to(SERVER, { sourceInterface: 'lo', transport: 'tcp' }), 'passed'],
  'fails with NXDOMAIN where it is not': [
    to(SERVER, { name: 'nothing.lab.test' }),
    'unexpected-rcode',
    'NXDOMAIN',
  ],
  'fails where a chain leads nowhere': [
    to(SERVER, { name: 'dangling.lab.test' }),
    'too-few-answers',
    '0 A records',
  ],
  'fails where the name has no record of the type': [
    to(SERVER, { name: 'text.lab.test' }),
    'too-few-answers',
    '0 A records',
  ],
  'fails with another answer': [to(SERVER, { answers: ['192.0.2.12'] }), 'unexpected-answer', '192.0.2.10'],
  'fails where the server refuses this client': [
    to(SERVER, { sourceAddress: '127.0.0.9' }),
    'unexpected-rcode',
    'REFUSED',
  ],
  'fails where recursion is needed and not asked for': [
    to(SERVER, { name: 'slow.test', recursionDesired: false }),
    'unexpected-rcode',
    'REFUSED',
  ],
  'fails where the server waits for another': [
    to(SERVER, { name: 'slow.test' }, 300),
    'timeout',
    'no answer',
  ],
  'reads an answer of 800 bytes from one datagram': [
    to(SERVER, {
      name: 'medium.lab.test',
      recordType: 'TXT',
      tcpFallback: false,
      answers: [MEDIUM.repeat(4)],
    }),
    'passed',
  ],
  'asks over TCP for an answer of 3000 bytes': [
    to(SERVER, { ...long, answers: [LONG.repeat(12)] }),
    'passed',
  ],
  'asks over TCP for it over IPv6': [to('::1', long), 'passed'],
  'gets it over TCP at once': [to(SERVER, { ...long, transport: 'tcp' }), 'passed'],
  'fails with it where TCP is not wanted': [to(SERVER, { ...long, tcpFallback: false }), 'truncated'],
  'fails with it where TCP is dropped': [
    to('127.0.0.3', long, 300),
    'timeout',
    'no TCP connection within 300 ms, after a truncated one over UDP',
  ],
  'fails with it where TCP is dropped over IPv6': [
    to('fd00:99::3', long, 300),
    'timeout',
    'no TCP connection',
  ],
  'fails where packets are dropped': [to('127.0.0.2', {}, 300), 'timeout', 'no answer within 300 ms'],
  'fails where TCP packets are dropped': [
    to('127.0.0.2', { transport: 'tcp' }, 300),
    'timeout',
    'no TCP connection',
  ],
  'fails where the network has nobody': [to('10.99.0.2', {}, 300), 'timeout'],
  'fails where packets are rejected': [to('127.0.0.4'), 'refused'],
  'fails where no server is': [to(SERVER, { port: 54 }), 'refused'],
  'fails where no server is, over IPv6': [to('::1', { port: 54 }), 'refused'],
  'fails where no server is, over TCP': [to(SERVER, { port: 54, transport: 'tcp' }), 'refused'],
  'fails by an interface that does not lead there': [
    to(SERVER, { sourceInterface: 'other0' }, 300),
    'timeout',
    'no answer',
  ],
  'fails by an interface that is not there': [to(SERVER, { sourceInterface: 'none0' }), 'unreachable'],
  'fails where the answer comes from another address': [
    to('127.0.0.5', { port: 5353 }, 300),
    'timeout',
    'no answer',
  ],
};

describe('unbound', () => {
  let outcomes: Readonly<Record<string, ProbeOutcome>> = {};

  beforeAll(async () => {
    const unshare = unshareCommand();
    expect(unshare, 'a network namespace').toBeDefined();
    const cases = Object.fromEntries(Object.entries(CASES).map(([name, [it]]) => [name, it]));
    const argument: DnsTask = { config: CONFIG, zone: ZONE, cases };
    const script = join(import.meta.dirname, 'dns-child.ts');
    outcomes = JSON.parse(await runScript({ unshare, setup: SETUP, script, argument, timeoutMs: 30_000 }));
  }, 40_000);

  it.each(Object.keys(CASES))('%s', (name) => {
    const [, reason, detail = ''] = CASES[name] ?? [];
    const outcome = outcomes[name];
    expect(outcome).toMatchObject({ ok: reason === 'passed', reason });
    expect(outcome?.detail ?? '').toContain(detail);
    const isAnswered = outcome?.measurement !== undefined;
    expect(isAnswered).toBe(!['timeout', 'refused', 'unreachable'].includes(reason ?? ''));
  });
});
