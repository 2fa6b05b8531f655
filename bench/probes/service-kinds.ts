import { Agent, request as requestHttp } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls, createSecureContext } from 'node:tls';
import type { TlsSpec } from '../../src/checks/index.ts';
import { ADDRESS, type BareLoop, NO_SOURCE, type ProbeKind } from './kind.ts';

const DAY_MS = 86_400_000;
const CABOUROTTE_CHECK = 'web';
const HEALTH_PATH = '/grpc.health.v1.Health/Check';

/** Services with a protocol of their own on top of a connection, which most of them keep. */
export const SERVICE_KINDS = {
  'tls-certificate': {
    title: 'certificate of a server',
    cost: 'handshake',
    peer: 'stream',
    spec: ({ ports, ca }) => ({
      type: 'tls_certificate',
      file: undefined,
      keyFile: undefined,
      port: ports.https,
      startTls: undefined,
      tls: tlsOf(ca),
      ...ANY_CERTIFICATE,
      ...NO_SOURCE,
    }),
    bare: ({ ports, ca }) => bareTls(ports.https, ca),
    tools: ({ ports }) => [['openssl', 's_client', '-connect', `${ADDRESS}:${ports.https}`]],
  },
  cabourotte: {
    title: 'Cabourotte, connection kept',
    cost: 'packets',
    peer: 'stream',
    spec: ({ address, ports }) => ({
      type: 'cabourotte',
      url: `http://${address}:${ports.cabourotte}`,
      name: CABOUROTTE_CHECK,
      basicAuth: undefined,
      tls: undefined,
      maxAgeMs: 120_000,
      ...NO_SOURCE,
    }),
    bare: ({ ports }) => bareKeptHttp(ports.cabourotte),
    tools: ({ ports }) => [
      ['curl', '--silent', '--max-time', '1', `http://${ADDRESS}:${ports.cabourotte}${RESULT_PATH}`],
    ],
  },
  grpc: {
    title: 'gRPC, connection kept',
    cost: 'packets',
    peer: 'stream',
    spec: ({ ports }) => ({
      type: 'grpc',
      port: ports.grpc,
      service: '',
      authority: undefined,
      tls: undefined,
      ...NO_SOURCE,
    }),
    bare: ({ ports }) => bareHttp2(ports.grpc),
    tools: ({ ports }) => [['grpc_health_probe', `-addr=${ADDRESS}:${ports.grpc}`]],
  },
} as const satisfies Readonly<Record<string, ProbeKind>>;

/** Of a check of certificates that asks for nothing but validity. */
export const ANY_CERTIFICATE = {
  commonName: undefined,
  dnsNames: [],
  ipAddresses: [],
  issuer: undefined,
  minRemainingMs: undefined,
  warnRemainingMs: 14 * DAY_MS,
} as const;

const RESULT_PATH = `/api/v1/result/${CABOUROTTE_CHECK}`;

export function tlsOf(ca: string | undefined): TlsSpec {
  return { ca, cert: undefined, key: undefined, serverName: undefined, skipVerify: false };
}

function bareTls(port: number, ca: string): BareLoop {
  const secureContext = createSecureContext({ ca });
  return {
    once(done) {
      const socket = connectTls({ host: ADDRESS, port, secureContext }, () => {
        socket.getPeerCertificate();
        socket.destroy();
        done();
      });
    },
    close: () => undefined,
  };
}

function bareKeptHttp(port: number): BareLoop {
  const agent = new Agent({ keepAlive: true });
  return {
    once(done) {
      const request = requestHttp({ host: ADDRESS, port, agent, path: RESULT_PATH }, (response) => {
        response.on('end', done).resume();
      });
      request.on('error', () => undefined).end(); // under way when the loop is closed
    },
    close: () => agent.destroy(),
  };
}

function bareHttp2(port: number): BareLoop {
  const session = connectHttp2(`http://${ADDRESS}:${port}`);
  const headers = {
    ':method': 'POST',
    ':path': HEALTH_PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  return {
    once(done) {
      const stream = session.request(headers);
      stream.on('error', () => undefined);
      stream.on('close', done).resume();
      stream.end(Buffer.alloc(5));
    },
    close: () => session.destroy(),
  };
}
