import type { ProbeSpec } from '../../checks/index.ts';
import type { Context } from '../context.ts';
import type { Fields, Shape } from '../fields.ts';
import { accept, leaf } from '../leaf.ts';
import { duration, ipAddress, text, whole } from '../leaves.ts';

/** A probe as its options say. */
export interface ReadProbe {
  readonly probe: ProbeSpec;
  /** From a URL or `server`; undefined: the check's own `destination` counts. */
  readonly destination?: string;
  /** Who is asked: `required`, a destination; `optional`, none is needed; `none`, this machine itself. */
  readonly asks: 'required' | 'optional' | 'none';
}

/** What the reader of one kind is given beside its options. */
export interface ProbePlace {
  readonly name: string;
  /** A remote check: its destination is whoever holds the route. */
  readonly isTemplate: boolean;
  /** What `destination` says; undefined where it is not there, or wrong. */
  readonly destination: string | undefined;
  readonly everyMs: number;
}

/** One kind of check: its options beside those of every check, and how they are read. */
export interface Kind<S extends Shape = Shape> {
  /** May have keys of every check (`every`, `rise`, `fall`) again, with another default. */
  readonly shape: S;
  /** undefined where something needed is missing or wrong, which has been told then. */
  read(fields: Fields<S>, place: ProbePlace, context: Context): ReadProbe | undefined;
}

export function kind<S extends Shape>(shape: S, read: Kind<S>['read']): Kind<S> {
  return { shape, read };
}

const HOUR_MS = 3_600_000;
export const CHECK_COUNT = { least: 1, most: 10_000 };

/** A map or list that has a reader of its own; its form for the JSON Schema is in `json-schema.ts`. */
export const nested = leaf({ kind: 'anything' }, accept).optional();

export const tlsKey = nested.describe('TLS on the connection: true, or a map of options.');

/** Where connections and datagrams come from. */
export const sourceShape = {
  source_address: ipAddress()
    .optional()
    .describe('Local IP address to send from. Default: the system chooses.'),
  source_interface: text('the name of a network interface')
    .optional()
    .describe('Network interface (or VRF) to send by. Default: the system chooses.'),
};

/** Reads `sourceShape`. */
export function readSource(fields: Fields<typeof sourceShape>) {
  return { sourceAddress: fields.read('source_address'), sourceInterface: fields.read('source_interface') };
}

/** `every`, with its default. */
export function everyKey(written: string) {
  return duration({ least: 10, most: 24 * HOUR_MS })
    .or(written)
    .describe('Time from the start of one probe to the start of the next.');
}

/** `rise`, with its default. */
export function riseKey(count: number) {
  return whole('a count', CHECK_COUNT).or(count).describe('Passes in a row that make it healthy.');
}

/** `fall`, with its default. */
export function fallKey(count: number) {
  return whole('a count', CHECK_COUNT).or(count).describe('Failures in a row that make it unhealthy.');
}
