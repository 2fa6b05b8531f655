import { type Libc, libc } from './libc.ts';
import { encodeSockaddr, type IpAddress, parseIpAddress } from './sockaddr.ts';

/**
 * What a socket call came to. `code` is the errno's name (`EACCES`), or `unavailable` where there is no native binding
 * (another system than Linux, or koffi does not load).
 */
export type SocketResult<Facts = object> =
  | ({ readonly ok: true } & Facts)
  | { readonly ok: false; readonly code: string };

/** Makes a call of the C library that gives a negative number where it fails. */
export function socketCall(call: (native: Libc) => number): SocketResult<{ readonly value: number }> {
  const native = libc();
  if (native === undefined) return { ok: false, code: 'unavailable' };
  const value = call(native);
  return value < 0 ? { ok: false, code: native.lastError() } : { ok: true, value };
}

/** The same for a call that takes an address of the socket's own family. `EINVAL`: the text is none; `ENODEV`: no such scope. */
export function addressCall(
  { address, port }: { readonly address: string; readonly port: number },
  call: (native: Libc, sockaddr: Buffer) => number,
): SocketResult {
  if (libc() === undefined) return { ok: false, code: 'unavailable' };
  const parsed = parseIpAddress(address);
  if (parsed === undefined) return { ok: false, code: 'EINVAL' };
  const scope = scopeIdOf(parsed);
  if (scope === undefined) return { ok: false, code: 'ENODEV' };
  const called = socketCall((native) => call(native, encodeSockaddr(parsed, port, scope)));
  return called.ok ? { ok: true } : called;
}

/** The number of an address's interface, 0 for none; undefined: there is no such interface. */
export function scopeIdOf({ scope }: IpAddress): number | undefined {
  if (scope === undefined) return 0;
  const index = interfaceIndexOf(scope);
  if (index !== undefined) return index;
  return /^\d+$/.test(scope) ? Number(scope) : undefined;
}

/** Undefined: there is no interface of that name, or no native binding to ask. */
export function interfaceIndexOf(name: string): number | undefined {
  const index = libc()?.interfaceIndex(name) ?? 0;
  return index > 0 ? index : undefined;
}
