import { type AgentSpec, type DecideMode, Engine } from '../agent/index.ts';
import type { AwsFailure } from '../aws/index.ts';
import type { DecidedRoute } from '../core/index.ts';
import { CodedError } from '../lib/coded-error.ts';
import { systemClock } from '../lib/system-clock.ts';
import type { Log } from '../telemetry/index.ts';
import { compose } from './compose.ts';
import type { Io } from './io.ts';
import {
  compileConfig,
  configFile,
  identify,
  instanceFacts,
  neededFacts,
  needsIdentity,
  openImds,
  readConfig,
} from './load.ts';
import { reporter } from './logging.ts';
import type { ParsedOptions } from './options.ts';
import { refusalMessage } from './refusal.ts';

/** An engine without a loop, and what belongs to it. */
export interface OneShot {
  readonly spec: AgentSpec;
  readonly region: string;
  readonly engine: Engine;
  /** Resolves at the next reason to look again: a check changed, a hook ended. */
  woken(withinMs: number): Promise<void>;
  /** The AWS calls that failed so far. */
  failures(): readonly AwsFailure[];
}

export interface OneShotOptions {
  readonly io: Io;
  readonly options: ParsedOptions;
  readonly log: Log;
  readonly isReadOnly: boolean;
}

/** Opens an engine for a command that looks or acts once, and closes everything after `use`. */
export async function withEngine<T>(
  { io, options, log, isReadOnly }: OneShotOptions,
  use: (oneShot: OneShot) => Promise<T>,
): Promise<T> {
  const source = await readConfig(io, configFile(io, options));
  const draft = compileConfig(io, source, 'placeholder').spec;
  const imds = openImds(io);
  const failures: AwsFailure[] = [];
  const report = reporter(log);
  try {
    const signal = AbortSignal.timeout(15_000);
    const identity = needsIdentity(io, source, draft) ? await identify(imds, 3, signal) : undefined;
    const facts = identity && (await instanceFacts(imds, identity, neededFacts(io, source), signal));
    const { spec } = compileConfig(io, source, facts);
    const bell = createBell();
    const { deps, close } = compose({
      io,
      spec,
      identity: () => identity,
      imds,
      isReadOnly,
      report(event) {
        if (event.type === 'api-failing') failures.push(event.failure);
        report(event);
      },
    });
    const { ring } = bell;
    const engine = new Engine(spec, { deps, onHealth: ring, onWake: ring, onDoubt: ring });
    try {
      return await use({
        spec,
        region: spec.aws.region ?? identity?.region ?? '',
        engine,
        woken: bell.heard,
        failures: () => failures,
      });
    } finally {
      await engine.health.close();
      await close();
    }
  } finally {
    await imds.close();
  }
}

/**
 * Reads tables, interfaces and holders, trying for 10 s. Throws CodedError `unavailable` when EC2 can't be read, and
 * `config` when the interface would drop routed traffic.
 */
export async function readOnce({ engine, failures, region }: OneShot, mode: DecideMode): Promise<void> {
  const untilMs = systemClock.now() + 10_000;
  for (;;) {
    const retryAtMs = await engine.poll(mode, { signal: AbortSignal.timeout(30_000) });
    const refusals = engine.own.refusals();
    if (refusals.length > 0) throw new CodedError('config', refusalMessage(refusals, region).trimEnd());
    if (retryAtMs === undefined) return;
    const isHopeless = failures().some((failure) => failure.kind === 'unauthorized');
    if (isHopeless || retryAtMs > untilMs) break;
    await new Promise<void>((resolve) => systemClock.after(retryAtMs - systemClock.now(), resolve));
  }
  const last = failures().at(-1);
  const what = last === undefined ? 'EC2 can not be read' : `${last.api}: ${last.code}: ${last.message}`;
  throw new CodedError('unavailable', what);
}

/** Whether anything would be changed. */
export function changesOf(decided: readonly DecidedRoute[]): readonly DecidedRoute[] {
  return decided.filter(({ decision }) => decision.verdict !== 'hold');
}

/** A ring that nobody waits for is heard by whoever waits next: it may have come during the work before. */
function createBell(): { ring(): void; heard(withinMs: number): Promise<void> } {
  let isRung = false;
  let wake = (): void => {};
  const ring = (): void => {
    isRung = true;
    wake();
  };
  const heard = async (withinMs: number): Promise<void> => {
    if (!isRung) {
      await new Promise<void>((resolve) => {
        const timer = systemClock.after(withinMs, resolve);
        wake = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    isRung = false;
  };
  return { ring, heard };
}
