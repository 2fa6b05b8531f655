export type CompiledPattern =
  | { readonly ok: true; readonly pattern: RegExp }
  | { readonly ok: false; readonly hint: string };

/** What Go's regexp package (RE2) writes otherwise than JavaScript. */
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** What neither translation below nor JavaScript knows, and what JavaScript would take for something else. */
const UNTRANSLATED = /\[\[:|:\]\]|\\Q|\\E|\\C|\\[pP]|\\x\{|\(\?P/;

/**
 * Compiles a regular expression of AWSnycast's dialect (Go's RE2), which is JavaScript's for all but a few constructs:
 * leading flags `(?i)`, `(?s)`, `(?m)`; `(?P<name>…)`; `\A`, `\z`; POSIX classes; `\pL`; `\x{10FFFF}`.
 */
export function compilePattern(text: string): CompiledPattern {
  const flags = /^\(\?([ims]+)\)/.exec(text);
  const source = translate(flags === null ? text : text.slice(flags[0].length));
  const ownFlags = [...new Set(flags?.[1] ?? '')].join('');
  const strict = tryCompile(source, `${ownFlags}u`);
  if (strict.ok || UNTRANSLATED.test(source)) return strict;
  // Without `u`, JavaScript takes escapes and lone braces that RE2 takes and strict mode does not (`\-`, `a{`).
  const lenient = tryCompile(source, ownFlags);
  return lenient.ok ? lenient : strict;
}

/** Escapes are taken in pairs, so that an escaped backslash starts none. */
const TOKENS = /\\x\{|\\[pP][A-Z]|\\[Az]|\\[\s\S]|\(\?P<|\[:(\^?)(\w+):\]/g;

function translate(source: string): string {
  return source.replaceAll(TOKENS, (token: string, not: string | undefined, name: string | undefined) => {
    if (token === '(?P<') return '(?<';
    if (token === '\\A') return '(?<![\\s\\S])';
    if (token === '\\z') return '(?![\\s\\S])';
    if (token === '\\x{') return '\\u{';
    if (/^\\[pP][A-Z]$/.test(token)) return `${token.slice(0, 2)}{${token.slice(2)}}`;
    return not === '' && name !== undefined && Object.hasOwn(POSIX_CLASSES, name)
      ? (POSIX_CLASSES[name] ?? token)
      : token;
  });
}

function tryCompile(source: string, flags: string): CompiledPattern {
  try {
    return { ok: true, pattern: new RegExp(source, flags) };
  } catch (error) {
    const why =
      error instanceof SyntaxError ? error.message.replace(/^.*: (?=[^:]*$)/, '') : 'not understood';
    return { ok: false, hint: `write a valid regular expression (${why})` };
  }
}
