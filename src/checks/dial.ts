import { connect, type LookupFunction, type NetConnectOpts, Socket } from 'node:net';
import { type IpFamily, parseIpAddress } from '../lib/sockaddr.ts';
import { openDeviceSocket } from '../lib/sockopt.ts';
import { dialOptions } from './dial-options.ts';
import type { SourceSpec } from './spec.ts';

export interface DialTarget extends SourceSpec {
  /** An IP address or a host name. */
  readonly host: string;
  readonly port: number;
  readonly lookup: LookupFunction;
  readonly timeoutMs: number;
}

/** Begins a TCP connection from the source asked for. Throws, with a code, where the interface is not to be had. */
export function dial(target: DialTarget): Socket {
  const { host, port, sourceInterface } = target;
  if (sourceInterface !== undefined) return dialByDevice(target, sourceInterface);
  const isPlain = target.sourceAddress === undefined && parseIpAddress(host) !== undefined;
  return connect(isPlain ? { host, port } : { host, port, ...dialOptions(target) });
}

/**
 * Node opens a socket for each address that it tries, and none of them can be bound to an interface: so this one is opened
 * before the address is known. For a name it is an IPv6 one that reaches IPv4 as well, by mapped addresses (RFC 4291
 * §2.5.5.2); of several addresses only the first is tried.
 */
function dialByDevice(target: DialTarget, device: string): Socket {
  const { host, port, sourceAddress } = target;
  const known = (parseIpAddress(sourceAddress ?? '') ?? parseIpAddress(host))?.family;
  const { fd, family } = openSocket(device, known);
  // Reading from a socket that is not connected yet would end it (ENOTCONN): it starts by itself at the connection.
  const socket = new Socket({ fd, readable: true, writable: true, ...{ manualStart: true } });
  const isMapped = known === undefined && family === 'ipv6';
  const lookup = isMapped ? mapped(target.lookup) : target.lookup;
  const options: NetConnectOpts = { host, port, lookup, autoSelectFamily: false };
  const wanted = family === 'ipv4' ? 4 : 6;
  return socket.connect({
    ...options,
    ...(isMapped ? {} : { family: wanted }),
    ...(sourceAddress === undefined ? {} : { localAddress: sourceAddress }),
  });
}

function openSocket(device: string, known: IpFamily | undefined): { fd: number; family: IpFamily } {
  const family = known ?? 'ipv6';
  const opened = openDeviceSocket({ kind: 'tcp', family, device });
  if (opened.ok) return { fd: opened.fd, family };
  if (known === undefined && opened.code === 'EAFNOSUPPORT') return openSocket(device, 'ipv4');
  const why = opened.code === 'unavailable' ? 'interfaces can be chosen on Linux only' : opened.code;
  throw Object.assign(new Error(`no socket on interface ${device}: ${why}`), { code: opened.code });
}

/** The same look-up for an IPv6 socket: IPv4 addresses come as `::ffff:a.b.c.d`. */
function mapped(lookup: LookupFunction): LookupFunction {
  return (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, found) => {
      const addresses = typeof found === 'string' ? [] : found;
      const [first] = addresses.map(({ address, family }) => (family === 4 ? `::ffff:${address}` : address));
      if (error !== null || first === undefined) callback(error ?? notFound(name), '', 6);
      else if (options.all === true) callback(null, [{ address: first, family: 6 }]);
      else callback(null, first, 6);
    });
  };
}

function notFound(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${name} has no address`), { code: 'ENOTFOUND' });
}
