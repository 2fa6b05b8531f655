import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ProbeOutcome } from '../../src/checks/index.ts';
import type { UdpCase, UdpServer } from './udp-child.ts';
import { inNamespace } from './udp-namespace.ts';

const SILENT_MS = 1_000;
/** Several MiB, more blocks of 512 bytes than a few; the same each time. */
const LARGE_BYTES = 3_000_000;
const SMALL = 'pxelinux\n';
const PATTERN = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz!');
const SHA = createHash('sha256').update(Buffer.alloc(LARGE_BYTES, PATTERN)).digest('hex');
const OTHER_SHA = createHash('sha256').update('another').digest('hex');

/** tftp-hpa in the foreground; as root, since it gives its files from a root directory of its own. */
function tftpd(port: number, ...more: readonly string[]): UdpServer {
  const argv = ['in.tftpd', '-L', '-u', 'root', '-a', `:${port}`, ...more, '--secure', '%FOLDER%'] as const;
  return { argv: ['in.tftpd', ...argv.slice(1)], ready: { to: '127.0.0.1', spec: { port } } };
}

/** Answers from port 0, to which nobody can answer; only to the file `ready` as others do. */
const PORT_ZERO = `
import socket, struct
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind(('127.0.0.1', 5069))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
while True:
    request, client = own.recvfrom(2000)
    if b'ready' in request:
        own.sendto(b'\\0\\5\\0\\1', client)
    else:
        for packet in (b'\\0\\3\\0\\1data', b'\\0\\5\\0\\1', b''):
            raw.sendto(struct.pack('!HHHH', 0, client[1], 8 + len(packet), 0) + packet, client)
`;
const portZero: UdpServer = {
  argv: ['python3', '-c', PORT_ZERO],
  ready: { to: '127.0.0.1', spec: { port: 5069, path: 'ready' } },
};

const CASES = {
  'a small file': { to: '127.0.0.1', spec: {} },
  'a small file over IPv6': { to: '::1', spec: {} },
  'a file with a slash in front': { to: '127.0.0.1', spec: { path: '/small' } },
  'an empty file': { to: '127.0.0.1', spec: { path: 'empty' } },
  'a large file': { to: '127.0.0.1', spec: { path: 'large', sha256: SHA } },
  'a large file over IPv6': { to: 'fd00:99::1', spec: { path: 'large', sha256: SHA } },
  'a large file in blocks of 512 bytes': {
    to: '127.0.0.1',
    spec: { path: 'large', sha256: SHA, blockBytes: 512 },
  },
  'a large file in the largest blocks': {
    to: '127.0.0.1',
    spec: { path: 'large', sha256: SHA, blockBytes: 65_464 },
  },
  'a server that refuses block sizes': { to: '127.0.0.1', spec: { port: 1069, path: 'large', sha256: SHA } },
  'a server that refuses all options': { to: '::1', spec: { port: 2069, path: 'large', sha256: SHA } },
  'a server that wants smaller blocks': { to: '127.0.0.1', spec: { port: 3069, path: 'large', sha256: SHA } },
  'a transfer from another address': { to: '127.0.0.1', spec: { sourceAddress: '127.0.0.9' } },
  'a transfer by an interface': {
    to: '127.0.0.1',
    spec: { sourceInterface: 'lo', path: 'large', sha256: SHA },
  },
  'another file than wanted': { to: '127.0.0.1', spec: { path: 'large', sha256: OTHER_SHA } },
  'a missing file': { to: '127.0.0.1', spec: { path: 'missing' } },
  'a missing file over IPv6': { to: '::1', spec: { path: 'missing' } },
  'a file that only its owner may read': { to: '127.0.0.1', spec: { path: 'private' } },
  'a file that is too large': { to: '127.0.0.1', spec: { path: 'large', maxBytes: 1_000_000 } },
  'a file that turns out too large': {
    to: '127.0.0.1',
    spec: { path: 'large', maxBytes: 1_000_000, blockBytes: 512 },
  },
  'nobody at the port': { to: '127.0.0.1', spec: { port: 4069 } },
  'nobody at the port over IPv6': { to: '::1', spec: { port: 4069 } },
  'a firewall that says no': { to: '127.0.0.4', spec: {} },
  'a firewall that says no over IPv6': { to: 'fd00:99::4', spec: {} },
  'a black hole': { to: '127.0.0.2', spec: {}, timeoutMs: SILENT_MS },
  'a black hole over IPv6': { to: 'fd00:99::2', spec: {}, timeoutMs: SILENT_MS },
  'a firewall that passes the request only': { to: '127.0.0.3', spec: {}, timeoutMs: SILENT_MS },
  'a server at port 0': { to: '127.0.0.1', spec: { port: 5069, sha256: OTHER_SHA }, timeoutMs: SILENT_MS },
  'an own firewall': { to: '127.0.0.5', spec: {} },
  'no route': { to: '192.0.2.1', spec: {} },
  'no route over IPv6': { to: '2001:db8::1', spec: {} },
} as const satisfies Record<string, UdpCase>;

