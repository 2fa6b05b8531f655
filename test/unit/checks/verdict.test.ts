import { expect, test } from 'vitest';
import { reasonOfCode, verdictOfError } from '../../../src/checks/verdict.ts';

test.each([
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['ETIMEDOUT', 'timeout'],
  ['EHOSTUNREACH', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['ENOTFOUND', 'resolve-failed'],
  ['EAI_AGAIN', 'resolve-failed'],
  ['HPE_INVALID_CONSTANT', 'protocol-error'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls-failed'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'tls-failed'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls-failed'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls-failed'],
  ['CERT_HAS_EXPIRED', 'tls-failed'],
  ['EMFILE', 'internal-error'],
  ['ERR_SOCKET_BAD_PORT', 'internal-error'],
])('%s means %s', (code, reason) => {
  expect(reasonOfCode(code)).toBe(reason);
});

test('the detail is the message, and the code where there is none', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  expect(verdictOfError(refused)).toEqual({ reason: 'refused', detail: 'connect ECONNREFUSED 127.0.0.1:1' });
  expect(verdictOfError(Object.assign(new Error(''), { code: 'EPIPE' }))).toEqual({
    reason: 'reset',
    detail: 'EPIPE',
  });
});

test('several addresses that all failed mean what the first failure means', () => {
  const failures = ['ECONNREFUSED', 'ENETUNREACH'].map((code) => Object.assign(new Error(code), { code }));
  expect(verdictOfError(new AggregateError(failures)).reason).toBe('refused');
});

test('what is no error with a code is a bug of ours', () => {
  expect(verdictOfError(new TypeError('x is not a function')).reason).toBe('internal-error');
  expect(verdictOfError('text')).toEqual({ reason: 'internal-error', detail: 'text' });
});
