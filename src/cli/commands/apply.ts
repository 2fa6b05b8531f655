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

/** How long nothing may succeed: hooks, throttling and lost races included. */
const LIMIT_MS = 60_000;

const HOPELESS = new Set(['unauthorized', 'invalid', 'limit']);
const HOPELESS_WAIT_MS = 1_200;

const MODE: DecideMode = { isDraining: false, checks: 'ignored' };

export const apply: Command = {
  name: 'apply',
  operands: '',
  about: 'carry the plan out once, taking every check as passing, and exit (AWSnycast -oneshot)',
  options: [CONFIG_OPTION, ...LOG_OPTIONS],
  notes: [
    'No check is run. Routes of other holders are still taken only where the configuration lets a backup take them:',
    'a route that is a blackhole, or whose instance EC2 calls impaired or stopped.',
    'The announcer is not looked at: a session that ends with the command would announce nothing.',
    'Exits 0 when everything is as it should be, 69 when EC2 did not let that happen.',
  ],
  run: runApply,
};

async function runApply(io: Io, options: ParsedOptions): Promise<ExitCode> {
  const log = openErrorLog(io, options);
  return withEngine({ io, options, log, isReadOnly: false }, async (oneShot) => {
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

/** Cycles until a plan is empty, nothing has succeeded for a minute, or only a person can mend what is left. */
async function carryOut({ engine, woken, failures }: OneShot): Promise<void> {
  let untilMs = systemClock.now() + LIMIT_MS;
  while (systemClock.now() < untilMs) {
    await engine.refreshStatuses(MODE, AbortSignal.timeout(30_000));
    const report = await engine.cycle(() => MODE, AbortSignal.timeout(LIMIT_MS));
    const toRead = [...report.changed, ...report.raced];
    if (toRead.length > 0) await engine.readTables([...new Set(toRead)], AbortSignal.timeout(30_000));
    if (changesOf(engine.decide(MODE)).length === 0) return;
    if (report.changed.length > 0) untilMs = systemClock.now() + LIMIT_MS;
    const waitMs = (report.retryAtMs ?? untilMs) - systemClock.now();
    const isHopeless = failures().some((failure) => HOPELESS.has(failure.kind));
    // What a person has to mend is tried again after many seconds; all else is due sooner.
    if (isHopeless && report.changed.length === 0 && waitMs > HOPELESS_WAIT_MS) return;
    await woken(Math.min(Math.max(waitMs, 10), untilMs - systemClock.now()));
  }
}
