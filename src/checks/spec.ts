/** TLS on top of a connection. PEM texts, not paths: the config reads the files. */
export interface TlsSpec {
  /** CA certificates (PEM) to trust instead of the system's; undefined: the system's. */
  readonly ca: string | undefined;
  /** Client certificate and key (PEM), both or none. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
}

/** Where connections and datagrams come from; undefined: the system chooses. */
export interface SourceSpec {
  /** A local IP address; the destination is then of its family. */
  readonly sourceAddress: string | undefined;
  /** A network interface or VRF device (SO_BINDTODEVICE). */
  readonly sourceInterface: string | undefined;
}

export interface PingSpec extends SourceSpec {
  readonly type: 'ping';
  /** Payload bytes after the 8-byte echo header, ≥ 16 (the nonce). */
  readonly payloadBytes: number;
}

export interface TcpSpec extends SourceSpec {
  readonly type: 'tcp';
  readonly port: number;
  readonly send: string | undefined;
  /** Passes when the bytes received so far contain this. */
  readonly expect: string | undefined;
  readonly tls: TlsSpec | undefined;
}

export interface HttpSpec extends SourceSpec {
  readonly type: 'http';
  readonly scheme: 'http' | 'https';
  readonly port: number;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The Host header (and SNI where `tls.serverName` is undefined); undefined: the destination. */
  readonly host: string | undefined;
  readonly body: string | undefined;
  /** Inclusive ranges of passing status codes. */
  readonly expectStatus: readonly { readonly from: number; readonly to: number }[];
  readonly expectBody: RegExp | undefined;
  /** How many redirects to follow; 0: a 3xx is judged as it is. */
  readonly maxRedirects: number;
  readonly tls: TlsSpec | undefined;
  /** Path of a Unix socket to connect to instead of the destination. */
  readonly unixSocket: string | undefined;
}

export interface CommandSpec {
  readonly type: 'command';
  /** argv; `%DESTINATION%` in any argument is replaced. Never run by a shell. */
  readonly argv: readonly [string, ...string[]];
}

/** An own DNS query (RFC 1035); the hosts file and search domains play no part. */
export interface DnsSpec extends SourceSpec {
  readonly type: 'dns';
  readonly port: number;
  /** The name to ask for, without a final dot (the root is a dot); a PTR query has the reverse name already. */
  readonly name: string;
  readonly recordType: 'A' | 'AAAA' | 'CNAME' | 'MX' | 'NS' | 'PTR' | 'SOA' | 'SRV' | 'TXT';
  readonly transport: 'udp' | 'tcp';
  /** Ask again over TCP where a UDP answer is truncated. */
  readonly tcpFallback: boolean;
  readonly recursionDesired: boolean;
  /** The RCODE that passes, by its mnemonic (RFC 1035 §4.1.1, IANA): `NOERROR`, `NXDOMAIN`. */
  readonly rcode: string;
  /**
   * Record data that has to be in the answer; empty: any will do. As zone files write it, one space between fields:
   * canonical addresses, names in lower case without the final dot, a text in one piece and without quotes. Of a SOA the
   * last fields may be left out.
   */
  readonly answers: readonly string[];
  /** Whether all of `answers` have to be there, or any one. */
  readonly match: 'all' | 'any';
  /** Fewest records of the type asked for. */
  readonly minAnswers: number;
}

/** A certificate in a file, or the one that a server shows. Names are compared as RFC 9525 has it. */
export interface TlsCertificateSpec extends SourceSpec {
  readonly type: 'tls_certificate';
  /** Path of a PEM file with the whole chain, read anew at every probe; undefined: `port` of the destination is asked. */
  readonly file: string | undefined;
  /** Path of the private key (PEM) that has to belong to `file`. */
  readonly keyFile: string | undefined;
  readonly port: number;
  readonly startTls: 'smtp' | 'imap' | 'postgres' | undefined;
  /** SNI, trust and client certificate; `skipVerify`: the chain and (of a server) the host name are not verified. */
  readonly tls: TlsSpec;
  readonly commonName: string | undefined;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Common name of the issuer. */
  readonly issuer: string | undefined;
  /** Fails when less validity than this is left; undefined: fails only when expired. */
  readonly minRemainingMs: number | undefined;
  /** A warning from this much remaining validity on. */
  readonly warnRemainingMs: number;
}

/** An address that has to be assigned to this machine. */
export interface AssignedAddressSpec {
  readonly type: 'assigned_address';
  readonly address: string;
  /** The interface that has to have it; undefined: any. */
  readonly interface: string | undefined;
  /** Whether an interface that has it also has to be up. */
  readonly linkUp: boolean;
}

/** An SNTP exchange (RFC 5905, RFC 4330). */
export interface NtpSpec extends SourceSpec {
  readonly type: 'ntp';
  readonly port: number;
  /** Largest offset between this machine's clock and the server's; undefined: any. */
  readonly maxOffsetMs: number | undefined;
  /** 1 to 15. */
  readonly maxStratum: number;
  /** Largest root distance (RFC 5905 §11.2); undefined: any. */
  readonly maxRootDistanceMs: number | undefined;
}

/** Reads a file over TFTP (RFC 1350, 2347, 2348, 2349) in octet mode. */
export interface TftpSpec extends SourceSpec {
  readonly type: 'tftp';
  readonly port: number;
  /** As it is sent. */
  readonly path: string;
  /** `blksize` to ask for; 512 asks for nothing. */
  readonly blockBytes: number;
  /** Lower-case hexadecimal SHA-256 that the content has to have. */
  readonly sha256: string | undefined;
  /** Largest file that is read. */
  readonly maxBytes: number;
}

/** The newest result of a check that Cabourotte runs. */
export interface CabourotteSpec extends SourceSpec {
  readonly type: 'cabourotte';
  /** Base URL, with or without `/api/v1`. */
  readonly url: string;
  /** The check's name in Cabourotte. */
  readonly name: string;
  readonly basicAuth: { readonly username: string; readonly password: string } | undefined;
  readonly tls: TlsSpec | undefined;
  /** A result older than this is stale. */
  readonly maxAgeMs: number;
}

export interface FileSpec {
  readonly type: 'file';
  readonly path: string;
  readonly state: 'exists' | 'absent';
  /** Text that has to be in it. */
  readonly contains: string | undefined;
  /** Bounds of the time since its last change (mtime). */
  readonly minAgeMs: number | undefined;
  readonly maxAgeMs: number | undefined;
}

/** A unit of systemd that has to be in a state. */
export interface SystemdSpec {
  readonly type: 'systemd';
  readonly unit: string;
  /** ActiveState, as systemd names it: `active`. */
  readonly state: string;
}

/** grpc.health.v1.Health/Check. */
export interface GrpcSpec extends SourceSpec {
  readonly type: 'grpc';
  readonly port: number;
  /** Empty: the server as a whole. */
  readonly service: string;
  /** The `:authority` header; undefined: destination and port. */
  readonly authority: string | undefined;
  readonly tls: TlsSpec | undefined;
}

/** How full the kernel's connection tracking table may be. */
export interface ConntrackSpec {
  readonly type: 'conntrack';
  readonly maxUsedPercent: number;
}

/** What an instance that does NAT needs. */
export interface NatSpec {
  readonly type: 'nat';
  /** Families that have to be forwarded. */
  readonly families: readonly ('ipv4' | 'ipv6')[];
  /** Whether a masquerade or SNAT rule has to be in nftables or iptables. */
  readonly masquerade: boolean;
  /** Whether the source/dest check of the instance's interface has to be off. */
  readonly sourceDestCheckOff: boolean;
}

export type ProbeSpec =
  | PingSpec
  | TcpSpec
  | HttpSpec
  | CommandSpec
  | DnsSpec
  | TlsCertificateSpec
  | AssignedAddressSpec
  | NtpSpec
  | TftpSpec
  | CabourotteSpec
  | FileSpec
  | SystemdSpec
  | GrpcSpec
  | ConntrackSpec
  | NatSpec;

/** A configured check without its destination: what a remote check is before a holder is known. */
export interface CheckTemplate {
  readonly name: string;
  readonly probe: ProbeSpec;
  readonly rise: number;
  readonly fall: number;
  readonly everyMs: number;
  readonly timeoutMs: number;
  /** Attempts within one probe (≥ 1), and the pause between them. The timeout is that of each attempt. */
  readonly tries: number;
  readonly triesIntervalMs: number;
  readonly runOnHealthy: readonly string[] | undefined;
  readonly runOnUnhealthy: readonly string[] | undefined;
}

/** A configured check. `destination` is an IP address or a host name; empty only where the probe needs none. */
export interface CheckSpec extends CheckTemplate {
  readonly destination: string;
}
