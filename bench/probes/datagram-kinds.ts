import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { DnsSpec } from '../../src/checks/index.ts';
import { ADDRESS, type BareLoop, NO_SOURCE, type ProbeKind } from './kind.ts';
import { DNS_ADDRESS, DNS_NAME, TFTP_FILE } from './responders.ts';

const BLOCK_BYTES = 1_408;
const MEBIBYTE = 1_048_576;
const ASK = ['+short', '+tries=1', '+time=1', DNS_NAME, 'A'] as const;

/** What goes over UDP, from a new port for each probe; and DNS over TCP beside it. */
export const DATAGRAM_KINDS = {
  dns: {
    title: 'DNS over UDP',
    cost: 'packets',
    peer: 'datagram',
    spec: ({ ports }) => dns(ports.dns, 'udp'),
    bare: ({ ports }) => bareDatagram(ports.dns, [DNS_QUERY]),
    tools: ({ ports }) => [
      ['dig', `@${ADDRESS}`, '-p', `${ports.dns}`, ...ASK],
      ['kdig', `@${ADDRESS}`, '-p', `${ports.dns}`, '+short', DNS_NAME, 'A'],
      ['drill', '-p', `${ports.dns}`, DNS_NAME, `@${ADDRESS}`, 'A'],
    ],
  },
  'dns-tcp': {
    title: 'DNS over TCP',
    cost: 'packets',
    peer: 'stream',
    spec: ({ ports }) => dns(ports.dnsOverTcp, 'tcp'),
    bare: ({ ports }) => bareDnsOverTcp(ports.dnsOverTcp),
    tools: ({ ports }) => [
      ['dig', '+tcp', `@${ADDRESS}`, '-p', `${ports.dnsOverTcp}`, ...ASK],
      ['kdig', '+tcp', `@${ADDRESS}`, '-p', `${ports.dnsOverTcp}`, '+short', DNS_NAME, 'A'],
      ['drill', '-t', '-p', `${ports.dnsOverTcp}`, DNS_NAME, `@${ADDRESS}`, 'A'],
    ],
  },
  ntp: {
    title: 'NTP',
    cost: 'packets',
    peer: 'datagram',
    spec: ({ ports }) => ({
      type: 'ntp',
      port: ports.ntp,
      maxOffsetMs: 1_000,
      maxStratum: 15,
      maxRootDistanceMs: undefined,
      ...NO_SOURCE,
    }),
    bare: ({ ports }) => bareDatagram(ports.ntp, [NTP_REQUEST]),
    tools: ({ ports }) => [
      ['chronyd', '-Q', '-t', '3', `server ${ADDRESS} port ${ports.ntp} iburst maxsamples 1`],
    ],
  },
  tftp: {
    title: 'TFTP, a file of one block',
    cost: 'packets',
    peer: 'datagram',
    spec: ({ ports }) => ({
      type: 'tftp',
      port: ports.tftp,
      path: TFTP_FILE,
      blockBytes: BLOCK_BYTES,
      sha256: undefined,
      maxBytes: MEBIBYTE,
      ...NO_SOURCE,
    }),
    bare: ({ ports }) => bareDatagram(ports.tftp, [TFTP_REQUEST, TFTP_FIRST_ACK], TFTP_LAST_ACK),
    tools: ({ ports }) => [
      ['curl', '--silent', '--max-time', '1', `tftp://${ADDRESS}:${ports.tftp}/${TFTP_FILE}`],
    ],
  },
} as const satisfies Readonly<Record<string, ProbeKind>>;

function dns(port: number, transport: 'udp' | 'tcp'): DnsSpec {
  return {
    type: 'dns',
    port,
    name: DNS_NAME,
    recordType: 'A',
    transport,
    tcpFallback: true,
    recursionDesired: true,
    rcode: 'NOERROR',
    answers: [DNS_ADDRESS],
    match: 'all',
    minAnswers: 1,
    ...NO_SOURCE,
  };
}

const LABELS = DNS_NAME.split('.').map((label) => String.fromCharCode(label.length) + label);
/** With an empty OPT record, as ours has. */
const DNS_QUERY = Buffer.concat([
  Buffer.from('123401000001000000000001', 'hex'),
  Buffer.from(`${LABELS.join('')}\0`, 'latin1'),
  Buffer.from('000100010000290200000000000000', 'hex'),
]);
const NTP_REQUEST = Buffer.concat([Buffer.of(0x23), Buffer.alloc(39), Buffer.alloc(8, 7)]);
const TFTP_OPTIONS = ['blksize', `${BLOCK_BYTES}`, 'tsize', '0', 'timeout', '1'];
const TFTP_REQUEST = Buffer.from(`\0\u0001${[TFTP_FILE, 'octet', ...TFTP_OPTIONS].join('\0')}\0`, 'latin1');
const TFTP_FIRST_ACK = Buffer.of(0, 4, 0, 0);
const TFTP_LAST_ACK = Buffer.of(0, 4, 0, 1);

/** Sends one packet after the other, each when the last was answered, from a port of its own; then perhaps a goodbye. */
function bareDatagram(port: number, packets: readonly Buffer[], goodbye?: Buffer): BareLoop {
  return {
    once(done) {
      const socket = createSocket('udp4');
      const rest = [...packets];
      let peer = port;
      const send = (packet: Buffer | undefined): void => {
        if (packet !== undefined) socket.send(packet, peer, ADDRESS);
      };
      socket.on('message', (_message, from) => {
        peer = from.port;
        const next = rest.shift();
        if (next !== undefined) return send(next);
        if (goodbye === undefined) socket.close();
        else socket.send(goodbye, peer, ADDRESS, () => socket.close());
        done();
      });
      send(rest.shift());
    },
    close: () => undefined,
  };
}

function bareDnsOverTcp(port: number): BareLoop {
  const framed = Buffer.concat([Buffer.of(0, DNS_QUERY.length), DNS_QUERY]);
  return {
    once(done) {
      const socket = connect(port, ADDRESS);
      socket.write(framed);
      socket.once('data', () => {
        socket.destroy();
        done();
      });
    },
    close: () => undefined,
  };
}
