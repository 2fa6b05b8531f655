import type { AgentSpec } from '../../agent/index.ts';
import type { CheckSpec, ProbeOutcome } from '../../checks/index.ts';
import { neededVariables } from '../../config/index.ts';
import { CodedError } from '../../lib/coded-error.ts';
import { systemClock } from '../../lib/system-clock.ts';
import { CONFIG_OPTION, type Command } from '../command.ts';
import { openProbe, prepareProbes } from '../compose.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { compileConfig, configFile, identify, instanceFacts, openImds, readConfig } from '../load.ts';
import { type ParsedOptions, wholeNumber } from '../options.ts';

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
  const target = openProbe(check);
  const outcomes: ProbeOutcome[] = [];
  const stop = new AbortController();
  const off = io.onSignal('SIGINT', () => stop.abort());
  io.out(`${check.name}: ${check.probe.type} ${check.destination}, timeout ${check.timeoutMs} ms\n`);
  for (let turn = 1; turn <= count && !stop.signal.aborted; turn += 1) {
    const startedMs = systemClock.now();
    const outcome = await target.attempt(check.timeoutMs, stop.signal);
    outcomes.push(outcome);
    io.out(`${outcomeLine(turn, outcome)}\n`);
    if (turn < count) await pause(check.everyMs - (systemClock.now() - startedMs), stop.signal);
  }
  off();
  await target.close();
  const passed = outcomes.filter((outcome) => outcome.ok).length;
  if (count > 1) io.out(`${passed} of ${outcomes.length} passed\n`);
  return passed === outcomes.length ? EXIT.ok : EXIT.failed;
}

/** Asks the instance who it is only where the configuration depends on it. */
async function loadSpec(io: Io, options: ParsedOptions): Promise<AgentSpec> {
  const source = await readConfig(io, configFile(io, options));
  const needsInstance = [...neededVariables(source.text)].length > 0;
  if (!needsInstance) return compileConfig(io, source, 'placeholder').spec;
  const imds = openImds(io);
  try {
    const signal = AbortSignal.timeout(10_000);
    const identity = await identify(imds, 2, signal);
    return compileConfig(io, source, await instanceFacts(imds, identity, source.text, signal)).spec;
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
