import { type Compiled, compile } from './compile.ts';
import { type DocumentSource, readDocuments } from './include.ts';
import { createReport, type Problem } from './problems.ts';
import { instanceFactsIn, substitute } from './substitute.ts';
import type { Node } from './tree.ts';
import type { Variables } from './variables.ts';

/** `file` is what to call the main document in problems: its path, `ssm:/…`, or `stdin`. */
export interface ConfigSource extends DocumentSource {
  readonly variables: Variables;
  /** The content of a text file that the config names (certificates, keys); throws where it cannot be read. */
  readonly readFile: (path: string) => string;
}

export type LoadedConfig =
  | ({ readonly ok: true; readonly warnings: readonly Problem[] } & Compiled)
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/**
 * Reads a config (YAML 1.2 or JSON), with all its problems at once, in the order of the text. Never throws. With
 * `placeholder` for the instance, parts whose values only a tag can tell may be missing from the spec.
 */
export function loadConfig(source: ConfigSource): LoadedConfig {
  const report = createReport(source.file);
  const written = readDocuments(source, report);
  const fill = (root: Node): Node => substitute(root, source.variables, report);
  const documents =
    written === undefined
      ? undefined
      : { ...written, main: fill(written.main), included: written.included.map(fill) };
  const { readFile } = source;
  const compiled = documents === undefined ? undefined : compile(documents, { report, readFile });
  const [problems, warnings] = [report.problems(), report.warnings()];
  if (compiled === undefined || problems.length > 0) return { ok: false, problems, warnings };
  return { ok: true, ...compiled, warnings };
}

/**
 * Which facts of the instance the documents use: `instance_id`, `az`, `region`, `vpc_id`, `subnet_id`, `local_ipv4`,
 * `tag:KEY`. Empty where the main one cannot be read; `loadConfig` tells why.
 */
export function neededVariables(source: DocumentSource): ReadonlySet<string> {
  const documents = readDocuments(source, createReport(source.file));
  const roots = documents === undefined ? [] : [documents.main, ...documents.included];
  return new Set(roots.flatMap((root) => [...instanceFactsIn(root)]));
}
