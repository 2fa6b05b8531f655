import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A file of this repository. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Every document of this repository. */
export const DOCUMENTS: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].sort();

/** The members of an exported union of texts. */
export function unionOf(path: string, name: string): readonly string[] {
  const code = read(path).replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const body = new RegExp(`export type ${name} =([^;]*);`).exec(code)?.[1] ?? '';
  const members = [...body.matchAll(/'([^']+)'/g)].map((found) => found[1] ?? '');
  expect(members.length, `${name} of ${path}`).toBeGreaterThan(1);
  return members.sort();
}

/** The lines below a heading, down to the next one. */
export function section(text: string, heading: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  expect(start, `the heading "${heading}"`).toBeGreaterThanOrEqual(0);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^#+ /.test(line));
  return rest.slice(0, end < 0 ? rest.length : end).join('\n');
}

/** What stands in code in the first column of a table. */
export function firstColumn(text: string): readonly string[] {
  const cells = [...text.matchAll(/^\| (`[^|]*`)[^|`]*\|/gm)].map((found) => found[1] ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((found) => found[1] ?? '')).sort();
}

/** Code blocks of a language: `sh`, `yaml`, … */
export function blocks(text: string, language: string): readonly string[] {
  const found = text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'));
  return [...found].map((block) => block[1] ?? '');
}

/** The text without its code blocks. */
export function withoutBlocks(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '');
}

/** Everything that is written as code on one line, comments of a shell left out. */
function codeLines(text: string): readonly string[] {
  const shell = blocks(text, 'sh').flatMap((block) => block.split('\n'));
  const inline = [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map((found) => found[1] ?? '');
  return [...shell.map((line) => line.replace(/(^|\s)#.*$/, '')), ...inline];
}

/** Each call of vpcast in a document: the command, and the options that follow. */
export function callsIn(
  text: string,
): readonly { readonly command: string; readonly options: readonly string[] }[] {
  return codeLines(text).flatMap((line) => {
    const found = /(?:^|\s|\/)vpcast(?:\.js)? ([a-zA-Z-]+)(.*)$/.exec(line);
    if (found === null) return [];
    const options = [...(found[2] ?? '').matchAll(/(?:^|\s)(--?[a-z][a-z-]*)/g)].map(
      (option) => option[1] ?? '',
    );
    return [{ command: found[1] ?? '', options }];
  });
}

/** As GitHub makes the anchor of a heading. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map((found) => found[1] ?? '');
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** What is wrong with the links of one document. */
export function brokenLinks(document: string): readonly string[] {
  const links = [...withoutBlocks(read(document)).matchAll(/\]\(([^)\s]+)\)/g)].map(
    (found) => found[1] ?? '',
  );
  return links.flatMap((link) => {
    if (/^https?:/.test(link)) return [];
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? document : join(dirname(document), path);
    if (!existsSync(join(ROOT, target))) return [`${document}: ${link} leads nowhere`];
    if (anchor === undefined || statSync(join(ROOT, target)).isDirectory()) return [];
    return anchorsOf(read(target)).has(anchor) ? [] : [`${document}: ${link} has no such heading`];
  });
}
