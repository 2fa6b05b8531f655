import { Agent, type AgentEvent, type AgentSpec } from '../../agent/index.ts';
import type { Identity, Imds } from '../../aws/index.ts';
import { CodedError } from '../../lib/coded-error.ts';
import { systemClock } from '../../lib/system-clock.ts';
import type { Log } from '../../telemetry/index.ts';
import { AdminAccess } from '../admin-access.ts';
import { CONFIG_OPTION, type Command } from '../command.ts';
import { type Composition, compose, firstProbesSent } from '../compose.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import {
  type CompiledConfig,
  type ConfigText,
  compileConfig,
  configFile,
  identify,
  instanceFacts,
  neededFacts,
  openImds,
  readConfig,
} from '../load.ts';
import { LOG_OPTIONS, openLog, problemLine, reporter } from '../logging.ts';
import type { ParsedOptions } from '../options.ts';
import { pingMethodLines } from '../ping-methods.ts';
import { refusalMessage } from '../refusal.ts';
import { ServiceNotifier } from '../service-notify.ts';

export const run: Command = {
  name: 'run',
  operands: '',
  about: 'probe, and keep the routes as the configuration says, until stopped',
  options: [CONFIG_OPTION, ...LOG_OPTIONS],
  notes: [
    'SIGHUP reloads the configuration (a bad one changes nothing). SIGTERM and SIGINT stop in order within 10 s; a',
    'second one ends at once. Exits 78 when the configuration or the source/dest check has to be mended first.',
  ],
  run: runAgent,
};

/** Loads the configuration as it is now. Throws CodedError `config` or `no-input`. */
type Load = () => Promise<CompiledConfig>;

async function runAgent(io: Io, options: ParsedOptions): Promise<ExitCode> {
  const hangups = holdHangups(io);
  const log = openLog(io, options);
  const toLog = reporter(log);
  const report = (event: AgentEvent): void => {
    toLog(event);
    access.observe(event);
  };
  const access = new AdminAccess(io, (error) => report({ type: 'crash', where: 'admin', error }));
  const file = configFile(io, options);
  const first = await readConfig(io, file);
  const imds = openImds(io);
  try {
    const identity =
      (await tryIdentify(imds, 1, AbortSignal.timeout(5_000))) ??
      (await identifyPatiently(io, imds, first, report));
    if (identity === undefined) return EXIT.ok;
    const load = async (known?: ConfigText): Promise<CompiledConfig> => {
      const source = known ?? (await readConfig(io, file));
      const needed = neededFacts(io, source);
      const facts = await instanceFacts(imds, identity, needed, AbortSignal.timeout(10_000));
      const compiled = compileConfig(io, source, facts);
      for (const warning of compiled.warnings) log.write(problemLine(warning));
      return compiled;
    };
    const { spec, admin } = await load(first);
    await access.moveTo(admin);
    const composition = compose({ io, spec, identity, imds, isReadOnly: false, report });
    try {
      const serving = serve({ io, spec, composition, access, report, load, hangups });
      const [code] = await Promise.all([serving, tellPingMethods(spec, log, report)]);
      return code;
    } finally {
      await composition.close();
    }
  } finally {
    await access.close();
    await imds.close();
  }
}

/** Finding out opens sockets, and loads what can: the first probes do not wait for a line of the log. */
async function tellPingMethods(
  spec: AgentSpec,
  log: Log,
  report: (event: AgentEvent) => void,
): Promise<void> {
  await firstProbesSent();
  try {
    for (const line of await pingMethodLines(spec)) log.write(line);
  } catch (error) {
    report({ type: 'crash', where: 'ping-method', error });
  }
}

/**
 * Waits for the metadata as long as it takes; undefined when told to stop meanwhile. What is wrong with the
 * configuration on any instance is told first.
 */
