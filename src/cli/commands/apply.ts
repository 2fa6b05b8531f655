import type { DecideMode } from '../../agent/index.ts';
import { CodedError } from '../../lib/coded-error.ts';
import { systemClock } from '../../lib/system-clock.ts';
import { CONFIG_OPTION, type Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { LOG_OPTIONS, openErrorLog } from '../logging.ts';
import { changesOf, type OneShot, readOnce, withEngine } from '../oneshot.ts';
import type { ParsedOptions } from '../options.ts';
import { planText } from '../plan-text.ts';

/** Hooks, throttling and lost races included. */
const LIMIT_MS = 60_000;

const MODE: DecideMode = { isDraining: false, checks: 'ignored' };

export const apply: Command = {
  name: 'apply',
  operands: '',
  about: 'carry the plan out once, taking every check as passing, and exit (AWSnycast -oneshot)',
  options: [CONFIG_OPTION, ...LOG_OPTIONS],
  notes: [
    'No check is run. Routes of other holders are still taken only where the configuration lets a backup take them:',
    'a route that is a blackhole, or whose instance EC2 calls impaired or stopped.',
    'Exits 0 when everything is as it should be, 69 when EC2 did not let that happen.',
  ],
  run: runApply,
};

async function runApply(io: Io, options: ParsedOptions): Promise<ExitCode> {
  const log = openErrorLog(io, options);
  return withEngine({ io, options, log, runsHooks: true }, async (oneShot) => {
    const { engine } = oneShot;
    await readOnce(oneShot, MODE);
    io.out(planText(engine.decide(MODE), engine.routes(), io.isColored));
    await carryOut(oneShot);
    const left = changesOf(engine.decide(MODE));
    if (left.length === 0) return EXIT.ok;
    const why = oneShot.failures().at(-1);
    const reason = why === undefined ? 'they were not finished in time' : `${why.code}: ${why.message}`;
    throw new CodedError('unavailable', `${left.length} changes were not made: ${reason}`);
  });
}

/** Cycles until a plan is empty, the time is up, or EC2 refuses what only a person can mend. */
async function carryOut({ engine, woken, failures }: OneShot): Promise<void> {
  const untilMs = systemClock.now() + LIMIT_MS;
  while (systemClock.now() < untilMs) {
    const report = await engine.cycle(() => MODE, AbortSignal.timeout(LIMIT_MS));
    const toRead = [...report.changed, ...report.raced];
    if (toRead.length > 0) await engine.readTables([...new Set(toRead)], AbortSignal.timeout(30_000));
    if (changesOf(engine.decide(MODE)).length === 0) return;
    const isHopeless = failures().some((failure) =>
      ['unauthorized', 'invalid', 'limit'].includes(failure.kind),
    );
    if (isHopeless) return;
    const waitMs = (report.retryAtMs ?? untilMs) - systemClock.now();
    await woken(Math.min(Math.max(waitMs, 10), untilMs - systemClock.now()));
  }
}
