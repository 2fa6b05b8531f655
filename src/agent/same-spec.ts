import type { CheckSpec } from '../checks/index.ts';

/** Specs are plain data apart from regular expressions, which JSON would lose. */
export function isSameSpec(a: CheckSpec | undefined, b: CheckSpec | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  const write = (_key: string, value: unknown): unknown => (value instanceof RegExp ? String(value) : value);
  return JSON.stringify(a, write) === JSON.stringify(b, write);
}
