import { createServer as createTcpServer } from 'node:net';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { grpcProbe } from '../../../src/checks/grpc.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { listen } from '../../support/listen.ts';

const NOT_SERVING = Buffer.from('00000000020802', 'hex');

/** An HTTP/2 frame (RFC 9113 §4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, stream]);
  return Buffer.concat([header, payload]);
}

/** A header field of HPACK, literal and not indexed (RFC 7541 §6.2.2). */
function field(name: string, value: string): Buffer {
  const parts = [name, value].map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]));
  return Buffer.concat([Buffer.from([0]), ...parts]);
}

test('whatever comes over the connection is an outcome with a reason, and never a pass', async () => {
  const status200 = Buffer.from([0x88]);
  const answer = Buffer.concat([
    frame(4, 0, 0, Buffer.alloc(0)), // SETTINGS
    frame(4, 1, 0, Buffer.alloc(0)), // its acknowledgement
    frame(1, 4, 1, Buffer.concat([status200, field('content-type', 'application/grpc')])),
    frame(0, 0, 1, NOT_SERVING),
    frame(1, 5, 1, Buffer.concat([field('grpc-status', '14'), field('grpc-message', 'not%20now')])),
  ]);
  let next = answer;
  const server = createTcpServer((socket) => socket.once('data', () => socket.end(next)));
  const { port, connections, close } = await listen(server);
  const source = { sourceAddress: undefined, sourceInterface: undefined };
  const target = grpcProbe({
    spec: { type: 'grpc', port, service: '', authority: undefined, tls: undefined, ...source },
    destination: '127.0.0.1',
    version: '1.2.3',
    clock: systemClock,
  });
  const attempt = () => target.attempt(2_000, new AbortController().signal);
  expect(await attempt()).toMatchObject({
    reason: 'unexpected-status',
    detail: 'grpc-status 14 UNAVAILABLE: "not now"',
  });
  const change = fc.record({ at: fc.nat(answer.length - 1), byte: fc.nat(255) });
  const mutated = fc
    .array(change, { minLength: 1, maxLength: 6 })
    .map((changes) =>
      changes.reduce((bytes, { at, byte }) => bytes.fill(byte, at, at + 1), Buffer.from(answer)),
    );
  const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  const begun = random.map((bytes) => Buffer.concat([answer.subarray(0, 18), bytes]));
  const brokenOff = fc.nat(answer.length - 1).map((length) => answer.subarray(0, length));
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, random, begun, brokenOff), async (bytes) => {
      next = bytes;
      const outcome = await attempt();
      expect(outcome.ok).toBe(false);
      expect(outcome.detail).toMatch(/^[^\p{Cc}]+$/u);
      expect(['internal-error', 'timeout']).not.toContain(outcome.reason);
    }),
    { seed: 1, numRuns: 200 },
  );
  await vi.waitFor(() => expect(connections()).toBe(0));
  await target.close();
  await close();
});
