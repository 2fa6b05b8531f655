import { describe, expect, it, vi } from 'vitest';
import { describeOnce, empty, failed, useHarness } from './harness.ts';
import { type Responder, signerOf } from './local-server.ts';

const { serve, open } = useHarness();

describe('roles', () => {
  const ROLE = 'arn:aws:iam::210987654321:role/routes';
  const sts: Responder = (request, response) => {
    const expiration = new Date(Date.now() + 3_600_000).toISOString();
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(
      `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA${request.params.get('RoleArn')?.slice(-6).toUpperCase()}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    );
  };

  it('are assumed with the own credentials, once, and only where they are used', async () => {
    const server = await serve(empty);
    const stsServer = await serve(sts);
    vi.stubEnv('AWS_ENDPOINT_URL_STS', stsServer.url);
    const ec2 = open({ endpoint: server.url });
    await describeOnce(ec2);
    expect(stsServer.received).toHaveLength(0);
    expect(await describeOnce(ec2, ROLE)).toMatchObject({ ok: true });
    await describeOnce(ec2, ROLE);
    expect(stsServer.received.map((request) => request.params.get('RoleArn'))).toEqual([ROLE]);
    expect(stsServer.received.map(signerOf)).toEqual(['AKIAOWN']);
    expect(server.received.map(signerOf)).toEqual(['AKIAOWN', 'ASIAROUTES', 'ASIAROUTES']);
  });

  it.each([
    [403, 'AccessDenied', 'unauthorized'],
    [400, 'Throttling', 'throttled'],
    [400, 'RegionDisabledException', 'credentials'],
  ])('that cannot be had, %i %s, are %s of AssumeRole', async (status, code, kind) => {
    const server = await serve(empty);
    const stsServer = await serve((_, response) => {
      response.writeHead(status, { 'content-type': 'text/xml' });
      response.end(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
      );
    });
    vi.stubEnv('AWS_ENDPOINT_URL_STS', stsServer.url);
    const ec2 = open({ endpoint: server.url });
    expect(await describeOnce(ec2, ROLE)).toMatchObject(failed({ kind, api: 'AssumeRole', code }));
    expect(stsServer.received).toHaveLength(1);
    expect(server.received).toHaveLength(0);
  });

  it('are not waited for longer than the request timeout', async () => {
    const stsServer = await serve(() => undefined);
    vi.stubEnv('AWS_ENDPOINT_URL_STS', stsServer.url);
    const ec2 = open({ endpoint: stsServer.url, requestTimeoutMs: 400 });
    expect(await describeOnce(ec2, ROLE)).toMatchObject(
      failed({ kind: 'transient', api: 'AssumeRole', code: expect.stringMatching(/timeout|ETIMEDOUT/) }),
    );
  });
});

describe('the default credentials', () => {
  it('come from IMDS where AWS_EC2_METADATA_SERVICE_ENDPOINT says it is', async () => {
    const server = await serve(empty);
    const credentials = {
      Code: 'Success',
      AccessKeyId: 'ASIAIMDS',
      SecretAccessKey: 's',
      Token: 't',
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    };
    const imds = await serve((request, response) => {
      if (request.method === 'PUT') response.end('token');
      else if (request.path.endsWith('/iam/security-credentials/')) response.end('role');
      else response.end(JSON.stringify(credentials));
    });
    for (const name of [
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_PROFILE',
      'AWS_EC2_METADATA_DISABLED',
    ]) {
      vi.stubEnv(name, undefined);
    }
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', imds.url);
    const ec2 = open({ endpoint: server.url, credentials: undefined });
    expect(await describeOnce(ec2)).toMatchObject({ ok: true });
    expect(server.received.map(signerOf)).toEqual(['ASIAIMDS']);
  });

  it('that are nowhere to be found are a failure of credentials', async () => {
    const server = await serve(empty);
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const ec2 = open({ endpoint: server.url, credentials: undefined });
    expect(await describeOnce(ec2)).toMatchObject(failed({ kind: 'credentials' }));
    expect(server.received).toHaveLength(0);
  });
});
