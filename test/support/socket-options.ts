import koffi from 'koffi';

const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;

/** Options of a TCP socket as the kernel has them, by getsockopt(2). */
export interface SocketOptions {
  readonly ttl: number;
  readonly minTtl: number;
  readonly trafficClass: number;
}

/** Of packets to peers of that family. */
export function socketOptionsOf(fd: number, family: 'ipv4' | 'ipv6'): SocketOptions {
  if (family === 'ipv4') {
    return {
      ttl: numberOf(fd, IPPROTO_IP, 2),
      minTtl: numberOf(fd, IPPROTO_IP, 21),
      trafficClass: numberOf(fd, IPPROTO_IP, 1),
    };
  }
  return {
    ttl: numberOf(fd, IPPROTO_IPV6, 16),
    minTtl: numberOf(fd, IPPROTO_IPV6, 73),
    trafficClass: numberOf(fd, IPPROTO_IPV6, 67),
  };
}

function numberOf(fd: number, level: number, name: number): number {
  const get = koffi.load(null).func('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *']);
  const value = Buffer.alloc(4);
  const size = Buffer.from(Uint32Array.of(4).buffer);
  if (get(fd, level, name, value, size) < 0) throw new Error(`getsockopt ${level} ${name}: ${koffi.errno()}`);
  return new Int32Array(value.buffer, value.byteOffset, 1)[0] ?? 0;
}
