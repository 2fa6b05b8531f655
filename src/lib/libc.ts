import { createRequire } from 'node:module';
import { platform } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type koffi from 'koffi';
import { once } from './once.ts';

/** The calls of the C library that Node has no words for. Negative: it failed; `lastError` is the errno's name then. */
export interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: Buffer, bytes: number) => number;
  readonly connect: (fd: number, address: Buffer, bytes: number) => number;
  readonly sendto: (
    fd: number,
    data: Buffer,
    bytes: number,
    flags: number,
    address: Buffer | null,
    addressBytes: number,
  ) => number;
  readonly recvfrom: (
    fd: number,
    into: Buffer,
    bytes: number,
    flags: number,
    address: Buffer,
    addressBytes: Buffer,
  ) => number;
  readonly attachFilter: (
    fd: number,
    level: number,
    name: number,
    program: object,
    programBytes: number,
  ) => number;
  readonly filterStructBytes: number;
  readonly setBytes: (fd: number, level: number, name: number, value: Buffer, bytes: number) => number;
  /** Without an address, in the thread pool, for what may wait. Gives the bytes, or the errno as a negative number. */
  readonly sendLater: (fd: number, data: Buffer) => Promise<number>;
  /** The same for receiving. */
  readonly receiveLater: (fd: number, into: Buffer) => Promise<number>;
  readonly close: (fd: number) => number;
  readonly interfaceIndex: (name: string) => number;
  readonly lastError: () => string;
}

type Native = ReturnType<ReturnType<typeof koffi.load>['func']>;

/**
 * The binding belongs to the process as an import does, and costs 4 MB: it is made at the first use, once. Nothing
 * else is kept here.
 */
export const libc = once(loadLibc);

function loadLibc(): Libc | undefined {
  if (platform() !== 'linux') return undefined;
  try {
    // By require, from the module's own URL: it stays a package beside the bundle, and is not loaded before it is needed.
    return bindLibc(createRequire(import.meta.url)('koffi') as typeof koffi);
  } catch {
    return undefined;
  }
}

function bindLibc(ffi: typeof koffi): Libc {
  const library = ffi.load(null);
  const fprog = ffi.struct({ len: 'uint16', filter: 'const void *' });
  const [int, size, pointer] = ['int', 'size_t', 'void *'];
  const addressed = [int, pointer, 'uint32'];
  const later = (call: Native): ((fd: number, data: Buffer) => Promise<number>) => {
    return (fd, data) =>
      new Promise((resolve, reject) => {
        call.async(fd, data, data.length, 0, (error: unknown, count: number) => {
          if (error) reject(error);
          else resolve(count < 0 ? -ffi.errno() : count);
        });
      });
  };
  return {
    socket: library.func('socket', int, [int, int, int]),
    bind: library.func('bind', int, addressed),
    connect: library.func('connect', int, addressed),
    sendto: library.func('sendto', 'intptr_t', [int, pointer, size, int, pointer, 'uint32']),
    recvfrom: library.func('recvfrom', 'intptr_t', [int, pointer, size, int, pointer, pointer]),
    attachFilter: library.func('setsockopt', int, [int, int, int, ffi.pointer(fprog), 'uint32']),
    filterStructBytes: fprog.size,
    setBytes: library.func('setsockopt', int, [int, int, int, pointer, 'uint32']),
    sendLater: later(library.func('send', 'intptr_t', [int, pointer, size, int])),
    receiveLater: later(library.func('recv', 'intptr_t', [int, pointer, size, int])),
    close: library.func('close', int, [int]),
    interfaceIndex: library.func('if_nametoindex', 'uint32', ['const char *']),
    lastError: () => getSystemErrorName(-ffi.errno()),
  };
}
