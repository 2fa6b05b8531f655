/** A request that the control API does not understand: 400, with this message. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads the fields of a JSON object, and complains in words. `where` names the object in messages. */
export function parseJsonObject(text: string, where = 'the request body'): JsonObject {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadRequest(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isJsonObject(value)) throw new BadRequest(`${where} must be a JSON object`);
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function requireString(object: JsonObject, name: string): string {
  const value = object[name];
  if (typeof value !== 'string' || value === '') throw new BadRequest(`${name} must be a non-empty string`);
  return value;
}

export function optionalString(object: JsonObject, name: string): string | undefined {
  return object[name] === undefined ? undefined : requireString(object, name);
}

/** A number that is not negative. */
export function optionalNumber(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 0) || value === Infinity) {
    throw new BadRequest(`${name} must be a number of 0 or more`);
  }
  return value;
}

export function optionalStrings(object: JsonObject, name: string): readonly string[] | undefined {
  const value = object[name];
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new BadRequest(`${name} must be a list of strings`);
  }
  return value;
}

export function optionalBoolean(object: JsonObject, name: string): boolean | undefined {
  const value = object[name];
  if (value === undefined || typeof value === 'boolean') return value;
  throw new BadRequest(`${name} must be true or false`);
}

/** Tags: an object of strings. */
export function requireTags(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) throw new BadRequest('tags must be an object of strings');
  const tags: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new BadRequest(`tags.${key} must be a string`);
    tags[key] = text;
  }
  return tags;
}

export function rejectUnknown(object: JsonObject, known: readonly string[]): void {
  const unknown = Object.keys(object).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new BadRequest(`unknown: ${unknown.join(', ')}; known: ${known.join(', ')}`);
}
