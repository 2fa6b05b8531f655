import type { AgentDeps, AgentSpec } from '../../agent/index.ts';
import type { CheckSpec, ProbeOutcome, ReadSourceDestCheck } from '../../checks/index.ts';
import { CodedError } from '../../lib/coded-error.ts';
import { systemClock } from '../../lib/system-clock.ts';
import { CONFIG_OPTION, type Command } from '../command.ts';
import { lateEc2, openProbe, prepareProbes } from '../compose.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import {
  compileConfig,
  configFile,
  identify,
  instanceFacts,
  neededFacts,
  openImds,
  readConfig,
} from '../load.ts';
import { type ParsedOptions, wholeNumber } from '../options.ts';
import { sourceDestCheckReader } from '../source-dest-check.ts';

export const probe: Command = {
  name: 'probe',
  operands: 'CHECK',
  about: 'run one check of the configuration and show each outcome',
  options: [
    CONFIG_OPTION,
    { name: 'count', short: 'n', value: 'N', about: 'how many probes (default: 1)' },
    { name: 'destination', value: 'ADDRESS', about: 'whom to probe; needed for a remote check' },
  ],
  notes: ['Changes nothing. Exits 0 when every probe passed, else 1.'],
  run: runProbe,
};

async function runProbe(io: Io, options: ParsedOptions): Promise<ExitCode> {
  const name = options.operands[0];
  if (name === undefined) throw new CodedError('usage', 'probe wants the name of a check');
  const count = wholeNumber(options.values.count ?? '1', '--count', 1);
  const spec = await loadSpec(io, options);
  const check = findCheck(spec, name, options.values.destination);
  prepareProbes([check]);
  const own = ownSourceDestCheck(io, spec);
  const target = openProbe(check, { readSourceDestCheck: own.read });
  const outcomes: ProbeOutcome[] = [];
  const stop = new AbortController();
  const off = io.onSignal('SIGINT', () => stop.abort());
  const what = `${check.probe.type} ${check.destination}`.trimEnd();
  io.out(`${check.name}: ${what}, timeout ${check.timeoutMs} ms\n`);
  for (let turn = 1; turn <= count && !stop.signal.aborted; turn += 1) {
    const startedMs = systemClock.now();
    const outcome = await target.attempt(check.timeoutMs, stop.signal);
    outcomes.push(outcome);
    io.out(`${outcomeLine(turn, outcome)}\n`);
    if (turn < count) await pause(check.everyMs - (systemClock.now() - startedMs), stop.signal);
  }
  off();
  await target.close();
  await own.close();
  const passed = outcomes.filter((outcome) => outcome.ok).length;
  if (count > 1) io.out(`${passed} of ${outcomes.length} passed\n`);
  return passed === outcomes.length ? EXIT.ok : EXIT.failed;
}

/** As the agent reads it for nat checks; the instance is asked who it is, and EC2, when that is first wanted. */
function ownSourceDestCheck(
  io: Io,
  spec: AgentSpec,
): { readonly read: ReadSourceDestCheck; close(): Promise<void> } {
  const open = async () => {
    const imds = openImds(io);
    const identity = await identify(imds, 1, AbortSignal.timeout(3_000)).finally(() => imds.close());
    const ec2 = lateEc2(spec, () => identity);
    const describeInterfaces: AgentDeps['describeInterfaces'] = async (query, signal) =>
      (await ec2.deps()).describeInterfaces(query, signal);
    const { instanceId } = identity;
    const reading = { spec: () => spec, instanceId, describeInterfaces, clock: systemClock };
    return { read: sourceDestCheckReader(reading), close: ec2.close };
  };
  let opening: ReturnType<typeof open> | undefined;
  return {
    read: async (signal) => {
      if (spec.tableGroups.length === 0) return undefined;
      opening ??= open();
      return (await opening).read(signal);
    },
    close: async () => (await opening?.catch(() => undefined))?.close(),
  };
}

/** Asks the instance who it is only where the configuration depends on it. */
async function loadSpec(io: Io, options: ParsedOptions): Promise<AgentSpec> {
  const source = await readConfig(io, configFile(io, options));
  const needed = neededFacts(io, source);
  if (needed.size === 0) return compileConfig(io, source, 'placeholder').spec;
  const imds = openImds(io);
  try {
    const signal = AbortSignal.timeout(10_000);
    const identity = await identify(imds, 2, signal);
    return compileConfig(io, source, await instanceFacts(imds, identity, needed, signal)).spec;
  } finally {
    await imds.close();
  }
}

function findCheck(spec: AgentSpec, name: string, destination: string | undefined): CheckSpec {
  const local = spec.checks.find((check) => check.name === name);
  if (local !== undefined) return destination === undefined ? local : { ...local, destination };
  const template = spec.remoteChecks.find((check) => check.name === name);
  if (template === undefined) {
    const names = [...spec.checks, ...spec.remoteChecks].map((check) => check.name);
    throw new CodedError('usage', `no check is called "${name}"; there are: ${names.join(', ') || 'none'}`);
  }
  if (destination === undefined) {
    throw new CodedError('usage', `${name} is a remote check: say whom to probe with --destination ADDRESS`);
  }
  return { ...template, destination };
}

function outcomeLine(turn: number, outcome: ProbeOutcome): string {
  const detail = outcome.detail === undefined ? '' : `  ${outcome.detail}`;
  return `${String(turn).padStart(3)}  ${outcome.ok ? 'pass' : 'FAIL'}  ${outcome.latencyMs.toFixed(3)} ms  ${outcome.reason}${detail}`;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = systemClock.after(ms, resolve);
    const stop = (): void => {
      timer.cancel();
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
