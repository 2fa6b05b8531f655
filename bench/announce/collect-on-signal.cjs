/**
 * Loaded into the agent: at SIGUSR2 it collects all garbage, gives back what the heap has beyond what is in use, the young
 * generation's room included, and says so by a line on standard error.
 */
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  process.stderr.write(`heap ${process.memoryUsage().heapUsed}\n`);
});
