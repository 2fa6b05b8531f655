import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connected, startEc2 } from './ec2-fixture.ts';

let connected: Connected;

beforeAll(async () => {
  connected = await startEc2();
});

afterAll(() => connected.close());

describe('the protocol', () => {
  const call = async (query: string, init: RequestInit = {}) => {
    const response = await fetch(`${connected.sandbox.url}/?${query}`, init);
    return { status: response.status, text: await response.text() };
  };
  const signed = {
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/eu-west-1/ec2/aws4_request' },
  };

  it('takes a query by GET and answers with EC2’s namespace and a request id', async () => {
    const { status, text } = await call(
      'Action=DescribeRouteTables&Version=2016-11-15&RouteTableId.1=rtb-1',
      signed,
    );
    expect(status).toBe(200);
    expect(text).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<DescribeRouteTablesResponse xmlns="http:\/\/ec2\.amazonaws\.com\/doc\/2016-11-15\/"><requestId>[0-9a-f-]{36}<\/requestId><routeTableSet><item><routeTableId>rtb-1</,
    );
  });

  it.each([
    ['Action=DescribeRouteTables&Version=2016-11-15', {}, 401, 'AuthFailure'],
    ['Action=GetCallerIdentity&Version=2011-06-15', {}, 403, 'MissingAuthenticationToken'],
    ['Action=Nonsense&Version=2016-11-15', signed, 400, 'InvalidAction'],
    ['Action=toString&Version=2016-11-15', signed, 400, 'InvalidAction'],
    ['Action=DescribeRouteTables&Version=2000-01-01', signed, 400, 'NoSuchVersion'],
    ['Version=2016-11-15&Action=', signed, 400, 'MissingAction'],
  ])('refuses %s (%j)', async (query, init, status, code) => {
    const answer = await call(query, init);
    expect([answer.status, /<Code>(.*)<\/Code>/.exec(answer.text)?.[1]]).toEqual([status, code]);
  });

  it('tells a caller who it is', async () => {
    const { text } = await call('Action=GetCallerIdentity&Version=2011-06-15', signed);
    expect(text).toContain('<Account>123456789012</Account>');
  });
});
