import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { monotonicMs } from './monotonic.ts';

// A script's end of script-child.ts: a JSON value a line, each way.

/** At once, and before it returns: what is told may be the last thing that this process does. */
export function tellParent(message: object): void {
  writeSync(1, `${JSON.stringify(message)}\n`);
}

/** Ends this process when the parent does. */
export function listenToParent<Command extends { readonly type: string }>(
  onCommand: (command: Command) => void,
): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const command = JSON.parse(line) as Command | { readonly type: 'clock' };
    if (command.type === 'clock') tellParent({ type: 'clock', atMs: monotonicMs() });
    else onCommand(command as Command);
  });
  lines.on('close', () => process.exit(0));
}

/** What the parent started this script with. */
export function argument<Argument>(): Argument {
  return JSON.parse(process.argv[2] ?? '{}') as Argument;
}
