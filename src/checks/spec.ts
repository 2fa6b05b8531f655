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

export interface PingSpec {
  readonly type: 'ping';
  /** Payload bytes after the 8-byte echo header, ≥ 16 (the nonce). */
  readonly payloadBytes: number;
  readonly sourceAddress: string | undefined;
}

export interface TcpSpec {
  readonly type: 'tcp';
  readonly port: number;
  readonly send: string | undefined;
  /** Passes when the bytes received so far contain this. */
  readonly expect: string | undefined;
  readonly tls: TlsSpec | undefined;
  readonly sourceAddress: string | undefined;
}

export interface HttpSpec {
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
  readonly sourceAddress: string | undefined;
  /** Path of a Unix socket to connect to instead of the destination. */
  readonly unixSocket: string | undefined;
}

export interface CommandSpec {
  readonly type: 'command';
  /** argv; `%DESTINATION%` in any argument is replaced. Never run by a shell. */
  readonly argv: readonly [string, ...string[]];
}

export type ProbeSpec = PingSpec | TcpSpec | HttpSpec | CommandSpec;

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
