import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, describe, expect, test } from 'vitest';
import { AF_UNIX, encodeUnixSockaddr } from '../../../src/lib/sockaddr.ts';
import { closeSocket, openEchoSocket, receiveDatagram, sendUnixDatagram } from '../../../src/lib/sockopt.ts';

const directory = mkdtempSync(join(tmpdir(), 'vpcast-sockopt-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A datagram socket as systemd has one, which Node cannot open. */
function listenAt(path: string): number {
  const library = koffi.load(null);
  const socket = library.func('socket', 'int', ['int', 'int', 'int']);
  const bind = library.func('bind', 'int', ['int', 'void *', 'uint32']);
  const fd: number = socket(AF_UNIX, 2, 0);
  const address = encodeUnixSockaddr(path);
  if (fd < 0 || address === undefined || bind(fd, address, address.length) < 0)
    throw new Error(`no socket at ${path}`);
  return fd;
}

describe('a datagram to a Unix socket', () => {
  test.each([
    ['a path', join(directory, 'notify')],
    ['a name in the abstract namespace', `@vpcast-test-${process.pid}`],
  ])('arrives whole at %s', (_name, path) => {
    const fd = listenAt(path);
    const text = 'READY=1\nSTATUS=grün';
    expect(sendUnixDatagram(path, text)).toEqual({ ok: true });
    const buffer = Buffer.alloc(100);
    const received = receiveDatagram(fd, buffer);
    expect(received.ok && buffer.subarray(0, received.bytes).toString()).toBe(text);
    closeSocket(fd);
  });

  test('that nobody waits for is an error by name, not an exception', () => {
    expect(sendUnixDatagram(join(directory, 'none'), 'x')).toEqual({ ok: false, code: 'ENOENT' });
    expect(sendUnixDatagram(`/${'x'.repeat(200)}`, 'x')).toEqual({ ok: false, code: 'ENAMETOOLONG' });
  });

  test('never waits for a full queue', () => {
    const path = join(directory, 'full');
    const fd = listenAt(path);
    const codes = Array.from({ length: 2_000 }, () => sendUnixDatagram(path, 'x')).map(
      (sent) => sent.ok || sent.code,
    );
    expect(codes[0]).toBe(true);
    expect(codes.at(-1)).toBe('EAGAIN');
    closeSocket(fd);
  });
});

test('an ICMP socket opens, or the errno says why not', () => {
  for (const kind of ['ping-socket', 'raw-socket'] as const) {
    const opened = openEchoSocket({ kind, family: 'ipv4' });
    if (opened.ok) closeSocket(opened.fd);
    expect(opened.ok ? 'opened' : opened.code).toMatch(/^(opened|EACCES|EPERM)$/);
  }
});
