/** Ends an exhaustive switch: a new member of a closed union fails to compile here. Throws if one gets here at run time. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value: ${JSON.stringify(value)}`);
}
