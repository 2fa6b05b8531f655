/** Starts a process that would run for ever on the same output, under a guard, and says so. */
import { spawn } from 'node:child_process';
import { Guard } from '../../support/story/guard.ts';
import { Processes } from '../../support/story/processes.ts';

const [folder = ''] = process.argv.slice(2);
const guard = new Guard();
guard.folder(folder);
const sleeper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'inherit' });
guard.started(sleeper.pid ?? 0);
// One that has ended is off the list: its number may be another's by then.
const short = await new Processes(guard).start({
  name: 'short',
  script: process.execPath,
  isProgram: true,
  args: ['-e', ''],
  env: {},
  onLine: () => undefined,
});
while (short.isRunning()) await new Promise((resolve) => setImmediate(resolve));
console.log('ready');
