import { writeNative16 } from './native-bytes.ts';
import { encodeSockaddr, type IpAddress } from './sockaddr.ts';

/** A key for all segments to and from an address, of the family of the socket that it is for. */
export interface TcpMd5Key {
  readonly address: IpAddress;
  /** Empty: takes the address's key away. */
  readonly key: Uint8Array;
}

export const TCP_MD5_KEY_MAX_BYTES = 80;

const STRUCT_BYTES = 216;
const KEY_LENGTH_OFFSET = 130;
const KEY_OFFSET = 136;

/**
 * `struct tcp_md5sig` (linux/tcp.h), for TCP_MD5SIG. Its flags and interface stay 0, which means every interface and VRF:
 * the kernel takes VRFs only there, and our sockets are tied to theirs anyhow. Undefined: the key is too long.
 */
export function encodeTcpMd5Key({ address, key }: TcpMd5Key): Buffer | undefined {
  if (key.length > TCP_MD5_KEY_MAX_BYTES) return undefined;
  const buffer = Buffer.alloc(STRUCT_BYTES);
  buffer.set(encodeSockaddr(address, 0, 0));
  writeNative16(buffer, key.length, KEY_LENGTH_OFFSET);
  buffer.set(key, KEY_OFFSET);
  return buffer;
}
