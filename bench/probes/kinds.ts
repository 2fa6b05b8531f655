import type { CheckSpec, HttpSpec, ProbeSpec, TcpSpec, TlsSpec } from '../../src/checks/index.ts';

/** Kinds of probe that are measured. */
export const KINDS = ['ping', 'tcp', 'tcp-answer', 'http', 'https', 'command'] as const;
export type Kind = (typeof KINDS)[number];

/** Where the targets listen, all on 127.0.0.1. */
export interface Targets {
  readonly tcpPort: number;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** PEM of whoever signed the certificate. */
  readonly ca: string;
}

/** How often one check of a kind probes, and what costs more is asked less often. */
export const EVERY_MS: Readonly<Record<Kind, number>> = {
  ping: 20,
  tcp: 20,
  'tcp-answer': 20,
  http: 20,
  https: 100,
  command: 200,
};

export const ADDRESS = '127.0.0.1';
export const QUESTION = 'ping\n';
export const ANSWER = 'pong';
export const PROGRAM = '/bin/true';
export const PAYLOAD_BYTES = 56;

/** A check of that kind as a configuration would give it. */
export function checkOf(kind: Kind, targets: Targets): CheckSpec {
  const everyMs = EVERY_MS[kind];
  return {
    name: kind,
    destination: ADDRESS,
    probe: probeOf(kind, targets),
    rise: 2,
    fall: 3,
    everyMs,
    timeoutMs: 1_000,
    tries: 1,
    triesIntervalMs: 0,
    runOnHealthy: undefined,
    runOnUnhealthy: undefined,
  };
}

function probeOf(kind: Kind, { tcpPort, httpPort, httpsPort, ca }: Targets): ProbeSpec {
  switch (kind) {
    case 'ping':
      return {
        type: 'ping',
        payloadBytes: PAYLOAD_BYTES,
        sourceAddress: undefined,
        sourceInterface: undefined,
      };
    case 'tcp':
      return tcp(tcpPort, {});
    case 'tcp-answer':
      return tcp(tcpPort, { send: QUESTION, expect: ANSWER });
    case 'http':
      return http('http', httpPort, undefined);
    case 'https':
      return http('https', httpsPort, ca);
    case 'command':
      return { type: 'command', argv: [PROGRAM] };
  }
}

function tcp(port: number, talk: Partial<Pick<TcpSpec, 'send' | 'expect'>>): TcpSpec {
  return {
    type: 'tcp',
    port,
    send: undefined,
    expect: undefined,
    tls: undefined,
    sourceAddress: undefined,
    sourceInterface: undefined,
    ...talk,
  };
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
    sourceAddress: undefined,
    sourceInterface: undefined,
    unixSocket: undefined,
  };
}

/** What asks the same from a shell: a program that is started for each probe, as AWSnycast does for its pings. */
export function toolOf(kind: Kind, { tcpPort, httpPort, httpsPort }: Targets): readonly string[] | undefined {
  const curl = ['curl', '--silent', '--output', '/dev/null', '--max-time', '1'];
  switch (kind) {
    case 'ping':
      return ['ping', '-n', '-c', '1', '-W', '1', ADDRESS];
    case 'tcp':
      return ['bash', '-c', `exec 3<>/dev/tcp/${ADDRESS}/${tcpPort}`];
    case 'tcp-answer':
      return [
        'bash',
        '-c',
        `exec 3<>/dev/tcp/${ADDRESS}/${tcpPort}; printf 'ping\\n' >&3; read -r line <&3; [ "$line" = ${ANSWER} ]`,
      ];
    case 'http':
      return [...curl, `http://${ADDRESS}:${httpPort}/`];
    case 'https':
      return [...curl, '--insecure', `https://${ADDRESS}:${httpsPort}/`];
    case 'command':
      return undefined;
  }
}
