/** What a person should do about a fault that the YAML reader found: what is wrong; what would be right. */
const SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab indents this line; YAML takes only spaces there',
  MULTIPLE_DOCS: 'a second document starts here; write one document, with one "---" at most',
  BAD_INDENT: 'the indentation does not fit the lines above; put keys of one map in one column',
  MULTILINE_IMPLICIT_KEY:
    'a key goes over several lines; check the indentation, and that ": " follows the key',
  BLOCK_AS_IMPLICIT_KEY:
    'a second key in one value; start it on its own line, or quote a value that contains ": "',
  BLOCK_IN_FLOW: 'an indented block inside brackets; go on in brackets, or put the whole in block form',
  BAD_DQ_ESCAPE: 'an unknown escape in double quotes; write \\\\ for a backslash, or use single quotes',
  BAD_SCALAR_START: 'a value cannot start with this character; put the value in quotes',
  TAG_RESOLVE_FAILED: 'an unknown tag; leave the "!…" out',
  UNEXPECTED_TOKEN: 'this does not belong here; check the indentation, quotes and brackets above',
  ALIAS_PROPS: 'an alias cannot have an anchor or tag of its own; leave that out',
  BAD_ALIAS: 'not an alias; write * and the name of an anchor',
  BAD_DIRECTIVE: 'an unknown % directive; leave the line out',
  KEY_OVER_1024_CHARS: 'a key of more than 1024 characters; check that ": " follows the key',
};

/** Faults that share a code with others, told apart by how the reader's own message begins. */
const BY_MESSAGE: readonly (readonly [RegExp, string])[] = [
  [/^Flow sequence/, 'a list opened with "[" is not closed; write "]" at its end'],
  [/^Flow map/, 'a map opened with "{" is not closed; write "}" at its end'],
  [/^Missing closing/, 'a quoted text is not closed; write the closing quote'],
  [/^Implicit map keys/, 'text where a key is wanted; write a key and ": ", or check the indentation'],
  [/^Missing , /, 'two items without a comma; write "," between them'],
];

/** `message` is the reader's own, used where this file has no sentence. */
export function describeYamlFault(code: string, message: string): string {
  const own = BY_MESSAGE.find(([start]) => start.test(message))?.[1] ?? SENTENCES[code];
  return own ?? `${message}; mend the YAML here`;
}