let outcomes: ReadonlyMap<string, ProbeOutcome> = new Map();

beforeAll(async () => {
  const file = (content: Buffer, mode = 0o644) => ({ content: content.toString('base64'), mode });
  outcomes = await inNamespace({
    kind: 'tftp',
    files: {
      small: file(Buffer.from(SMALL)),
      empty: file(Buffer.alloc(0)),
      private: file(Buffer.from(SMALL), 0o600),
    },
    made: { large: { bytes: LARGE_BYTES, pattern: PATTERN.toString() } },
    servers: [
      tftpd(69),
      tftpd(1069, '-r', 'blksize'),
      tftpd(2069, '-r', 'blksize', '-r', 'tsize', '-r', 'timeout'),
      tftpd(3069, '-B', '600'),
      portZero,
    ],
    cases: CASES,
  });
}, 60_000);

describe('tftp-hpa (and what is not it)', () => {
  it.each<[keyof typeof CASES, string]>([
    ['a small file', 'passed'],
    ['a small file over IPv6', 'passed'],
    ['a file with a slash in front', 'passed'],
    ['an empty file', 'passed'],
    ['a large file', 'passed'],
    ['a large file over IPv6', 'passed'],
    ['a large file in blocks of 512 bytes', 'passed'],
    ['a large file in the largest blocks', 'passed'],
    ['a server that refuses block sizes', 'passed'],
    ['a server that refuses all options', 'passed'],
    ['a server that wants smaller blocks', 'passed'],
    ['a transfer from another address', 'passed'],
    ['a transfer by an interface', 'passed'],
    ['another file than wanted', 'content-mismatch'],
    ['a missing file', 'not-found'],
    ['a missing file over IPv6', 'not-found'],
    ['a file that only its owner may read', 'not-permitted'],
    ['a file that is too large', 'too-large'],
    ['a file that turns out too large', 'too-large'],
    ['nobody at the port', 'refused'],
    ['nobody at the port over IPv6', 'refused'],
    ['a firewall that says no', 'refused'],
    ['a firewall that says no over IPv6', 'refused'],
    ['a black hole', 'timeout'],
    ['a black hole over IPv6', 'timeout'],
    ['a firewall that passes the request only', 'timeout'],
    ['a server at port 0', 'timeout'],
    ['an own firewall', 'not-permitted'],
    ['no route', 'unreachable'],
    ['no route over IPv6', 'unreachable'],
  ])('%s: %s', (name, reason) => {
    expect(outcomes.get(name)).toMatchObject({ reason, ok: reason === 'passed' });
  });

  it('tells how much it gave', () => {
    expect(outcomes.get('a small file')?.measurement).toEqual({ kind: 'tftp', bytes: SMALL.length });
    expect(outcomes.get('an empty file')?.measurement).toEqual({ kind: 'tftp', bytes: 0 });
    for (const name of ['a large file', 'another file than wanted']) {
      expect(outcomes.get(name)?.measurement).toEqual({ kind: 'tftp', bytes: LARGE_BYTES });
    }
  });

  it('has nothing to do with what comes from port 0, which is told of', () => {
    const detail = outcomes.get('a server at port 0')?.detail;
    expect(detail).toMatch(/; ignored \d+ datagrams that were not the answer, from 127\.0\.0\.1:0 last$/);
  });

  it('is told of with how far the transfer had come', () => {
    const stuck = outcomes.get('a firewall that passes the request only');
    expect(stuck?.detail).toBe(`got 0 bytes of ${SMALL.length}, in 0 blocks, within ${SILENT_MS} ms`);
  });
});
