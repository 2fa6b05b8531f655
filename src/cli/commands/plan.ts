import type { DecideMode } from '../../agent/index.ts';
import { type DecidedPrefix, type DecidedRoute, decideAnnouncements, healthOf } from '../../core/index.ts';
import { systemClock } from '../../lib/system-clock.ts';
import { announcementsJson, announcementsText } from '../announcements-text.ts';
import { CONFIG_OPTION, type Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { LOG_OPTIONS, openErrorLog } from '../logging.ts';
import { changesOf, type OneShot, readOnce, withEngine } from '../oneshot.ts';
import { type ParsedOptions, wholeNumber } from '../options.ts';
import { planJson, planText } from '../plan-text.ts';

const SETTLE_SEC = 60;

export const plan: Command = {
  name: 'plan',
  operands: '',
  about: 'show what run would change now, and why, without changing anything',
  options: [
    CONFIG_OPTION,
    { name: 'ignore-checks', about: 'take every check as passing, as apply does' },
    {
      name: 'timeout',
      value: 'SECONDS',
      about: `how long checks may take to settle (default: ${SETTLE_SEC})`,
    },
    { name: 'json', about: 'print JSON' },
    ...LOG_OPTIONS,
  ],
  notes: [
    'Runs the checks until each is healthy or unhealthy (rise and fall count), then decides once.',
    'Exits 0 when no route would change, 2 when one would. Prefixes of the announcer are shown as run would announce',
    'them; no BGP session is opened to compare, so they never count as changes.',
  ],
  run: runPlan,
};

async function runPlan(io: Io, options: ParsedOptions): Promise<ExitCode> {
  const timeoutMs = wholeNumber(options.values.timeout ?? String(SETTLE_SEC), '--timeout', 1) * 1_000;
  const isIgnoring = options.switches.has('ignore-checks');
  const mode: DecideMode = { isDraining: false, checks: isIgnoring ? 'ignored' : 'heeded' };
  const log = openErrorLog(io, options);
  return withEngine({ io, options, log, isReadOnly: true }, async (oneShot) => {
    const { engine, spec } = oneShot;
    if (!isIgnoring) engine.setSpec(spec);
    await readOnce(oneShot, mode);
    if (!isIgnoring) await settle(oneShot, mode, timeoutMs);
    const unsettled = isIgnoring ? [] : unsettledIn(oneShot);
    if (unsettled.length > 0)
      io.err(
        `warning: not settled in time, so nothing is planned on their account: ${unsettled.join(', ')}\n`,
      );
    const decided = engine.decide(mode);
    const text = options.switches.has('json') ? jsonOf : textOf;
    io.out(text(oneShot, { decided, prefixes: prefixesOf(oneShot, mode), isColored: io.isColored }));
    return changesOf(decided).length > 0 ? EXIT.changes : EXIT.ok;
  });
}

interface Planned {
  readonly decided: readonly DecidedRoute[];
  readonly prefixes: readonly DecidedPrefix[];
  readonly isColored: boolean;
}

/** What run would announce if it had announced nothing yet. */
function prefixesOf({ engine, spec }: OneShot, { checks }: DecideMode): readonly DecidedPrefix[] {
  const lookup = (name: string) => engine.health.lookup(name);
  return decideAnnouncements(spec.announcer?.routes ?? [], {
    healthOf: (expression) => (checks === 'ignored' ? 'healthy' : healthOf(expression, lookup)),
    phase: { kind: 'serving' },
  });
}

function jsonOf({ engine, spec: { announcer } }: OneShot, { decided, prefixes }: Planned): string {
  const announcements = announcer === undefined ? [] : announcementsJson(announcer, prefixes);
  return planJson(decided, engine.routes(), announcements);
}

function textOf({ engine, spec }: OneShot, { decided, prefixes, isColored }: Planned): string {
  const { announcer, tableGroups } = spec;
  const blocks = [
    ...(tableGroups.length > 0 || announcer === undefined
      ? [planText(decided, engine.routes(), isColored)]
      : []),
    ...(announcer === undefined ? [] : [announcementsText(announcer, prefixes, isColored)]),
  ];
  return blocks.join('\n');
}

/** Waits until no check is unknown any more, the remote ones of the present holders included. */
async function settle(oneShot: OneShot, mode: DecideMode, timeoutMs: number): Promise<void> {
  const { engine, woken } = oneShot;
  const untilMs = systemClock.now() + timeoutMs;
  while (unsettledIn(oneShot).length > 0 && systemClock.now() < untilMs) {
    await woken(Math.max(untilMs - systemClock.now(), 0));
  }
  // What EC2 says of the holders is asked last: it must be fresh when it counts.
  await engine.poll(mode, { signal: AbortSignal.timeout(30_000) });
}

/** Checks that have neither passed nor failed often enough yet. */
function unsettledIn({ engine }: OneShot): readonly string[] {
  return engine.health.checks().flatMap(({ key, health }) => (health === 'unknown' ? [key] : []));
}
