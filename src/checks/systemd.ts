import type { Clock } from '../lib/clock.ts';
import { type CommandResult, runCommand } from '../lib/run-command.ts';
import { commandTrouble, lastLineOf } from './command-trouble.ts';
import type { Probe } from './probe.ts';
import type { SystemdSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

export interface SystemdProbeOptions {
  readonly spec: SystemdSpec;
  readonly clock: Clock;
}

const PROGRAM = 'systemctl';
const STDOUT_BYTES = 65_536;

/** A unit that only takes new settings meanwhile: `systemctl is-active` passes it too. */
const STILL_ACTIVE: ReadonlySet<string> = new Set(['reloading', 'refreshing']);

/** Passes while systemd says that the unit is in the state. */
export function systemdProbe({ spec, clock }: SystemdProbeOptions): Probe {
  // What follows `--` is no option, whatever it begins with.
  const argv = [PROGRAM, 'show', '--property=LoadState,ActiveState,SubState', '--', spec.unit];
  return {
    async attempt(timeoutMs, signal) {
      const result = await runCommand({ argv, timeoutMs, signal, clock, stdoutBytes: STDOUT_BYTES });
      const { reason, detail } = judgeShown(spec, result);
      return { ok: reason === 'passed', reason, latencyMs: result.durationMs, detail };
    },
    // The runner's signal has killed what runs; nothing outlives an attempt.
    close: () => Promise.resolve(),
  };
}

/** What `systemctl show` said of the unit. */
export function judgeShown({ unit, state }: SystemdSpec, result: CommandResult): Verdict {
  const trouble = commandTrouble(PROGRAM, result);
  if (trouble !== undefined) return trouble;
  if (result.status === 'exited' && result.code !== 0) return verdictOfExit(result.code, result.output);
  const shown = new Map((result.stdout ?? '').split('\n').map(propertyOf));
  const active = shown.get('ActiveState');
  if (active === undefined || active === '') {
    return { reason: 'protocol-error', detail: `${PROGRAM} did not say how ${unit} is` };
  }
  const load = shown.get('LoadState');
  if (load === 'not-found') return { reason: 'not-found', detail: `systemd knows no unit ${unit}` };
  if (active === state || (state === 'active' && STILL_ACTIVE.has(active))) return { reason: 'passed' };
  const loaded = load === undefined || load === 'loaded' ? '' : `, ${load}`;
  const detail = `${unit} is ${active} (${shown.get('SubState') ?? '?'}${loaded}), not ${state}`;
  return { reason: 'inactive', detail };
}

function propertyOf(line: string): readonly [string, string] {
  const sign = line.indexOf('=');
  return sign < 0 ? [line, ''] : [line.slice(0, sign), line.slice(sign + 1).trim()];
}

function verdictOfExit(code: number, output: string): Verdict {
  if (/not been booted with systemd|connect to bus/i.test(output)) {
    const [first = ''] = output.split('\n');
    return { reason: 'unreachable', detail: `no systemd answers here: ${first.slice(0, 200)}` };
  }
  const isDenied = /denied|not permitted|authentication required/i.test(output);
  const reason = isDenied ? 'not-permitted' : 'exit-status';
  return { reason, detail: `${PROGRAM} exited with ${code}: ${lastLineOf(output)}` };
}
