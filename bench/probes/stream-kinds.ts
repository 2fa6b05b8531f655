import { createSocket } from 'node:dgram';
import { request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { HttpSpec, TcpSpec, TlsSpec } from '../../src/checks/index.ts';
import { connectSocket, openEchoSocket, sendDatagram } from '../../src/lib/sockopt.ts';
import { ADDRESS, type BareLoop, NO_SOURCE, type ProbeKind } from './kind.ts';
import { ANSWER, QUESTION } from './responders.ts';

const PAYLOAD_BYTES = 56;
const CURL = ['curl', '--silent', '--output', '/dev/null', '--max-time', '1'] as const;

/** What there was first: ping, and what goes over a connection that is made for each probe. */
export const STREAM_KINDS = {
  ping: {
    title: 'ping',
    cost: 'packets',
    peer: 'host',
    spec: () => ({ type: 'ping', payloadBytes: PAYLOAD_BYTES, ...NO_SOURCE }),
    bare: barePing,
    tools: () => [['ping', '-n', '-c', '1', '-W', '1', ADDRESS]],
    bound: 'tool',
  },
  tcp: {
    title: 'TCP connect',
    cost: 'packets',
    peer: 'port',
    spec: ({ ports }) => tcp(ports.tcp, {}),
    bare: ({ ports }) => bareTcp(ports.tcp),
    tools: ({ ports }) => [['bash', '-c', `exec 3<>/dev/tcp/${ADDRESS}/${ports.tcp}`]],
    bound: 'bare',
  },
  'tcp-answer': {
    title: 'TCP send and expect',
    cost: 'packets',
    peer: 'stream',
    spec: ({ ports }) => tcp(ports.tcp, { send: QUESTION, expect: ANSWER }),
    bare: ({ ports }) => bareAnswer(ports.tcp),
    tools: ({ ports }) => [
      [
        'bash',
        '-c',
        `exec 3<>/dev/tcp/${ADDRESS}/${ports.tcp}; printf 'ping\\n' >&3; read -r line <&3; [ "$line" = ${ANSWER} ]`,
      ],
    ],
    bound: 'bare',
  },
  http: {
    title: 'HTTP',
    cost: 'packets',
    peer: 'stream',
    spec: ({ ports }) => http('http', ports.http, undefined),
    bare: ({ ports }) => bareHttp(ports.http),
    tools: ({ ports }) => [[...CURL, `http://${ADDRESS}:${ports.http}/`]],
    bound: 'bare',
  },
  https: {
    title: 'HTTPS',
    cost: 'handshake',
    peer: 'stream',
    spec: ({ ports, ca }) => http('https', ports.https, ca),
    bare: ({ ports, ca }) => bareHttps(ports.https, ca),
    tools: ({ ports }) => [[...CURL, '--insecure', `https://${ADDRESS}:${ports.https}/`]],
    bound: 'bare',
  },
} as const satisfies Readonly<Record<string, ProbeKind>>;

function tcp(port: number, talk: Partial<Pick<TcpSpec, 'send' | 'expect'>>): TcpSpec {
  return { type: 'tcp', port, send: undefined, expect: undefined, tls: undefined, ...NO_SOURCE, ...talk };
}

function http(scheme: 'http' | 'https', port: number, ca: string | undefined): HttpSpec {
  const tls: TlsSpec = { ca, cert: undefined, key: undefined, serverName: undefined, skipVerify: false };
  return {
    type: 'http',
    scheme,
    port,
    path: '/',
    method: 'GET',
    headers: {},
    host: undefined,
    body: undefined,
    expectStatus: [{ from: 200, to: 200 }],
    expectBody: undefined,
    maxRedirects: 0,
    tls: scheme === 'https' ? tls : undefined,
    unixSocket: undefined,
    ...NO_SOURCE,
  };
}

function barePing(): BareLoop | undefined {
  const opened = openEchoSocket({ kind: 'ping-socket', family: 'ipv4' });
  if (!opened.ok || !connectSocket(opened.fd, ADDRESS).ok) return undefined;
  const socket = createSocket('udp4');
  socket.bind({ fd: opened.fd });
  const packet = Buffer.alloc(8 + PAYLOAD_BYTES);
  packet.writeUInt8(8, 0); // an echo request; the kernel fills in the identifier and the checksum
  return {
    once(done) {
      socket.once('message', done);
      sendDatagram(opened.fd, packet);
    },
    close: () => socket.close(),
  };
}

function bareTcp(port: number): BareLoop {
  return {
    once(done) {
      const socket = connect(port, ADDRESS, () => {
        socket.destroy();
        done();
      });
    },
    close: () => undefined,
  };
}

function bareAnswer(port: number): BareLoop {
  return {
    once(done) {
      const socket = connect(port, ADDRESS, () => socket.write(QUESTION));
      socket.on('data', (chunk: Buffer) => {
        if (!chunk.includes(ANSWER)) return;
        socket.destroy();
        done();
      });
    },
    close: () => undefined,
  };
}

function bareHttp(port: number): BareLoop {
  return {
    once(done) {
      const request = requestHttp({ host: ADDRESS, port, agent: false }, () => {
        request.destroy();
        done();
      });
      request.end();
    },
    close: () => undefined,
  };
}

function bareHttps(port: number, ca: string): BareLoop {
  const secureContext = createSecureContext({ ca });
  const options = { host: ADDRESS, port, agent: false, secureContext } as const;
  return {
    once(done) {
      const request = requestHttps(options as RequestOptions, () => {
        request.destroy();
        done();
      });
      request.end();
    },
    close: () => undefined,
  };
}
