import { parseIpAddress } from '../lib/sockaddr.ts';
import type { HttpSpec } from './spec.ts';

/** One request of a chain of redirects: where to connect, and what to ask for. */
export interface HttpTarget {
  readonly scheme: 'http' | 'https';
  /** The address or name to connect to. */
  readonly connectTo: string;
  readonly port: number;
  /** The Host header. */
  readonly host: string;
  /** The name that TLS is to prove: the configured one, else the host without its port. */
  readonly serverName: string;
  /** Path and query. */
  readonly path: string;
  readonly method: string;
  /** Configured headers may carry credentials: they go to the configured host only. */
  readonly isConfiguredHost: boolean;
  /** Whether the configured body goes along. */
  readonly hasBody: boolean;
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** The first request. */
export function firstTarget(spec: HttpSpec, destination: string): HttpTarget {
  const named = spec.host ?? headerOf(spec, 'host');
  const host = named ?? authorityOf(destination, spec.port, spec.scheme);
  return {
    scheme: spec.scheme,
    connectTo: destination,
    port: spec.port,
    host,
    serverName: spec.tls?.serverName ?? (named === undefined ? destination : hostnameOf(named)),
    path: spec.path.startsWith('/') || spec.path === '*' ? spec.path : `/${spec.path}`,
    method: spec.method,
    isConfiguredHost: true,
    hasBody: spec.body !== undefined,
  };
}

/**
 * Where a redirect leads; undefined: the answer is none, or leads out of HTTP. A redirect to the host that was asked for
 * stays at the destination, whatever DNS says of that name: it is the destination that is being probed.
 */
export function redirectTarget(
  from: HttpTarget,
  answer: { readonly status: number; readonly location: string | undefined },
): HttpTarget | undefined {
  if (!REDIRECTS.has(answer.status) || answer.location === undefined) return undefined;
  const base = `${from.scheme}://${from.host === '' ? from.connectTo : from.host}${from.path}`;
  const url = URL.canParse(answer.location, base) ? new URL(answer.location, base) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  const scheme = url.protocol === 'http:' ? 'http' : 'https';
  const name = hostnameOf(url.host);
  const isSameHost = name.toLowerCase() === hostnameOf(from.host).toLowerCase();
  const isSamePort =
    isSameHost && scheme === from.scheme && url.host.toLowerCase() === from.host.toLowerCase();
  const isRewritten = mustBecomeGet(answer.status, from.method);
  return {
    scheme,
    connectTo: isSameHost ? from.connectTo : name,
    port: isSamePort ? from.port : url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port),
    host: url.host,
    serverName: isSameHost ? from.serverName : name,
    path: `${url.pathname}${url.search}`,
    method: isRewritten ? 'GET' : from.method,
    isConfiguredHost: from.isConfiguredHost && isSameHost,
    hasBody: from.hasBody && !isRewritten && isSameHost,
  };
}

function headerOf(spec: HttpSpec, name: string): string | undefined {
  return Object.entries(spec.headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

/** RFC 9110 §15.4: 303 always, 301 and 302 after POST as every client does. */
function mustBecomeGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'HEAD';
  return (status === 301 || status === 302) && method === 'POST';
}

/** Host and port as the Host header has them: IPv6 in brackets and without scope, the scheme's own port left out. */
function authorityOf(destination: string, port: number, scheme: 'http' | 'https'): string {
  const isV6 = parseIpAddress(destination)?.family === 'ipv6';
  const host = isV6 ? `[${destination.replace(/%.*$/, '')}]` : destination;
  return port === DEFAULT_PORTS[scheme] ? host : `${host}:${port}`;
}

/** `host`, `host:port`, `[v6]:port` → the host alone. */
function hostnameOf(authority: string): string {
  const bracketed = /^\[(.+)\](?::\d+)?$/.exec(authority)?.[1];
  return bracketed ?? authority.replace(/:\d+$/, '');
}
