import { describe, expect, it, vi } from 'vitest';
import type { ApiCall } from '../../../src/aws/index.ts';
import { describeOnce, empty, failed, KEYS, useHarness } from './harness.ts';
import { refuse, signerOf, startServer } from './local-server.ts';

const { serve, open } = useHarness();

describe('a call', () => {
  it('is signed with the credentials, names vpcast, and reports how it went', async () => {
    const server = await serve(empty);
    const calls: ApiCall[] = [];
    const ec2 = open({ endpoint: server.url, report: (call) => calls.push(call) });
    expect(await describeOnce(ec2)).toMatchObject({ ok: true });
    expect(server.received.map(signerOf)).toEqual(['AKIAOWN']);
    expect(server.received[0]?.headers['user-agent']).toContain('vpcast/1.2.3');
    expect(calls).toMatchObject([{ api: 'DescribeRouteTables', roleArn: undefined, failure: undefined }]);
    expect(calls[0]?.durationMs).toBeGreaterThan(0);
  });

  it('keeps its connection for the next', async () => {
    const server = await serve(empty);
    const ec2 = open({ endpoint: server.url });
    for (let round = 0; round < 5; round += 1) await describeOnce(ec2);
    expect(server.connections()).toBe(1);
  });

  it('does not wait for a socket behind 23 others', async () => {
    const waiting: (() => void)[] = [];
    const server = await serve((request, response) => {
      waiting.push(() => empty(request, response));
      if (waiting.length === 24) for (const go of waiting) go();
    });
    const ec2 = open({ endpoint: server.url });
    const results = await Promise.all(Array.from({ length: 24 }, () => describeOnce(ec2)));
    expect(results.every((result) => result.ok)).toBe(true);
  });

  it.each(['AWS_ENDPOINT_URL_EC2', 'AWS_ENDPOINT_URL'])('goes where %s says', async (name) => {
    const server = await serve(empty);
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', undefined);
    vi.stubEnv('AWS_ENDPOINT_URL', undefined);
    vi.stubEnv(name, server.url);
    expect(await describeOnce(open({}))).toMatchObject({ ok: true });
    expect(server.received).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it.each([
    [400, 'RouteAlreadyExists', 'already-exists'],
    [400, 'InvalidRouteTableID.NotFound', 'table-missing'],
    [403, 'UnauthorizedOperation', 'unauthorized'],
    [503, 'RequestLimitExceeded', 'throttled'],
    [503, 'Unavailable', 'transient'],
    [500, 'InternalError', 'transient'],
  ])('with %i %s is %s, and is not tried again', async (status, code, kind) => {
    const server = await serve((_, response) => refuse(response, status, code));
    const calls: ApiCall[] = [];
    const result = await describeOnce(open({ endpoint: server.url, report: (call) => calls.push(call) }));
    expect(result).toEqual(
      failed({ kind, api: 'DescribeRouteTables', code, message: 'no', requestId: 'req-2' }),
    );
    expect(server.received).toHaveLength(1);
    expect(calls[0]?.failure?.code).toBe(code);
  });

  it.each([
    [502, '<html>bad gateway</html>', 'transient'],
    [503, '', 'transient'],
    [403, '<html>a proxy says no</html>', 'unauthorized'],
    [200, 'this is not XML <<<', 'transient'],
  ])('of a proxy, %i %j, is %s', async (status, body, kind) => {
    const server = await serve((_, response) => response.writeHead(status).end(body));
    expect(await describeOnce(open({ endpoint: server.url }))).toMatchObject(failed({ kind }));
  });

  it('for expired credentials makes the next call fetch new ones', async () => {
    const server = await serve((request, response) =>
      signerOf(request) === 'OLD' ? refuse(response, 400, 'ExpiredToken') : empty(request, response),
    );
    const names = ['OLD', 'NEW'];
    const credentials = async () => ({ accessKeyId: names.shift() ?? 'NONE', secretAccessKey: 's' });
    const ec2 = open({ endpoint: server.url, credentials });
    expect(await describeOnce(ec2)).toMatchObject(failed({ kind: 'credentials', code: 'ExpiredToken' }));
    expect(await describeOnce(ec2)).toMatchObject({ ok: true });
  });

  it('for a wrong clock is mended by the next call, which goes by the time of AWS', async () => {
    const aheadMs = 3 * 3_600_000;
    const server = await serve((request, response) => {
      const serverNow = Date.now() + aheadMs;
      response.setHeader('date', new Date(serverNow).toUTCString());
      const signed = String(request.headers['x-amz-date']);
      const at = Date.parse(signed.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'));
      if (Math.abs(serverNow - at) > 300_000) refuse(response, 400, 'RequestExpired');
      else empty(request, response);
    });
    const ec2 = open({ endpoint: server.url });
    expect(await describeOnce(ec2)).toMatchObject(failed({ kind: 'clock-skew' }));
    expect(await describeOnce(ec2)).toMatchObject({ ok: true });
  });
});

describe('the request timeout', () => {
  const late = failed({ kind: 'transient', code: 'timeout' });

  it('ends a request that is never answered', async () => {
    const server = await serve(() => undefined);
    expect(await describeOnce(open({ endpoint: server.url, requestTimeoutMs: 80 }))).toMatchObject(late);
  });

  it('ends an answer that stops in the middle', async () => {
    const server = await serve((_, response) =>
      response.writeHead(200).write('<DescribeRouteTablesResponse>'),
    );
    expect(await describeOnce(open({ endpoint: server.url, requestTimeoutMs: 80 }))).toMatchObject(late);
  });

  it('closes the connection that hangs, so that the next call has another', async () => {
    let isStuck = true;
    const server = await serve((request, response) => {
      if (!isStuck) empty(request, response);
    });
    const ec2 = open({ endpoint: server.url, requestTimeoutMs: 500 });
    expect(await describeOnce(ec2)).toMatchObject(late);
    isStuck = false;
    expect(await describeOnce(ec2)).toMatchObject({ ok: true });
    expect(server.connections()).toBe(2);
  });

  it('ends a fetch of credentials that hangs, and does not join it again', async () => {
    const server = await serve(empty);
    let fetches = 0;
    const credentials = () => {
      fetches += 1;
      return fetches === 1 ? new Promise<never>(() => undefined) : Promise.resolve(KEYS);
    };
    const ec2 = open({ endpoint: server.url, requestTimeoutMs: 400, credentials });
    expect(await describeOnce(ec2)).toMatchObject(failed({ kind: 'credentials', code: 'timeout' }));
    expect(await describeOnce(ec2)).toMatchObject({ ok: true });
    expect(fetches).toBe(2);
  });
});

describe('a network fault', () => {
  it('is told by its own code: a reset', async () => {
    const server = await serve((_, response) => response.socket?.resetAndDestroy());
    const result = await describeOnce(open({ endpoint: server.url }));
    expect(result).toMatchObject(failed({ kind: 'transient', code: 'ECONNRESET' }));
    expect(server.received).toHaveLength(1);
  });

  it('is told by its own code: nobody there', async () => {
    const server = await startServer(empty);
    await server.close();
    const result = await describeOnce(open({ endpoint: server.url }));
    expect(result).toMatchObject(failed({ kind: 'transient', code: 'ECONNREFUSED' }));
  });
});

describe('giving up', () => {
  it('ends the call at once', async () => {
    const giveUp = new AbortController();
    const server = await serve(() => giveUp.abort());
    const result = await describeOnce(open({ endpoint: server.url }), undefined, giveUp.signal);
    expect(result).toMatchObject(failed({ kind: 'transient', code: 'aborted' }));
  });

  it('on close ends what is under way and refuses what comes later', async () => {
    const server = await serve(() => void ec2.close());
    const ec2 = open({ endpoint: server.url });
    expect(await describeOnce(ec2)).toMatchObject(failed({ code: 'aborted' }));
    expect(await describeOnce(ec2)).toMatchObject(failed({ code: 'aborted' }));
    await ec2.close();
    expect(server.received).toHaveLength(1);
  });
});
