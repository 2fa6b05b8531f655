import type { Command } from './command.ts';
import type { OptionSpec } from './options.ts';

/** What `vpcast --help` prints. */
export function overview(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map((command) => usage(command).length)) + 3;
  const lines = commands.map((command) => `  ${usage(command).padEnd(width)}${command.about}`);
  return [
    `vpcast ${version}: keeps VPC routes on instances that are healthy`,
    '',
    'Usage: vpcast COMMAND [OPTION ...]',
    '',
    ...lines,
    '',
    'vpcast COMMAND --help tells the options of a command. Exit codes are those of sysexits(3): 64 usage,',
    '66 no such file, 69 AWS not reachable, 70 a bug, 78 configuration; 2 is "plan has changes".',
    '',
  ].join('\n');
}

/** What `vpcast COMMAND --help` prints. */
export function commandHelp(command: Command, help: OptionSpec): string {
  const options = [...command.options, help];
  const width = Math.max(...options.map((option) => optionUsage(option).length)) + 3;
  const lines = options.map((option) => `  ${optionUsage(option).padEnd(width)}${option.about}`);
  const notes = command.notes === undefined ? [] : ['', ...command.notes];
  return [
    `Usage: vpcast ${usage(command)} [OPTION ...]`,
    '',
    sentence(command.about),
    '',
    ...lines,
    ...notes,
    '',
  ].join('\n');
}

function usage(command: Command): string {
  return command.operands === '' ? command.name : `${command.name} ${command.operands}`;
}

function optionUsage(option: OptionSpec): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  return `${short}--${option.name}${option.value === undefined ? '' : ` ${option.value}`}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
