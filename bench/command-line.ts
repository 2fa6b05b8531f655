/** What `npm run bench -- …` was asked for. */
export interface BenchRequest {
  /** In the order in which the benches run. */
  readonly names: readonly string[];
  readonly isQuick: boolean;
  readonly isJson: boolean;
  readonly isList: boolean;
}

export type ParsedRequest =
  | { readonly ok: true; readonly request: BenchRequest }
  | { readonly ok: false; readonly problem: string };

export const USAGE = 'npm run bench -- [NAME ...] [--quick] [--json] [--list]';

/** No name: all benches. A name that is given twice runs once. */
export function parseRequest(args: readonly string[], known: readonly string[]): ParsedRequest {
  const flags = new Set(args.filter((arg) => arg.startsWith('-')));
  const named = new Set(args.filter((arg) => !arg.startsWith('-')));
  const strange = [...flags].find((flag) => !['--quick', '--json', '--list'].includes(flag));
  if (strange !== undefined) return { ok: false, problem: `unknown option ${strange}; ${USAGE}` };
  const missing = [...named].find((name) => !known.includes(name));
  if (missing !== undefined) {
    return { ok: false, problem: `there is no bench ${missing}; one of: ${known.join(', ')}` };
  }
  return {
    ok: true,
    request: {
      names: named.size === 0 ? known : known.filter((name) => named.has(name)),
      isQuick: flags.has('--quick'),
      isJson: flags.has('--json'),
      isList: flags.has('--list'),
    },
  };
}
