import { beforeEach, describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../../src/agent/index.ts';
import { CertificateWatch } from '../../../src/telemetry/index.ts';

const NOT_AFTER_MS = Date.UTC(2027, 0, 2);

let watch: CertificateWatch;

beforeEach(() => {
  watch = new CertificateWatch();
});

function measured(check: string, isExpiringSoon: boolean, notAfterMs = NOT_AFTER_MS): AgentEvent {
  const measurement = { kind: 'tls_certificate', notAfterMs, isExpiringSoon } as const;
  const outcome = { ok: true, reason: 'passed', latencyMs: 1, detail: undefined, measurement } as const;
  return { type: 'probe', check, outcome };
}

describe('the watch over certificates', () => {
  it('warns once when one comes near its end, and says once that it was renewed', () => {
    expect(watch.lineOf(measured('web', false))).toBeUndefined();
    expect(watch.lineOf(measured('web', true))).toEqual({
      level: 'warn',
      event: 'certificate',
      message: 'check web: the certificate expires on 2027-01-02T00:00:00.000Z: renew it',
      facts: { check: 'web', notAfter: '2027-01-02T00:00:00.000Z' },
    });
    expect(watch.lineOf(measured('web', true))).toBeUndefined();
    expect(watch.lineOf(measured('web', false))).toMatchObject({ level: 'info', event: 'certificate' });
    expect(watch.lineOf(measured('web', false))).toBeUndefined();
    expect(watch.lineOf(measured('web', true))).toMatchObject({ level: 'warn' });
  });

  it('keeps checks apart, and says again after a reload what still holds', () => {
    expect(watch.lineOf(measured('web', true))).toBeDefined();
    expect(watch.lineOf(measured('mail', true))).toBeDefined();
    watch.lineOf({ type: 'reloaded', checks: 2, groups: 1, prefixes: 0, needsRestart: false });
    expect(watch.lineOf(measured('web', true))).toBeDefined();
  });

  it('forgets a remote check that ended', () => {
    watch.lineOf(measured('web@eni-0b', true));
    const ended = { type: 'remote-check', check: 'web@eni-0b', change: 'stopped', destination: '' } as const;
    expect(watch.lineOf(ended)).toBeUndefined();
    expect(watch.lineOf(measured('web@eni-0b', true))).toBeDefined();
  });

  it('has nothing to say of other probes', () => {
    const outcome = { ok: false, reason: 'timeout', latencyMs: 1, detail: undefined } as const;
    expect(watch.lineOf({ type: 'probe', check: 'web', outcome })).toBeUndefined();
    const http = { ...outcome, measurement: { kind: 'http', status: 200 } } as const;
    expect(watch.lineOf({ type: 'probe', check: 'web', outcome: http })).toBeUndefined();
  });

  it('survives a time that no calendar has', () => {
    expect(watch.lineOf(measured('web', true, Number.POSITIVE_INFINITY))?.message).toContain(
      'an unknown day',
    );
  });
});