async function identifyPatiently(
  io: Io,
  imds: Imds,
  source: ConfigText,
  report: (event: AgentEvent) => void,
): Promise<Identity | undefined> {
  compileConfig(io, source, 'placeholder');
  const stop = new AbortController();
  const undo = [io.onSignal('SIGTERM', () => stop.abort()), io.onSignal('SIGINT', () => stop.abort())];
  try {
    for (let failures = 0; !stop.signal.aborted; failures += 1) {
      const identity = await tryIdentify(imds, 5, stop.signal, failures === 0 ? report : undefined);
      if (identity !== undefined) return identity;
    }
    return undefined;
  } finally {
    for (const off of undo) off();
  }
}

async function tryIdentify(
  imds: Imds,
  attempts: number,
  signal: AbortSignal,
  report?: (event: AgentEvent) => void,
): Promise<Identity | undefined> {
  try {
    return await identify(imds, attempts, signal);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const { message } = error;
    const failure = {
      kind: 'transient',
      api: 'Imds',
      code: error.code,
      message,
      requestId: undefined,
    } as const;
    if (!signal.aborted) report?.({ type: 'api-failing', failure, subject: 'instance metadata' });
    return undefined;
  }
}

interface Serving {
  readonly io: Io;
  readonly spec: AgentSpec;
  readonly composition: Composition;
  readonly access: AdminAccess;
  readonly load: Load;
  readonly hangups: Hangups;
  report(event: AgentEvent): void;
}

/** SIGHUP, from the very start on: without a listener it would end a process that still waits for its metadata. */
interface Hangups {
  /** Calls `run` at each, and at once where one came before anybody listened. */
  listen(run: () => void): () => void;
}

function holdHangups(io: Io): Hangups {
  let isMissed = false;
  let run = (): void => {
    isMissed = true;
  };
  const off = io.onSignal('SIGHUP', () => run());
  return {
    listen(listener) {
      run = listener;
      if (isMissed) listener();
      return off;
    },
  };
}

/** Runs the agent until a signal or a refusal; resolves when it has stopped. */
function serve({ io, spec, composition, access, load, report, hangups }: Serving): Promise<ExitCode> {
  const { deps } = composition;
  return new Promise((resolve, reject) => {
    const notifier = new ServiceNotifier(io, systemClock);
    let isStopping = false;
    let reloading = Promise.resolve();
    const stop = (why: string, code: ExitCode): void => {
      if (isStopping) io.exitNow(EXIT.failed);
      isStopping = true;
      notifier.stopping();
      access.stopping();
      agent.close(why).then((isClean) => {
        for (const off of undo) off();
        resolve(isClean ? code : EXIT.failed);
      }, reject);
    };
    const agent = new Agent(spec, {
      deps,
      onRefused(refusals) {
        io.err(refusalMessage(refusals, deps.identity.region));
        stop('refused', EXIT.config);
      },
    });
    const undo = [
      io.onSignal('SIGTERM', () => stop('SIGTERM', EXIT.ok)),
      io.onSignal('SIGINT', () => stop('SIGINT', EXIT.ok)),
      // One after the other: the last one that was asked for is the one that stays.
      hangups.listen(() => {
        reloading = reloading.then(() => reload({ agent, notifier, composition, access, load, report }));
      }),
    ];
    access.attach(agent);
    agent.start();
    notifier.ready(
      () => agent.isAlive(),
      () => agent.status(),
    );
  });
}

interface Reloading extends Pick<Serving, 'composition' | 'access' | 'load' | 'report'> {
  readonly agent: Agent;
  readonly notifier: ServiceNotifier;
}

/** A bad configuration changes nothing, and is told whole. */
async function reload({ agent, notifier, composition, access, load, report }: Reloading): Promise<void> {
  notifier.reloading();
  try {
    const { spec, admin } = await load();
    await access.moveTo(admin);
    composition.reload(spec);
    agent.reload(spec);
  } catch (error) {
    report({ type: 'reload-refused', why: error instanceof Error ? error.message : String(error) });
  }
  notifier.reloaded();
}
