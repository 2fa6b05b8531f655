/**
 * `npm run simulate:mutants -- [NAME …] [--seeds N]` takes each guard out of the agent in turn and shows that the
 * simulation notices. Exit status 1 where one is not caught within N seeds, or by another invariant than the one meant.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildMutant } from './build-mutant.ts';
import { runCrew } from './crew.ts';
import { MUTANTS, type Mutant } from './mutants.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '3000' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});

// Inside the repository, so that the bundles find its packages.
const folder = mkdtempSync(join(resolve(import.meta.dirname, '../../node_modules'), '.mutants-'));
try {
  const chosen = MUTANTS.filter(
    ({ name, breaks }) =>
      positionals.length === 0 || positionals.some((word) => name.includes(word) || breaks === word),
  );
  let missed = 0;
  for (const mutant of chosen) if (!(await isCaught(mutant))) missed += 1;
  console.log(`${chosen.length - missed} of ${chosen.length} mutants caught`);
  process.exitCode = missed > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}

async function isCaught(mutant: Mutant): Promise<boolean> {
  const file = await buildMutant(mutant, folder);
  const totals = await runCrew({
    file,
    jobs: Number(values.jobs),
    from: 1,
    count: Number(values.seeds),
    isFirstEnough: true,
    unseen: mutant.unseenBy ?? [],
    onProgress: () => {},
  });
  const found = totals.failures.find(({ violation }) => violation.invariant === mutant.breaks);
  const others = totals.failures.map(({ violation }) => violation.invariant);
  const verdict =
    found !== undefined
      ? `caught by ${mutant.breaks} (seed ${found.seed}, ${totals.runs} seeds run)`
      : others.length > 0
        ? `NOT by ${mutant.breaks} but by ${others.join(', ')}`
        : `NOT CAUGHT in ${totals.runs} seeds`;
  console.log(`${mutant.name.padEnd(56)} ${verdict}`);
  return found !== undefined;
}
