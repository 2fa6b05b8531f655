import type { ExitCode } from './exit-codes.ts';
import type { Io } from './io.ts';
import type { OptionSpec, ParsedOptions } from './options.ts';

/** A command that a person types. */
export interface Command {
  readonly name: string;
  /** Operands as help shows them, e.g. `CHECK`. */
  readonly operands: string;
  readonly about: string;
  readonly options: readonly OptionSpec[];
  /** What help says below the options. */
  readonly notes?: readonly string[];
  run(io: Io, options: ParsedOptions): Promise<ExitCode>;
}

export const CONFIG_OPTION: OptionSpec = {
  name: 'config',
  short: 'c',
  value: 'FILE',
  about:
    'configuration: a file, ssm:NAME, or - for standard input (default: $VPCAST_CONFIG, else /etc/vpcast.yaml)',
};
