import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  judgeAnswer,
  resultPaths,
  resultRequest,
  type WantedResult,
} from '../../../src/checks/cabourotte-result.ts';

/** Bodies as Cabourotte sent them, of the version in the name. */
const V2 = {
  passed:
    '{"name":"web","summary":"TCP healthcheck on 127.0.0.1:19013","success":true,"healthcheck-timestamp":1795272238,"message":"success","duration":0,"source":"configuration"}\n',
  failed:
    '{"name":"web","summary":"TCP healthcheck on 127.0.0.1:1","labels":{"env":"t"},"success":false,"healthcheck-timestamp":1795272238,"message":"TCP connection failed on 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused","duration":0,"source":"configuration"}\n',
  list: '{"result":[{"name":"broken","summary":"TCP healthcheck on 127.0.0.1:1","labels":{"env":"t"},"success":false,"healthcheck-timestamp":1795272238,"message":"TCP connection failed on 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused","duration":0,"source":"configuration"},{"name":"web","summary":"TCP healthcheck on 127.0.0.1:19013","success":true,"healthcheck-timestamp":1795272238,"message":"success","duration":0,"source":"configuration"}]}\n',
};
const V1_LIST =
  '[{"name":"web","summary":"on 127.0.0.1:19015","success":true,"healthcheck-timestamp":1795272238,"message":"success","duration":0.000076143,"source":"configuration"}]\n';
const TAKEN_MS = 1_795_272_238_000;

function judge(body: string | Buffer, status = 200, changes: Partial<WantedResult> = {}) {
  const wanted = { name: 'web', maxAgeMs: 60_000, wallNowMs: TAKEN_MS + 2_000, ...changes };
  return judgeAnswer({ status, body: Buffer.from(body) }, wanted);
}

function resultWith(changes: object): string {
  return JSON.stringify({ ...JSON.parse(V2.passed), ...changes });
}

/** Lone surrogates too. */
const ANY_TEXT = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength: 12 })
  .map((codes) => String.fromCharCode(...codes));

describe('a result', () => {
  test('that is a success passes, and tells its age', () => {
    expect(judge(V2.passed)).toEqual({
      reason: 'passed',
      measurement: { kind: 'cabourotte', ageMs: 2_000 },
    });
  });

  test('that is a failure fails, in the words of Cabourotte', () => {
    expect(judge(V2.failed)).toEqual({
      reason: 'check-failed',
      detail: '"TCP connection failed on 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"',
      measurement: { kind: 'cabourotte', ageMs: 2_000 },
    });
  });

  test.each([
    ['version 1.0, with a duration in fractions', resultWith({ duration: 0.000076143 })],
    ['a list of version 2', V2.list],
    ['a list of version 1', V1_LIST],
    ['fields that are not known', resultWith({ more: [1, { x: null }] })],
    ['no message', resultWith({ message: undefined })],
  ])('passes from %s', (_, body) => {
    expect(judge(body)?.reason).toBe('passed');
  });

  test('that is not in the list is missing', () => {
    expect(judge(V2.list, 200, { name: 'other' })?.reason).toBe('no-result');
    expect(judge('[]')?.reason).toBe('no-result');
    expect(judge('{"result":[null,[],1,{"name":["web"]}]}')?.reason).toBe('no-result');
  });

  test.each([
    [60_000, 'passed'],
    [60_001, 'stale'],
    [0, 'passed'],
    [-5_000, 'passed'],
    [-5_001, 'stale'],
    [-86_400_000, 'stale'],
  ])('that is %i ms old, at most 60 s being wanted, is %s', (ageMs, reason) => {
    expect(judge(V2.passed, 200, { wallNowMs: TAKEN_MS + ageMs })?.reason).toBe(reason);
  });

  test('that is too old says how old, and one from the future says so, whether a success or not', () => {
    const details = [61_000, -6_000].map((ageMs) => judge(V2.failed, 200, { wallNowMs: TAKEN_MS + ageMs }));
    expect(details).toMatchObject([
      { reason: 'stale', detail: '61.0 s old', measurement: { ageMs: 61_000 } },
      { reason: 'stale', detail: 'dated 6.0 s ahead of our clock' },
    ]);
  });

  test.each([
    ['', 'no result in ""'],
    ['null', 'no result in "null"'],
    ['"ok"', 'no result in "\\"ok\\""'],
    ['{"name":"web"', 'no result in "{\\"name\\":\\"web\\""'],
    ['{}', 'a result without a name'],
    [resultWith({ name: 'other\n' }), 'a result of "other\\n"'],
    [resultWith({ success: 'true' }), 'a result without a boolean success'],
    [resultWith({ success: 1 }), 'a result without a boolean success'],
    [resultWith({ success: undefined }), 'a result without a boolean success'],
    [resultWith({ 'healthcheck-timestamp': String(TAKEN_MS / 1_000) }), 'a result without a timestamp'],
    [resultWith({ 'healthcheck-timestamp': -1 }), 'a result without a timestamp'],
    [resultWith({ 'healthcheck-timestamp': 0.5 }), 'a result without a timestamp'],
    [resultWith({ 'healthcheck-timestamp': null }), 'a result without a timestamp'],
    [V2.passed.replace('1795272238', '1e999'), 'a result without a timestamp'],
    ['['.repeat(60_000), `no result in "${'['.repeat(100)}"`],
  ])('%.40s is none', (body, detail) => {
    expect(judge(body)).toEqual({ reason: 'protocol-error', detail });
  });
});

