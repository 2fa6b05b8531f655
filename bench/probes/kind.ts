import type { ProbeSpec } from '../../src/checks/index.ts';

export const ADDRESS = '127.0.0.1';
/** In the network namespace of the benches, packets to it are dropped. */
export const DROPPED_ADDRESS = '127.0.0.9';

/** The services that are probed, by their ports on 127.0.0.1. */
export interface Ports {
  /** Answers a line, and takes connections of who says nothing. */
  readonly tcp: number;
  readonly http: number;
  readonly https: number;
  readonly cabourotte: number;
  readonly grpc: number;
  readonly dnsOverTcp: number;
  readonly dns: number;
  readonly ntp: number;
  readonly tftp: number;
}

export interface Targets {
  readonly address: string;
  readonly ports: Ports;
  /** Two that take whatever comes and never answer, and one that ends each connection at once. */
  readonly silent: { readonly tcp: number; readonly udp: number };
  readonly closing: { readonly tcp: number };
  /** PEM of whoever signed the certificate. */
  readonly ca: string;
  /** Paths: a certificate with its authority, and a short text that has `ok` in it. */
  readonly files: { readonly chain: string; readonly text: string };
}

/** Does the I/O of one probe and calls back; nothing is checked, timed or bounded. */
export interface BareLoop {
  once(done: () => void): void;
  close(): void;
}

/** One kind of probe that is measured. */
export interface ProbeKind {
  /** For people. */
  readonly title: string;
  /** What of a probe costs most; see `COSTS`. */
  readonly cost: 'packets' | 'handshake' | 'process';
  /** Who is asked, which says how that can fail to answer; see `FAULTS`. */
  readonly peer: 'host' | 'port' | 'stream' | 'datagram' | 'ourselves';
  /** As a configuration would give it. */
  readonly spec: (targets: Targets) => ProbeSpec;
  /** The least that Node needs for the same I/O. undefined: this process may not do it. */
  readonly bare: (targets: Targets) => BareLoop | undefined;
  /** Commands that ask the same from a shell, as AWSnycast does for its pings: the first that is installed counts. */
  readonly tools: (targets: Targets) => readonly (readonly [string, ...string[]])[];
  /** What its cost is held against. */
  readonly bound?: 'bare' | 'tool';
  /** Why it can't be measured on this host; undefined: it can. */
  readonly obstacle?: () => string | undefined;
}

/** How often one check probes, and in how many probes a round consists: what costs more is asked less often. */
export const COSTS: Readonly<
  Record<ProbeKind['cost'], { readonly everyMs: number; readonly probes: number }>
> = {
  packets: { everyMs: 20, probes: 1_000 },
  handshake: { everyMs: 100, probes: 200 },
  process: { everyMs: 200, probes: 100 },
};

/** Of specs whose source the system chooses. */
export const NO_SOURCE = { sourceAddress: undefined, sourceInterface: undefined } as const;

/** What a peer may do instead of answering. `dropped`: packets to it vanish; `closing`: it ends connections at once. */
export type Fault = 'dropped' | 'silent' | 'closing';

export const FAULTS: Readonly<Record<ProbeKind['peer'], readonly Fault[]>> = {
  host: ['dropped'],
  port: ['dropped'],
  stream: ['dropped', 'silent', 'closing'],
  datagram: ['silent'],
  ourselves: [],
};

/** The same targets with a fault. */
export function withFault(targets: Targets, fault: Fault): Targets {
  const { ports, silent, closing } = targets;
  if (fault === 'dropped') return { ...targets, address: DROPPED_ADDRESS };
  const tcp = fault === 'silent' ? silent.tcp : closing.tcp;
  const names = Object.keys(ports) as (keyof Ports)[];
  const entries = names.map((name) => [name, DATAGRAM_PORTS.has(name) ? silent.udp : tcp]);
  return { ...targets, ports: Object.fromEntries(entries) as unknown as Ports };
}

const DATAGRAM_PORTS: ReadonlySet<keyof Ports> = new Set(['dns', 'ntp', 'tftp']);
