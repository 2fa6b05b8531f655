/** Why a value is refused. `way` leads into it: the index of an item of a list. */
export interface Issue {
  readonly message: string;
  readonly way: readonly number[];
}

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** How a value is written, for the JSON Schema: what a reader of YAML sees before it is understood. */
export type Form =
  | { readonly kind: 'anything' | 'boolean' | 'number' }
  | { readonly kind: 'limited'; readonly isWhole: boolean; readonly least: number; readonly most: number }
  | { readonly kind: 'text'; readonly pattern: RegExp | undefined }
  | { readonly kind: 'words'; readonly words: readonly [string, ...string[]] }
  | { readonly kind: 'list'; readonly of: Form }
  | { readonly kind: 'either'; readonly of: readonly Form[] };

/** What a key is when it is left out: missed, undefined, or as if that had been written. */
export type Absence =
  | { readonly kind: 'missed' | 'undefined' }
  | { readonly kind: 'default'; readonly written: unknown };

/**
 * One value of the configuration: how it is written, what it means, and what it means to leave it out. `IfLeftOut` is
 * `undefined`, or `never` where there is a default. An own form rather than zod's, which takes longer to load than the
 * rest of a start together; the JSON Schema is made of it by zod.
 */
export interface Leaf<Value, IfLeftOut extends undefined = undefined> {
  readonly form: Form;
  readonly absence: Absence;
  readonly description: string | undefined;
  readonly isDeprecated: boolean;
  parse(written: unknown): Parsed<Value>;
  optional(): Leaf<Value>;
  /** Leaving it out is as if this had been written. */
  or(written: unknown): Leaf<Value, never>;
  describe(description: string): Leaf<Value, IfLeftOut>;
  deprecate(description: string): Leaf<Value, IfLeftOut>;
}

/** Any leaf, whatever it gives. */
export type AnyLeaf = Leaf<unknown, undefined>;

export type ValueOf<L> = L extends Leaf<infer Value, infer _> ? Value : never;

/** What reading a key gives: the value, and undefined where it is missing or wrong and has no default. */
export type Read<L> = L extends Leaf<infer Value, infer IfLeftOut> ? Value | IfLeftOut : never;

/** A leaf that has to be written. `parse` never throws. */
export function leaf<Value>(form: Form, parse: Leaf<Value>['parse']): Leaf<Value> {
  return make({ form, parse, absence: { kind: 'missed' }, description: undefined, isDeprecated: false });
}

type Facts<Value> = Pick<Leaf<Value>, 'form' | 'parse' | 'absence' | 'description' | 'isDeprecated'>;

function make<Value, IfLeftOut extends undefined>(facts: Facts<Value>): Leaf<Value, IfLeftOut> {
  return {
    ...facts,
    optional: () => make({ ...facts, absence: { kind: 'undefined' } }),
    or: (written) => make({ ...facts, absence: { kind: 'default', written } }),
    describe: (description) => make({ ...facts, description }),
    deprecate: (description) => make({ ...facts, description, isDeprecated: true }),
  };
}

export function refuse(message: string): { readonly ok: false; readonly issues: readonly Issue[] } {
  return { ok: false, issues: [{ message, way: [] }] };
}

export function accept<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}
