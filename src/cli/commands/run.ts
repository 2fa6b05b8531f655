import { Agent, type AgentEvent, type AgentSpec } from '../../agent/index.ts';
import { systemClock } from '../../lib/system-clock.ts';
import type { Log } from '../../telemetry/index.ts';
import { AdminAccess } from '../admin-access.ts';
import { AnnouncerAccess } from '../announcer-access.ts';
import { CONFIG_OPTION, type Command } from '../command.ts';
import { type Composition, compose, firstProbesSent } from '../compose.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { InstanceConfig } from '../instance-config.ts';
import type { Io } from '../io.ts';
import { type CompiledConfig, configFile, openImds, readConfig } from '../load.ts';
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
    'SIGHUP reloads the configuration (a bad one changes nothing). SIGTERM and SIGINT stop in order within 10 s, or as',
    'much later as prefixes drain first; a second one ends at once. Exits 78 when the configuration or the source/dest',
    'check has to be mended first.',
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
  const configs = new InstanceConfig({ io, imds, report });
  const announcer = new AnnouncerAccess(report);
  const told = (compiled: CompiledConfig): CompiledConfig => {
    for (const warning of compiled.warnings) log.write(problemLine(warning));
    return compiled;
  };
  const load: Load = async () => told(await configs.loadAgain(await readConfig(io, file)));
  try {
    const loaded = await configs.loadFirst(first);
    if (loaded === undefined) return EXIT.ok;
    const { spec, admin } = told(loaded);
    await access.moveTo(admin);
    await announcer.moveTo(spec.announcer);
    const composition = compose({
      io,
      spec,
      identity: () => configs.identity(),
      imds,
      isReadOnly: false,
      announcer: () => announcer.current(),
      report,
    });
    try {
      const serving = serve({ io, spec, composition, access, announcer, report, load, hangups });
      const [code] = await Promise.all([serving, tellPingMethods(spec, log, report)]);
      return code;
    } finally {
      await Promise.all([composition.close(), announcer.close()]);
    }
  } finally {
    // Whatever has failed: sessions would keep the process, which nobody could end in order any more.
    await announcer.close();
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

interface Serving {
  readonly io: Io;
  readonly spec: AgentSpec;
  readonly composition: Composition;
  readonly access: AdminAccess;
  readonly announcer: AnnouncerAccess;
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
function serve({
  io,
  spec,
  composition,
  access,
  announcer,
  load,
  report,
  hangups,
}: Serving): Promise<ExitCode> {
  const { deps } = composition;
  return new Promise((resolve, reject) => {
    const notifier = new ServiceNotifier(io, systemClock);
    let isStopping = false;
    let reloading = Promise.resolve();
    const stop = (why: string, code: ExitCode): void => {
      if (isStopping) io.exitNow(EXIT.failed);
      isStopping = true;
      // The withdrawals first: what is written here is on the wire before anybody is told of it.
      const closing = agent.close(why);
      notifier.stopping(agent.stopsWithinMs());
      access.stopping();
      announcer.stopping();
      closing.then((isClean) => {
        for (const off of undo) off();
        resolve(isClean ? code : EXIT.failed);
      }, reject);
    };
    const agent = new Agent(spec, {
      deps,
      onRefused(refusals) {
        io.err(refusalMessage(refusals, deps.identity().region));
        stop('refused', EXIT.config);
      },
    });
    const undo = [
      io.onSignal('SIGTERM', () => stop('SIGTERM', EXIT.ok)),
      io.onSignal('SIGINT', () => stop('SIGINT', EXIT.ok)),
      // One after the other: the last one that was asked for is the one that stays.
      hangups.listen(() => {
        const isOver = (): boolean => isStopping;
        reloading = reloading.then(() =>
          reload({ agent, notifier, composition, access, announcer, load, report, isOver }),
        );
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

interface Reloading extends Pick<Serving, 'composition' | 'access' | 'announcer' | 'load' | 'report'> {
  readonly agent: Agent;
  readonly notifier: ServiceNotifier;
  /** The agent is being stopped: nothing is begun any more. */
  isOver(): boolean;
}

/** A bad configuration changes nothing, and is told whole. */
async function reload({
  agent,
  notifier,
  composition,
  access,
  announcer,
  load,
  report,
  isOver,
}: Reloading): Promise<void> {
  if (isOver()) return;
  notifier.reloading();
  try {
    const { spec, admin } = await load();
    if (isOver()) return;
    await access.moveTo(admin);
    composition.reload(spec);
    await announcer.moveTo(spec.announcer);
    if (isOver()) return;
    agent.reload(spec);
  } catch (error) {
    report({ type: 'reload-refused', why: error instanceof Error ? error.message : String(error) });
  }
  notifier.reloaded();
}