describe('a status other than 200', () => {
  test.each([
    ['2.3', '{"messages":["result not found for healthcheck web"]}\n'],
    ['2.0', '{"messages":["Result not found for healthcheck web"]}\n'],
    ['1.0', '{"message":"Result not found for healthcheck web"}\n'],
  ])('404 of version %s for a result that is missing is no-result', (_, body) => {
    expect(judge(body, 404)?.reason).toBe('no-result');
  });

  test.each([
    ['1.19 and 2', '{"messages":["Not found"]}\n'],
    ['1.0', '{"message":"not found"}\n'],
    ['a web server', '<html><h1>404 Not Found</h1></html>'],
    ['one that plays tricks', '{"messages":{"0":"result not found for healthcheck web"}}'],
  ])('404 of %s for a path that is missing says nothing of the result', (_, body) => {
    expect(judge(body, 404)).toBeUndefined();
  });

  test.each([
    [401, 'not-permitted'],
    [403, 'not-permitted'],
    [400, 'unexpected-status'],
    [500, 'unexpected-status'],
    [204, 'unexpected-status'],
    [301, 'unexpected-status'],
  ])('%i is %s, whatever the body', (status, reason) => {
    expect(judge(V2.passed, status)).toMatchObject({ reason, detail: expect.stringContaining(`${status}`) });
  });
});

describe('the request', () => {
  test.each([
    ['/', '/api/v1/result', '/result'],
    ['/api/v1', '/api/v1/result', '/result'],
    ['/api/v1/', '/api/v1/result', '/result'],
    ['/proxied//', '/proxied/api/v1/result', '/proxied/result'],
    ['/proxied/api/v1//', '/proxied/api/v1/result', '/proxied/result'],
  ])('for a URL with the path %s goes to %s, or to %s', (pathname, second, first) => {
    expect(resultPaths(pathname)).toEqual([second, first]);
  });

  // Each was asked of Cabourotte 1.0, 1.19, 2.0 and 2.3, and found.
  test.each([
    ['plain', '/result/plain'],
    ["a (b)!*'x", '/result/a%20%28b%29%21%2A%27x'],
    ['k=v&a+b,c:d;e@f$', '/result/k=v&a+b,c:d;e@f$'],
    ['äöü %41 100%', '/result/%C3%A4%C3%B6%C3%BC%20%2541%20100%25'],
    ['x?y#z', '/result/x%3Fy%23z'],
    ['tilde~_-.', '/result/tilde~_-.'],
    ['..', '/result/..'],
    ['a\\"b<>', '/result/a%5C%22b%3C%3E'],
    ['ns/pod', '/result'],
  ])('for %j is %s', (name, path) => {
    expect(resultRequest('/result', name).path).toBe(path);
  });

  test('never fails for its name', () => {
    fc.assert(
      fc.property(ANY_TEXT, (name) => {
        expect(resultRequest('/r', name).path).toMatch(/^\/r(?:\/[\w~.%$&+,:;=@-]*)?$/);
      }),
      { seed: 1, numRuns: 100 },
    );
    expect(resultRequest('/r', '\ud800').path).toBe('/r/%EF%BF%BD');
  });
});

describe('whatever comes instead', () => {
  const JSON_VALUE = fc.jsonValue({ maxDepth: 2 });

  /** Passes only what a reader that knows nothing of this code would call a fresh success of that check. */
  function mayPass(body: Buffer): boolean {
    try {
      const value = JSON.parse(body.toString());
      const list = Array.isArray(value) ? value : value.result;
      const isList = Array.isArray(list);
      const result = isList ? list.find((each: { name?: unknown } | null) => each?.name === 'web') : value;
      const ageMs = TAKEN_MS + 2_000 - result['healthcheck-timestamp'] * 1_000;
      return result.name === 'web' && result.success === true && ageMs >= -5_000 && ageMs <= 60_000;
    } catch {
      return false;
    }
  }

  function isOutcome(body: Buffer, status: number): void {
    const verdict = judge(body, status);
    if (verdict === undefined) expect(status).toBe(404);
    else if (verdict.reason === 'passed') expect(mayPass(body)).toBe(true);
    else expect(verdict.detail).toMatch(/^[^\p{Cc}]+$/u);
  }

  test('random bytes are an outcome with a reason, and no pass', () => {
    const status = fc.constantFrom(200, 404, 401, 500, 0);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), status, (bytes, code) =>
        isOutcome(Buffer.from(bytes), code),
      ),
      { seed: 2, numRuns: 500 },
    );
  });

  test('so is any JSON, and any result with fields of any kind', () => {
    const fields = fc.record({
      name: fc.oneof(fc.constant('web'), JSON_VALUE),
      success: JSON_VALUE,
      'healthcheck-timestamp': fc.oneof(fc.constant(TAKEN_MS / 1_000), JSON_VALUE),
      message: JSON_VALUE,
    });
    fc.assert(
      fc.property(fc.oneof(JSON_VALUE, fields, fc.array(fields)), (value) =>
        isOutcome(Buffer.from(JSON.stringify(value)), 200),
      ),
      { seed: 3, numRuns: 200 },
    );
  });

  test('so are real answers with bytes changed, and those that break off anywhere', () => {
    const change = fc.record({ at: fc.nat(2_000), byte: fc.nat(255) });
    const real = fc.constantFrom(V2.passed, V2.failed, V2.list, V1_LIST);
    fc.assert(
      fc.property(real, fc.array(change, { minLength: 1, maxLength: 4 }), (text, changes) => {
        const body = Buffer.from(text);
        for (const { at, byte } of changes) body[at % body.length] = byte;
        isOutcome(body, 200);
      }),
      { seed: 4, numRuns: 500 },
    );
    const whole = Buffer.from(V2.passed.trimEnd());
    for (let length = 0; length < whole.length; length += 1) {
      expect(judge(whole.subarray(0, length))?.reason).toBe('protocol-error');
    }
  });
});
