import { parse } from 'yaml';
import { type Argv, readArgv, readWords } from '../argv.ts';
import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { text } from '../leaves.ts';
import { labelSpot, missingSpot, valueSpot } from '../tree.ts';
import { kind, nested, type ProbePlace, type ReadProbe } from './kind.ts';

const shape = {
  command: text('the program to run')
    .optional()
    .describe('Program to run; exit status 0 passes. No shell is involved.'),
  arguments: nested.describe('Arguments of `command`; %DESTINATION% in one is replaced.'),
  argv: nested.describe('Program and arguments in one list; instead of `command` and `arguments`.'),
};

type CommandFields = Fields<typeof shape>;

const DESTINATION = '%DESTINATION%';

/** Reads the options of a command check: `command` with `arguments`, or `argv`. */
function readCommand(fields: CommandFields, place: ProbePlace, context: Context): ReadProbe | undefined {
  const { report } = context;
  const [argvAt, commandAt] = [fields.child('argv'), fields.child('command')];
  const old = commandAt ?? fields.child('arguments');
  if (argvAt !== undefined && old !== undefined) {
    report.problem(
      labelSpot(old),
      'conflict',
      'stands beside argv; write either argv, or command and arguments',
    );
  }
  const argv = argvAt === undefined ? readOldArgv(fields, context) : readOwnArgv(fields, context);
  if (argv === undefined) return undefined;
  const hasPlace = argv.some((word) => word.includes(DESTINATION));
  if (hasPlace && !place.isTemplate && place.destination === undefined) {
    const message = `missing; write an IP address or a host name, since an argument has ${DESTINATION}`;
    report.problem(missingSpot(fields.cursor, 'destination'), 'missing-key', message);
  }
  return { probe: { type: 'command', argv }, asks: 'optional' };
}

function readOwnArgv(fields: CommandFields, { report }: Context): Argv | undefined {
  const child = fields.child('argv');
  if (child?.node.kind === 'list' && child.node.items.length === 0) {
    report.problem(valueSpot(child), 'wrong-value', 'got an empty list; write the program and its arguments');
    return undefined;
  }
  return readArgv(child, report);
}

function readOldArgv(fields: CommandFields, context: Context): Argv | undefined {
  const commandAt = fields.child('command');
  if (commandAt === undefined) {
    const message = 'missing; write the program to run (or argv: a program and its arguments)';
    context.report.problem(missingSpot(fields.cursor, 'command'), 'missing-key', message);
  }
  const command = fields.read('command');
  const words = readArguments(fields, context);
  if (command === undefined || commandAt === undefined) return undefined;
  if (/\s/.test(command) && words.length === 0) {
    const message =
      'has a space, and no shell splits it; write argv: a list of the program and its arguments';
    context.report.warn(valueSpot(commandAt), 'no-effect', message);
  }
  return [command, ...words];
}

/** AWSnycast also takes the text of a YAML list. */
function readArguments(fields: CommandFields, { report }: Context): readonly string[] {
  const child = fields.child('arguments');
  const node = child?.node;
  const text = node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
  const inner = text === undefined || !text.trimStart().startsWith('[') ? undefined : parseWords(text);
  if (child === undefined || inner === undefined)
    return readWords(child, report, 'write a list of arguments: [-c, 1]') ?? [];
  report.warn(valueSpot(child), 'deprecated', 'a list within quotes; leave the quotes out');
  return inner;
}

function parseWords(text: string): readonly string[] | undefined {
  try {
    const value: unknown = parse(text, { schema: 'failsafe', logLevel: 'silent' });
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

export const command = kind(shape, readCommand);
