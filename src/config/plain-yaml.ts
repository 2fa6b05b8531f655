import { emptyScalar, isReserved, plainScalar, quotedScalar, UNKNOWN, unescaped } from './plain-scalar.ts';
import { locator, type NamedText } from './positions.ts';
import type { ListNode, MapEntry, MapNode, Node, Position } from './tree.ts';

/** Printable characters that mean nothing to YAML, but for line feeds: no tabs, returns or byte order marks. */
const PLAIN_TEXT = /^[\n\x20-\x7e\u00a1-\u1fff\u2010-\u2027\u2030-\ud7ff]*$/;
/** A key, its colon, and what follows in the line. */
const KEY = /([A-Za-z_][\w./-]*):(?=[ \n]|$)/y;
const FLOW_KEY = /([A-Za-z_][\w./-]*): +(?=[^\s#])/y;
/** An unquoted value: starts with no indicator, has no ` #`, and no colon that could end a key. */
const PLAIN = /(?:[\w./+^($\u00a1-\ud7ff]|-(?=[^\s]))(?:[^\s:#]|:(?=\S)|#| +(?=[^\s#]))*/y;
const FLOW_PLAIN =
  /(?:[\w./+^($\u00a1-\ud7ff]|-(?=[^\s,[\]{}]))(?:[^\s,:#[\]{}]|:(?=[\w/:])| +(?=[^\s,:#[\]{}]))*/y;
const SINGLE_QUOTED = /'((?:[^'\n]|'')*)'/y;
const DOUBLE_QUOTED = /"((?:[^"\\\n]|\\["\\nrt])*)"/y;
const REST_OF_LINE = / *(?: #[^\n]*)?(?=\n|$)/y;
const NOTHING_MORE = / *(?:(?<![^ \n])#[^\n]*)?(?=\n|$)/y;
/** Of the document. */
const START = /---\n/y;
const MAX_DEPTH = 20;

/**
 * Reads the YAML that most configs are written in: maps and lists in block form, brackets and braces,
 * values in one line. undefined: it has something else in it, right or wrong, and the whole language has to be known to
 * say. What it gives is what the YAML library gives, positions included, at a tenth of the time of a start.
 */
export function readPlainYaml(source: NamedText): Node | undefined {
  if (!PLAIN_TEXT.test(source.text)) return undefined;
  try {
    return new PlainReader(source).document();
  } catch (reason) {
    if (reason === UNKNOWN) return undefined;
    throw reason;
  }
}

/** A reader that stands at an offset of the text. */
class PlainReader {
  readonly #text: string;
  readonly #locate;
  #at = 0;
  /** What stands between brackets and goes on in further lines is indented deeper than this. */
  #outside = 0;

  constructor(source: NamedText) {
    this.#text = source.text;
    this.#locate = locator(source);
  }

  document(): Node {
    this.#skip(START);
    if (this.#nextLine() !== 0) throw UNKNOWN;
    const node = this.#block(0, 0);
    if (this.#at < this.#text.length) throw UNKNOWN;
    return node;
  }

  /** A map or list whose entries start in this column; stands at the first. Ends at the start of a line's text. */
  #block(column: number, depth: number): Node {
    if (depth > MAX_DEPTH) throw UNKNOWN;
    return this.#isDash() ? this.#list(column, depth) : this.#map(column, depth);
  }

  #map(column: number, depth: number): MapNode {
    const at = this.#place();
    const entries: MapEntry[] = [];
    const keys = new Set<string>();
    do {
      const keyAt = this.#place();
      const key = this.#take(KEY);
      if (key === undefined || keys.has(key) || isReserved(key)) throw UNKNOWN;
      keys.add(key);
      entries.push({ key, keyAt, value: this.#entryValue({ column, depth, keyAt }) });
    } while (this.#column() === column && !this.#isDash());
    if (this.#column() > column) throw UNKNOWN;
    return { kind: 'map', at, entries };
  }

  #entryValue({ column, depth, keyAt }: { column: number; depth: number; keyAt: Position }): Node {
    if (!this.#skip(NOTHING_MORE)) return this.#inLine(column);
    const next = this.#nextLine();
    if (next > column || (next === column && this.#isDash())) return this.#block(next, depth + 1);
    return emptyScalar(keyAt);
  }

  #list(column: number, depth: number): ListNode {
    const at = this.#place();
    const items: Node[] = [];
    do {
      items.push(this.#item(column, depth));
    } while (this.#column() === column && this.#isDash());
    if (this.#column() > column) throw UNKNOWN;
    return { kind: 'list', at, items };
  }

  #item(column: number, depth: number): Node {
    this.#at += 1;
    if (this.#skip(NOTHING_MORE)) {
      const next = this.#nextLine();
      if (next <= column) throw UNKNOWN;
      return this.#block(next, depth + 1);
    }
    this.#skipSpaces();
    const start = this.#at;
    const isMap = this.#take(KEY) !== undefined;
    this.#at = start;
    return isMap ? this.#block(this.#column(), depth + 1) : this.#inLine(column);
  }

  /** A value that stands in the rest of the line. What is indented below it would belong to it. */
  #inLine(column: number): Node {
    this.#skipSpaces();
    this.#outside = column;
    const node = this.#value(PLAIN, 0);
    if (!this.#skip(REST_OF_LINE)) throw UNKNOWN;
    if (this.#nextLine() > column) throw UNKNOWN;
    return node;
  }

  #value(plain: RegExp, depth: number): Node {
    if (depth > MAX_DEPTH) throw UNKNOWN;
    const at = this.#place();
    switch (this.#text[this.#at]) {
      case '[':
        return { kind: 'list', at, items: this.#flow(']', () => this.#value(FLOW_PLAIN, depth + 1)) };
      case '{':
        return { kind: 'map', at, entries: this.#flowEntries(depth) };
      case "'":
        return quotedScalar(this.#need(SINGLE_QUOTED).replaceAll("''", "'"), at);
      case '"':
        return quotedScalar(unescaped(this.#need(DOUBLE_QUOTED)), at);
      default:
        return plainScalar(this.#need(plain), at);
    }
  }

  #flowEntries(depth: number): readonly MapEntry[] {
    const keys = new Set<string>();
    return this.#flow('}', () => {
      const keyAt = this.#place();
      const key = this.#need(FLOW_KEY);
      if (keys.has(key) || isReserved(key)) throw UNKNOWN;
      keys.add(key);
      return { key, keyAt, value: this.#value(FLOW_PLAIN, depth + 1) };
    });
  }

  /** What stands between brackets or braces, none of it empty. */
  #flow<Item>(end: string, read: () => Item): readonly Item[] {
    const items: Item[] = [];
    this.#at += 1;
    this.#skipGap();
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return items;
    }
    for (;;) {
      items.push(read());
      this.#skipGap();
      const mark = this.#text[this.#at];
      this.#at += 1;
      if (mark === end) return items;
      if (mark !== ',') throw UNKNOWN;
      this.#skipGap();
    }
  }

  #skipGap(): void {
    if (!this.#skip(NOTHING_MORE)) this.#skipSpaces();
    else if (this.#nextLine() <= this.#outside) throw UNKNOWN;
  }

  /** Goes to the text of the next line that has any; gives its column, -1 at the end. */
  #nextLine(): number {
    while (this.#at < this.#text.length) {
      if (!this.#skip(NOTHING_MORE)) return this.#lineStartsHere();
      this.#at += 1;
    }
    this.#at = this.#text.length;
    return -1;
  }

  /** Refuses what starts documents and directives. */
  #lineStartsHere(): number {
    const lineAt = this.#text.lastIndexOf('\n', this.#at - 1) + 1;
    this.#skipSpaces();
    if (/^(?:---|\.\.\.|%)/.test(this.#text.slice(lineAt, lineAt + 3))) throw UNKNOWN;
    return this.#at - lineAt;
  }

  /** Where in its line the reader stands; -1 at the end of the text. */
  #column(): number {
    if (this.#at >= this.#text.length) return -1;
    return this.#at - (this.#text.lastIndexOf('\n', this.#at - 1) + 1);
  }

  #isDash(): boolean {
    const after = this.#text[this.#at + 1];
    return this.#text[this.#at] === '-' && (after === ' ' || after === '\n' || after === undefined);
  }

  #place(): Position {
    return this.#locate(this.#at);
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at += 1;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  /** The first group of the pattern here, or all that it matched; undefined where it does not match. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found[1] ?? found[0];
  }

  #need(pattern: RegExp): string {
    const taken = this.#take(pattern);
    if (taken === undefined) throw UNKNOWN;
    return taken;
  }
}
