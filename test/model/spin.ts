import { spawn } from 'node:child_process';
import { access, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelCase } from './cases.ts';

const MODEL = join(import.meta.dirname, 'takeover.pml');
const PAN_MEMORY_MB = 1_800;
/** How deep to search. A mutant is sought near the start first: its trail is shorter, and it is found sooner. */
const PAN_DEPTHS = { property: [1_000_000], mutant: [200, 1_000] } as const;

/** What a search came to. `violated`: the property fails, and `trail` is how. */
export interface ModelResult {
  readonly outcome: 'holds' | 'violated' | 'unfinished';
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly tookMs: number;
  /** In words, a step a line; empty where there is none. */
  readonly trail: readonly string[];
  /** pan's own words where the search did not come to an end. */
  readonly output: string;
}

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** The programs that are not there, of those that are needed. */
export async function missingPrograms(): Promise<readonly string[]> {
  const programs = [
    { name: 'spin', args: ['-V'] },
    { name: 'gcc', args: ['--version'] },
  ];
  const found = await Promise.all(
    programs.map(async ({ name, args }) => (await run(name, args, tmpdir()))?.status === 0),
  );
  return programs.flatMap(({ name }, index) => (found[index] === true ? [] : [name]));
}

/** Builds the model for one case and searches all of it. Throws where spin or gcc fails: that is a fault of the model. */
export async function check(modelCase: ModelCase): Promise<ModelResult> {
  const folder = await mkdtemp(join(tmpdir(), 'vpcast-model-'));
  try {
    return await search(modelCase, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function search(modelCase: ModelCase, folder: string): Promise<ModelResult> {
  await copyFile(MODEL, join(folder, 'model.pml'));
  const switches = modelCase.switches.map((each) => `-D${each}`);
  await must('spin', [...switches, '-a', 'model.pml'], folder);
  // A mutant is caught soon: it is not worth the compiler's time.
  const level = modelCase.kind === 'mutant' ? '-O0' : '-O1';
  const kind = modelCase.isLiveness ? [] : ['-DSAFETY'];
  const limits = ['-DNOFAIR', `-DMEMLIM=${PAN_MEMORY_MB}`];
  await must('gcc', [level, '-w', ...kind, ...limits, '-o', 'pan', 'pan.c'], folder);
  const startMs = performance.now();
  const output = await searchTo(PAN_DEPTHS[modelCase.kind], modelCase, folder);
  const tookMs = performance.now() - startMs;
  const hasTrail = await exists(join(folder, 'model.pml.trail'));
  const trail = hasTrail ? await inWords(switches, folder) : [];
  return { ...toFigures(output), tookMs, trail, output };
}

/** pan's report of the first of these depths at which something is found, else of the last. */
async function searchTo(
  depths: readonly number[],
  { isLiveness }: ModelCase,
  folder: string,
): Promise<string> {
  let report = '';
  for (const depth of depths) {
    const args = [`-m${depth}`, '-n', ...(isLiveness ? ['-a'] : [])];
    report = (await must(join(folder, 'pan'), args, folder)).output;
    if (toFigures(report).outcome === 'violated') break;
  }
  return report;
}

/** The model's own lines for people. */
async function inWords(switches: readonly string[], folder: string): Promise<readonly string[]> {
  const { output } = await must('spin', [...switches, '-t', '-T', 'model.pml'], folder);
  return output
    .split('\n')
    .map((line) => line.trimStart())
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2).trimEnd());
}

function toFigures(output: string): Pick<ModelResult, 'outcome' | 'states' | 'transitions' | 'depth'> {
  const figure = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? 0);
  const errors = /errors: (\d+)/.exec(output)?.[1];
  const isCut = /Search not completed|max search depth too small|out of memory/.test(output);
  const isUnfinished = errors === undefined || (errors === '0' && isCut);
  return {
    outcome: isUnfinished ? 'unfinished' : errors === '0' ? 'holds' : 'violated',
    states: figure(/([\d.e+]+) states, stored/),
    transitions: figure(/([\d.e+]+) transitions/),
    depth: figure(/depth reached (\d+)/),
  };
}

async function must(program: string, args: readonly string[], folder: string): Promise<Ended> {
  const ended = await run(program, args, folder);
  if (ended?.status === 0) return ended;
  throw new Error(`${program} ${args.join(' ')} failed:\n${ended?.output ?? 'it is not there'}`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Undefined where the program can't be started. */
function run(program: string, args: readonly string[], cwd: string): Promise<Ended | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', () => resolve(undefined));
    child.on('close', (status) => resolve({ status, output }));
  });
}
