import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Plays the story without a person and ends. */
  readonly isOnce: boolean;
  /** Prints the measured steps as JSON, and nothing else, to standard output. */
  readonly isJson: boolean;
}

export const USAGE = `usage: npm run demo -- [--once] [--json]

  --once   play the story, end, and exit with 1 if a step did not happen within its bound
  --json   as --once, with the measured steps as JSON on standard output
`;

/** Undefined: not understood, or help was asked for. */
export function parseOptions(argv: readonly string[]): DemoOptions | undefined {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { once: { type: 'boolean' }, json: { type: 'boolean' } },
    });
    const isJson = values.json === true;
    return { isOnce: isJson || values.once === true, isJson };
  } catch {
    return undefined;
  }
}
