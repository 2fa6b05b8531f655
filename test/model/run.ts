/**
 * Checks the model of the takeover protocol: `node test/model/run.ts [--trail NAME] [NAME ...]`. Without a name, all
 * cases. Exits with 0 when every property holds and every mutant is caught, 1 when not, 64 for a wrong argument, 69
 * where spin or gcc is missing.
 */
import { parseArgs } from 'node:util';
import { MODEL_CASES } from './cases.ts';
import { checkAll, isAsExpected, toTable } from './report.ts';
import { missingPrograms } from './spin.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { trail: { type: 'string' } },
    allowPositionals: true,
  });
  const names = values.trail === undefined ? positionals : [values.trail];
  const unknown = names.filter((name) => MODEL_CASES.every((each) => each.name !== name));
  if (unknown.length > 0) {
    say(`no case ${unknown.join(', ')}; there are: ${MODEL_CASES.map(({ name }) => name).join(', ')}`);
    return 64;
  }
  const missing = await missingPrograms();
  if (missing.length > 0) {
    say(`missing: ${missing.join(', ')}. As root on Debian: apt-get install ${missing.join(' ')}`);
    return 69;
  }
  const cases = names.length === 0 ? MODEL_CASES : MODEL_CASES.filter(({ name }) => names.includes(name));
  const checked = await checkAll(cases);
  if (values.trail !== undefined) {
    for (const { result } of checked) for (const line of result.trail) process.stdout.write(`${line}\n`);
  }
  process.stdout.write(`${toTable(checked)}\n`);
  for (const { modelCase, result } of checked) {
    if (result.outcome === 'unfinished') say(`${modelCase.name}:\n${result.output}`);
  }
  return checked.every(isAsExpected) ? 0 : 1;
}

function say(text: string): void {
  process.stderr.write(`model: ${text}\n`);
}
