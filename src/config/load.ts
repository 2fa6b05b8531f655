import type { AgentSpec } from '../agent/index.ts';
import { compile } from './compile.ts';
import { readDocument } from './document.ts';
import { createReport, type Problem } from './problems.ts';
import { instanceFactsIn, substitute } from './substitute.ts';
import type { Variables } from './variables.ts';

export interface ConfigSource {
  readonly text: string;
  /** What to call the document in problems: its path, `ssm:/…`, or `-`. */
  readonly file: string;
  readonly variables: Variables;
  /** The content of a text file that the config names (certificates, keys); throws where it cannot be read. */
  readonly readFile: (path: string) => string;
}

export type LoadedConfig =
  | { readonly ok: true; readonly spec: AgentSpec; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/**
 * Reads a config (YAML 1.2 or JSON), with all its problems at once, in the order of the text. Never throws. With
 * `placeholder` for the instance, parts whose values only a tag can tell may be missing from the spec.
 */
export function loadConfig({ text, file, variables, readFile }: ConfigSource): LoadedConfig {
  const report = createReport(file);
  const document = readDocument(text, report);
  const root = document === undefined ? undefined : substitute(document, variables, report);
  const spec = root === undefined ? undefined : compile(root, { report, readFile });
  const [problems, warnings] = [report.problems(), report.warnings()];
  if (spec === undefined || problems.length > 0) return { ok: false, problems, warnings };
  return { ok: true, spec, warnings };
}

/**
 * Which facts of the instance the text uses: `instance_id`, `az`, `region`, `vpc_id`, `subnet_id`, `local_ipv4`,
 * `tag:KEY`. Empty where the text cannot be read; `loadConfig` tells why.
 */
export function neededVariables(text: string): ReadonlySet<string> {
  const root = readDocument(text, createReport(''));
  return root === undefined ? new Set() : instanceFactsIn(root);
}
