/**
 * What an answer is made of: an object is an element per property, an array is a list of `item`s, and what is
 * undefined is left out.
 */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

/** The text of one element with everything in it. */
export function element(name: string, value: XmlValue, attributes = ''): string {
  if (value === undefined) return '';
  const inner = content(value);
  return inner === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`;
}

/** A whole document. */
export function document(name: string, value: XmlValue, namespace?: string): string {
  const attributes = namespace === undefined ? '' : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, value, attributes)}`;
}

function content(value: XmlValue): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return escapeText(String(value));
  if (isList(value)) return value.map((item) => element('item', item)).join('');
  return Object.entries(value)
    .map(([name, inner]) => element(name, inner))
    .join('');
}

function isList(value: XmlValue): value is readonly XmlValue[] {
  return Array.isArray(value);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters that XML 1.0 cannot hold become U+FFFD. */
function escapeText(text: string): string {
  // Nearly everything is an id, an address or a word; a table of 500 routes has thousands of them.
  if (/^[\w.:/-]*$/.test(text)) return text;
  return text
    .replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('\r', '&#13;');
}
