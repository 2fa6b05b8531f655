import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type IpFamily, parseIpAddress } from '../lib/sockaddr.ts';

export type Resolution =
  | { readonly ok: true; readonly addresses: readonly LookupAddress[] }
  | { readonly ok: false; readonly error: NodeJS.ErrnoException };

/**
 * Looks one destination up as the host does (hosts file, nsswitch, DNS). A look-up cannot be called off and holds a
 * thread until it is answered, so a name has at most one under way: an attempt that comes meanwhile waits for the same.
 */
export class Resolver {
  readonly #underWay = new Map<string, Promise<Resolution>>();

  /** Every address of a name, in the resolver's order; an IP address is its own. Never rejects. */
  resolve(name: string): Promise<Resolution> {
    const literal = parseIpAddress(name);
    if (literal !== undefined) {
      const addresses = [{ address: name, family: literal.family === 'ipv4' ? 4 : 6 }];
      return Promise.resolve({ ok: true, addresses });
    }
    const known = this.#underWay.get(name) ?? this.#lookUp(name);
    this.#underWay.set(name, known);
    return known;
  }

  /** For the `lookup` option of sockets and requests. */
  readonly lookup: LookupFunction = (name, options, callback) => {
    const wanted = options.family === 4 || options.family === 6 ? options.family : undefined;
    this.resolve(name).then((resolution) => {
      if (!resolution.ok) return callback(resolution.error, []);
      const addresses = resolution.addresses.filter(({ family }) => (wanted ?? family) === family);
      const first = addresses[0];
      if (first === undefined) return callback(noAddress(name), []);
      if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };

  #lookUp(name: string): Promise<Resolution> {
    return new Promise<Resolution>((resolve) => {
      lookup(name, { all: true }, (error, addresses) => {
        this.#underWay.delete(name);
        resolve(error === null ? { ok: true, addresses } : { ok: false, error });
      });
    });
  }
}

/** The first address of that family; undefined: it has none. `family` undefined: of any. */
export function firstOfFamily(
  addresses: readonly LookupAddress[],
  family: IpFamily | undefined,
): string | undefined {
  const wanted = family === undefined ? undefined : family === 'ipv4' ? 4 : 6;
  return addresses.find((entry) => (wanted ?? entry.family) === entry.family)?.address;
}

function noAddress(name: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${name} has no address of the family asked for`), { code: 'ENOTFOUND' });
}
