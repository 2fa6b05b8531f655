import { describe, expect, test } from 'vitest';
import { judgeReply } from '../../../src/checks/dns-judge.ts';
import type { DnsReply } from '../../../src/checks/dns-message.ts';
import type { DnsSpec, ProbeReason } from '../../../src/checks/index.ts';

const SPEC: DnsSpec = {
  type: 'dns',
  port: 53,
  name: 'www.test',
  recordType: 'A',
  transport: 'udp',
  tcpFallback: true,
  recursionDesired: true,
  rcode: 'NOERROR',
  answers: [],
  match: 'all',
  minAnswers: 1,
  sourceAddress: undefined,
  sourceInterface: undefined,
};

function judge(spec: Partial<DnsSpec>, reply: Partial<DnsReply>) {
  const whole = { rcode: 'NOERROR', isTruncated: false, hasEdns: true, hasQuestion: true, answers: [] };
  return judgeReply({ ...SPEC, ...spec }, { ...whole, ...reply });
}

describe('a reply', () => {
  const cases: readonly [string, Partial<DnsSpec>, Partial<DnsReply>, ProbeReason][] = [
    ['with one record is enough by default', {}, { answers: ['192.0.2.1'] }, 'passed'],
    ['with no record is too few', {}, {}, 'too-few-answers'],
    ['with no record passes where none is wanted', { minAnswers: 0 }, {}, 'passed'],
    ['with one of two wanted is too few', { minAnswers: 2 }, { answers: ['192.0.2.1'] }, 'too-few-answers'],
    ['with NXDOMAIN fails', {}, { rcode: 'NXDOMAIN' }, 'unexpected-rcode'],
    [
      'with NXDOMAIN passes where that is wanted',
      { rcode: 'NXDOMAIN', minAnswers: 0 },
      { rcode: 'NXDOMAIN' },
      'passed',
    ],
    [
      'with NOERROR fails where NXDOMAIN is wanted',
      { rcode: 'NXDOMAIN', minAnswers: 0 },
      { answers: ['192.0.2.1'] },
      'unexpected-rcode',
    ],
    ['that has all that is wanted passes', { answers: ['a', 'b'] }, { answers: ['b', 'c', 'a'] }, 'passed'],
    ['that lacks one of all fails', { answers: ['a', 'b'] }, { answers: ['a', 'c'] }, 'unexpected-answer'],
    ['that has one of any passes', { answers: ['a', 'b'], match: 'any' }, { answers: ['b'] }, 'passed'],
    [
      'that has none of any fails',
      { answers: ['a', 'b'], match: 'any' },
      { answers: ['c'] },
      'unexpected-answer',
    ],
    [
      'without records fails where data is wanted and none need be there',
      { answers: ['a'], minAnswers: 0 },
      {},
      'unexpected-answer',
    ],
    [
      'has the SOA whose first fields are wanted',
      { recordType: 'SOA', answers: ['ns.test host.test'] },
      { answers: ['ns.test host.test 1 2 3 4 5'] },
      'passed',
    ],
    [
      'has another SOA where a field is longer than wanted',
      { recordType: 'SOA', answers: ['ns.test host.test 1'] },
      { answers: ['ns.test host.test 12 2 3 4 5'] },
      'unexpected-answer',
    ],
    [
      'has another text where it only begins as wanted',
      { recordType: 'TXT', answers: ['a'] },
      { answers: ['a b'] },
      'unexpected-answer',
    ],
    ['that is truncated says only so', {}, { isTruncated: true, answers: ['192.0.2.1'] }, 'truncated'],
    [
      'without the question never passes',
      { rcode: 'REFUSED', minAnswers: 0 },
      { rcode: 'REFUSED', hasQuestion: false },
      'unexpected-answer',
    ],
  ];

  test.each(cases)('%s', (_what, spec, reply, reason) => {
    const verdict = judge(spec, reply);
    const measurement = { kind: 'dns', answers: reply.answers?.length ?? 0, rcode: reply.rcode ?? 'NOERROR' };
    expect(verdict).toMatchObject({ reason, measurement });
    expect(verdict.detail === undefined).toBe(reason === 'passed');
  });

  test('that fails tells in one short line what came', () => {
    expect(judge({}, { rcode: 'SERVFAIL' }).detail).toBe('SERVFAIL instead of NOERROR');
    expect(judge({ minAnswers: 2 }, { answers: ['192.0.2.1'] }).detail).toBe(
      '1 A record instead of at least 2: "192.0.2.1"',
    );
    const many = Array.from({ length: 1_000 }, (_, index) => `${index}\n`.repeat(500));
    const { detail = '' } = judge({ recordType: 'TXT', answers: ['x'] }, { answers: many });
    expect(detail).toMatch(/^got "0\\n.* and 997 more$/);
    expect(detail.length).toBeLessThan(700);
  });
});
