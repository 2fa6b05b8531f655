/**
 * Stands in for AWSnycast where the plumbing around it is tested: `-f FILE`, its file's words, the metadata service from
 * the environment, EC2 only at AWS's own address (so through the proxy and with the authority that it is given). It knows
 * one route, probes once per period, gives its own route away when the service fails, and takes an absent one.
 */
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parse } from 'yaml';

interface Config {
  readonly poll_time: number;
  readonly healthchecks: Readonly<
    Record<
      string,
      {
        readonly destination: string;
        readonly rise: number;
        readonly fall: number;
        readonly every: number;
        readonly config: { readonly port: string; readonly expect: string };
      }
    >
  >;
  readonly routetables: Readonly<
    Record<
      string,
      {
        readonly find: { readonly config: { readonly value: string } };
        readonly manage_routes: readonly { readonly cidr: string; readonly if_unhealthy?: boolean }[];
      }
    >
  >;
}

const { AWS_EC2_METADATA_SERVICE_ENDPOINT: imds = '', HTTPS_PROXY = '', SSL_CERT_FILE = '' } = process.env;
if (process.argv[2] !== '-f') throw new Error('-f FILE');
const config: Config = parse(readFileSync(process.argv[3] ?? '', 'utf8'));
const [check] = Object.values(config.healthchecks);
if (check === undefined) throw new Error('no check');

const put = await fetch(`${imds}/latest/api/token`, {
  method: 'PUT',
  headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' },
});
const token = await put.text();
const metadata = async (path: string) => {
  const answer = await fetch(`${imds}/latest/meta-data/${path}`, {
    headers: { 'X-aws-ec2-metadata-token': token },
  });
  return await answer.text();
};
const instanceId = await metadata('instance-id');
const region = (await metadata('placement/availability-zone')).slice(0, -1);
const role = await metadata('iam/security-credentials/');
const credentials = await metadata(`iam/security-credentials/${role}`);
const { AccessKeyId } = JSON.parse(credentials) as { readonly AccessKeyId: string };
const host = `ec2.${region}.amazonaws.com`;

let inARow = 0;
let isHealthy: boolean | undefined;
setInterval(() => void probe(), check.every * 1000);
setInterval(() => void look(), config.poll_time * 1000);
await probe();

async function probe(): Promise<void> {
  if (check === undefined) return;
  const { destination, rise, fall } = check;
  const isWell = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: destination, port: Number(check.config.port) });
    socket.on('error', () => resolve(false)).on('close', () => resolve(false));
    socket.on('data', (data) => {
      resolve(String(data).includes(check.config.expect));
      socket.destroy();
    });
  });
  inARow = isWell === isHealthy ? 0 : inARow + 1;
  if (inARow < (isWell ? rise : fall)) return;
  isHealthy = isWell;
  inARow = 0;
  await look();
}

/** Every table of the file: an owner's route follows its check, a backup's is taken where there is none. */
async function look(): Promise<void> {
  if (isHealthy === undefined) return;
  for (const { find, manage_routes } of Object.values(config.routetables)) {
    const tables = await call({
      Action: 'DescribeRouteTables',
      'Filter.1.Name': 'tag:Name',
      'Filter.1.Value.1': find.config.value,
    });
    const RouteTableId = /<routeTableId>([^<]+)</.exec(tables)?.[1] ?? '';
    for (const { cidr, if_unhealthy = false } of manage_routes) {
      const DestinationCidrBlock = cidr;
      const item = tables.split('<item>').find((one) => one.includes(`>${cidr}<`));
      const isMine = item?.includes(instanceId) === true;
      const route = { RouteTableId, DestinationCidrBlock };
      if (isHealthy && item === undefined)
        await call({ Action: 'CreateRoute', ...route, InstanceId: instanceId });
      else if (isHealthy && !isMine && !if_unhealthy)
        await call({ Action: 'ReplaceRoute', ...route, InstanceId: instanceId });
      else if (!isHealthy && isMine) await call({ Action: 'DeleteRoute', ...route });
    }
  }
}

/** By the proxy's CONNECT, then TLS, as every HTTP client does that is given one. */
function call(params: Readonly<Record<string, string>>): Promise<string> {
  const proxy = new URL(HTTPS_PROXY);
  return new Promise((resolve, reject) => {
    const tunnel = httpRequest({
      host: proxy.hostname,
      port: proxy.port,
      method: 'CONNECT',
      path: `${host}:443`,
      agent: false,
    });
    tunnel.on('error', reject).on('connect', (_answer, socket) => {
      const ca = readFileSync(SSL_CERT_FILE, 'utf8');
      const headers = { authorization: `AWS4-HMAC-SHA256 Credential=${AccessKeyId}/x` };
      const createConnection = () => connectTls({ socket, servername: host, ca });
      const sent = httpsRequest({ host, method: 'POST', path: '/', headers, createConnection }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          socket.destroy();
          resolve(text);
        });
      });
      sent.on('error', reject).end(String(new URLSearchParams({ ...params, Version: '2016-11-15' })));
    });
    tunnel.end();
  });
}
