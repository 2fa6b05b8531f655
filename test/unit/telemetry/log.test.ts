import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../../src/agent/index.ts';
import { createLog, type LogFormat, type LogLevel, toLine } from '../../../src/telemetry/index.ts';

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const ACTION = {
  kind: 'replace',
  key: 'rtb-1 10.9.9.9/32',
  tableId: 'rtb-1',
  roleArn: undefined,
  destination: { kind: 'ipv4', cidr: '10.9.9.9/32' },
  from: { kind: 'network-interface', id: 'eni-b' },
  to: { kind: 'network-interface', id: 'eni-a' },
  reason: 'holder-unhealthy',
} as const;
const FAILURE = {
  kind: 'unauthorized',
  api: 'ReplaceRoute',
  code: 'UnauthorizedOperation',
  message: 'You are not authorized',
  requestId: 'r-1',
} as const;

/** What a log in this format writes of events. */
function written(format: LogFormat, events: readonly AgentEvent[], level: LogLevel = 'info'): string {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const log = createLog({ format, level, isColored: false, write, wallNow: () => AT });
  for (const event of events) {
    const line = toLine(event);
    if (line !== undefined) log.write(line);
  }
  return text;
}

const changed: AgentEvent = { type: 'route-changed', action: ACTION, tookMs: 12.4 };

describe('the log', () => {
  it('is a sentence with a time of day for people', () => {
    expect(written('human', [changed])).toBe(
      '03:04:05.678 INFO  replaced rtb-1 10.9.9.9/32 from eni-b to eni-a: holder-unhealthy (12 ms)\n',
    );
  });

  it('is one JSON object a line for machines, with the facts under their names', () => {
    expect(JSON.parse(written('json', [changed]))).toEqual({
      level: 'info',
      time: '2026-01-02T03:04:05.678Z',
      event: 'route-changed',
      key: 'rtb-1 10.9.9.9/32',
      tableId: 'rtb-1',
      action: 'replace',
      reason: 'holder-unhealthy',
      from: 'eni-b',
      to: 'eni-a',
      tookMs: 12.4,
      msg: 'replaced rtb-1 10.9.9.9/32 from eni-b to eni-a: holder-unhealthy (12 ms)',
    });
  });

  it('is key=value for those who choose logfmt, quoted where needed', () => {
    expect(written('logfmt', [changed])).toBe(
      'time=2026-01-02T03:04:05.678Z level=info event=route-changed ' +
        'msg="replaced rtb-1 10.9.9.9/32 from eni-b to eni-a: holder-unhealthy (12 ms)" ' +
        'key="rtb-1 10.9.9.9/32" tableId=rtb-1 action=replace reason=holder-unhealthy from=eni-b to=eni-a tookMs=12.4\n',
    );
  });

  it('says which permission is missing', () => {
    const event: AgentEvent = {
      type: 'api-failing',
      failure: FAILURE,
      subject: 'ReplaceRoute rtb-1 10.9.9.9/32',
    };
    expect(written('human', [event])).toContain('allow ec2:ReplaceRoute in this instance');
  });

  it('lets nothing that a peer sent move the cursor or forge a line', () => {
    const outcome = {
      ok: false,
      reason: 'unexpected-answer',
      latencyMs: 1,
      detail: 'got "\u001b[2J\nERROR all is lost"',
    } as const;
    const event: AgentEvent = {
      type: 'health',
      check: 'web',
      destination: '10.0.0.1',
      from: 'healthy',
      to: 'unhealthy',
      outcome,
    };
    for (const format of ['human', 'logfmt', 'json'] as const) {
      const text = written(format, [event]);
      expect(text.split('\n')).toHaveLength(2);
      expect(text).not.toContain('\u001b');
    }
  });

  it('writes a line of JSON without its facts where these are no JSON', () => {
    const facts: Record<string, unknown> = {};
    facts.self = facts;
    let text = '';
    const write = (more: string): void => {
      text += more;
    };
    const log = createLog({ format: 'json', level: 'info', isColored: false, write, wallNow: () => AT });
    log.write({ level: 'error', event: 'crash', message: 'lost', facts });
    expect(JSON.parse(text)).toMatchObject({ level: 'error', event: 'crash', msg: 'lost' });
  });

  it('writes nothing below its level', () => {
    const probe: AgentEvent = {
      type: 'probe',
      check: 'web',
      outcome: { ok: true, reason: 'passed', latencyMs: 1, detail: undefined },
    };
    expect(written('human', [probe])).toBe('');
    expect(written('human', [probe], 'debug')).toContain('web: passed');
    expect(written('human', [changed], 'warn')).toBe('');
  });

  it('calls one reclaim a recovery and several a fault', () => {
    const reclaim = {
      type: 'owner-reclaimed',
      key: 'rtb-1 10.9.9.9/32',
      holder: 'eni-b',
      waitMs: 30_000,
    } as const;
    expect(toLine({ ...reclaim, count: 1 })).toMatchObject({ level: 'info' });
    expect(toLine({ ...reclaim, count: 2, waitMs: 60_000 })).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('2 times'),
    });
  });
});
