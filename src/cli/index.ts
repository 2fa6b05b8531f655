/**
 * The commands that a person types, and how the agent is put together for a real process. Start reading at
 * `commands/run.ts`.
 */
import { CodedError } from '../lib/coded-error.ts';
import type { Command } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { commandHelp, overview } from './help.ts';
import { type Io, processIo } from './io.ts';
import { type OptionSpec, parseOptions } from './options.ts';
import { VERSION } from './version.ts';

/** Commands are loaded when they are called: `run` alone needs the AWS client, `sandbox` alone the embedded VPC. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./commands/run.ts')).run,
  plan: async () => (await import('./commands/plan.ts')).plan,
  apply: async () => (await import('./commands/apply.ts')).apply,
  validate: async () => (await import('./commands/validate.ts')).validate,
  schema: async () => (await import('./commands/schema.ts')).schema,
  probe: async () => (await import('./commands/probe.ts')).probe,
  sandbox: async () => (await import('./commands/sandbox.ts')).sandbox,
};

const HELP: OptionSpec = { name: 'help', short: 'h', about: 'show this help' };

export { endNow } from './io.ts';

/** Runs the command line of a process and returns its exit code. Never throws. */
export async function main(process: NodeJS.Process): Promise<number> {
  return runCli(processIo(process));
}

async function runCli(io: Io): Promise<ExitCode> {
  const [name, ...rest] = io.argv;
  try {
    if (name === undefined || name === 'help' || name === '--help' || name === '-h')
      return await help(io, rest[0]);
    if (name === '--version' || name === '-V' || name === 'version') {
      io.out(`vpcast ${VERSION}\n`);
      return EXIT.ok;
    }
    const command = await find(name);
    const options = parseOptions(rest, [...command.options, HELP]);
    if (options.switches.has('help')) return await help(io, name);
    return await command.run(io, options);
  } catch (error) {
    return explain(io, error);
  }
}

async function help(io: Io, name: string | undefined): Promise<ExitCode> {
  if (name !== undefined) {
    io.out(commandHelp(await find(name), HELP));
    return EXIT.ok;
  }
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  io.out(overview(commands, VERSION));
  return io.argv.length === 0 ? EXIT.usage : EXIT.ok;
}

async function find(name: string): Promise<Command> {
  const load = COMMANDS[name];
  if (load !== undefined) return load();
  const names = Object.keys(COMMANDS).join(', ');
  throw new CodedError('usage', `no command is called "${name}"; there are: ${names}`);
}

/** An error that has a code is told as a sentence; any other is a bug, and shown whole. */
function explain(io: Io, error: unknown): ExitCode {
  if (!(error instanceof CodedError)) {
    io.err(
      `vpcast: internal error, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    return EXIT.software;
  }
  switch (error.code) {
    case 'config':
      io.err(`${error.message}\n`);
      return EXIT.config;
    case 'usage':
      io.err(`vpcast: ${error.message}\nTry: vpcast --help\n`);
      return EXIT.usage;
    case 'no-input':
      io.err(`vpcast: ${error.message}\n`);
      return EXIT.noInput;
    default:
      io.err(`vpcast: ${error.message}\n`);
      return EXIT.unavailable;
  }
}
