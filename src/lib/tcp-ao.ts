import { encodeSockaddr, type IpAddress } from './sockaddr.ts';

/** One master key tuple (RFC 5925 §3.1), for all segments to and from an address. */
export interface TcpAoMasterKey {
  /** Of the family of the socket that it is for; bits of the address that are compared, for a mapped one those of IPv4. */
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** RFC 5926 §2. */
  readonly algorithm: 'hmac-sha-1-96' | 'aes-128-cmac-96';
  readonly sendId: number;
  readonly receiveId: number;
  readonly key: Uint8Array;
}

export const TCP_AO_KEY_MAX_BYTES = 80;

/** As the kernel calls them; by `cmac(aes128)` it takes keys of any length, and derives as RFC 5926 §3.1.1.2 says. */
const KERNEL_NAMES: Readonly<Record<TcpAoMasterKey['algorithm'], string>> = {
  'hmac-sha-1-96': 'hmac(sha1)',
  'aes-128-cmac-96': 'cmac(aes128)',
};
const MAC_BYTES = 12;

const STRUCT_BYTES = 288;
const ALGORITHM_OFFSET = 128;
const PREFIX_OFFSET = 202;
const KEY_OFFSET = 208;

/**
 * `struct tcp_ao_add` (linux/tcp.h, Linux 6.7), for TCP_AO_ADD_KEY. TCP options are covered by the MAC, as RFC 5925 §5.1
 * has it; no interface is named, which means every one. Undefined: the key is too long.
 */
export function encodeTcpAoKey(tuple: TcpAoMasterKey): Buffer | undefined {
  if (tuple.key.length > TCP_AO_KEY_MAX_BYTES) return undefined;
  const buffer = Buffer.alloc(STRUCT_BYTES);
  buffer.set(encodeSockaddr(tuple.address, 0, 0));
  buffer.write(KERNEL_NAMES[tuple.algorithm], ALGORITHM_OFFSET, 'latin1');
  const keyFlags = 0;
  const octets = [
    tuple.prefixLength,
    tuple.sendId,
    tuple.receiveId,
    MAC_BYTES,
    keyFlags,
    tuple.key.length,
  ] as const;
  buffer.set(octets, PREFIX_OFFSET);
  buffer.set(tuple.key, KEY_OFFSET);
  return buffer;
}
