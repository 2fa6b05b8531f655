import { describe, expect, it } from 'vitest';
import { type PingProgramOptions, pingByProgram } from '../../src/checks/ping-program.ts';
import { systemClock } from '../../src/lib/system-clock.ts';

/** Asks by the host's own ping (iputils on Debian), the last way when no ICMP socket is permitted. */
function ask(destination: string, over: Partial<PingProgramOptions> = {}) {
  return pingByProgram({
    program: undefined,
    family: destination.includes(':') ? 'ipv6' : 'ipv4',
    destination,
    spec: { type: 'ping', payloadBytes: 56, sourceAddress: undefined, sourceInterface: undefined },
    timeoutMs: 2_000,
    signal: new AbortController().signal,
    clock: systemClock,
    ...over,
  });
}

describe("the host's ping program", () => {
  it.each(['127.0.0.1', '127.0.1.10', '::1'])('passes for %s', async (destination) => {
    expect(await ask(destination)).toEqual({ reason: 'passed', rttMs: expect.any(Number) });
  });

  it('passes from a source address', async () => {
    const spec = {
      type: 'ping',
      payloadBytes: 16,
      sourceAddress: '127.0.0.9',
      sourceInterface: undefined,
    } as const;
    expect(await ask('127.0.0.1', { spec })).toEqual({ reason: 'passed', rttMs: expect.any(Number) });
  });

  it('fails with a reason for an address that it can not ask', async () => {
    expect((await ask('127.0.0.1', { family: 'ipv6' })).reason).toBe('unreachable');
  });
});
