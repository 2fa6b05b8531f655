import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentConfig, STORY_DESTINATIONS, type StoryTiming } from './agent-config.ts';
import { type AgentLogEvent, AgentLogs } from './agent-log.ts';
import type { Guard } from './guard.ts';
import { type OwnedProcess, Processes } from './processes.ts';
import type { HeldRoute, StoryRegion, StoryZone } from './region.ts';
import { findCommonPort, startTcpService } from './tcp-service.ts';
import { NotInTimeError, waitFor } from './wait.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** The built program; `VPCAST_DIST` names another directory for it, as in scripts/build.mjs. */
export function vpcastProgram(): string {
  return join(ROOT, process.env.VPCAST_DIST ?? 'dist', 'vpcast.js');
}

export interface StageOptions {
  /** Closed with the stage. */
  readonly region: StoryRegion;
  readonly timing: StoryTiming;
  readonly onEvent?: (event: AgentLogEvent) => void;
  /** Between two looks at the routes. Default 50 ms. */
  readonly lookEveryMs?: number;
  /** An agent's configuration (YAML). Default: `agentConfig`. */
  readonly configOf?: (zone: StoryZone) => string;
  /** More of an agent's configuration (YAML), which goes below `agentConfig`. */
  readonly moreConfigOf?: (zone: StoryZone) => string;
  /** Ends what runs and removes the files also when this process is killed. */
  readonly guard?: Guard;
  /** More environment variables for the agents, for measuring them. */
  readonly agentEnv?: Readonly<Record<string, string>>;
}

/** The routes that a zone's table should have: by which zones each may be held. */
export interface Expectation {
  readonly zone: StoryZone;
  readonly holders: readonly StoryZone[];
}

/** An agent was ended on purpose. */
export interface Ending {
  /** Ms since the epoch, just before the signal. */
  readonly atMs: number;
  readonly signal: 'SIGTERM' | 'SIGKILL';
}

/** Real agents and real services, one of each per zone, around a region. Start it with `openStage`. */
export class Stage {
  readonly region: StoryRegion;
  readonly timing: StoryTiming;
  readonly logs: AgentLogs;
  readonly port: number;
  /** To end what runs in an exit handler, where nothing can be waited for. */
  readonly processes: Processes;
  readonly #dir: string;
  readonly #lookEveryMs: number;
  readonly #configOf: (zone: StoryZone) => string;
  readonly #moreConfigOf: (zone: StoryZone) => string;
  readonly #agentEnv: Readonly<Record<string, string>>;
  readonly #agents = new Map<string, OwnedProcess>();
  readonly #services = new Map<string, OwnedProcess>();
  readonly #endings = new Map<string, Ending>();
  #closing: Promise<void> | undefined;

  constructor(options: StageOptions, place: { readonly dir: string; readonly port: number }) {
    this.region = options.region;
    this.timing = options.timing;
    this.processes = new Processes(options.guard);
    this.logs = new AgentLogs(options.onEvent);
    this.#lookEveryMs = options.lookEveryMs ?? 50;
    this.#configOf = options.configOf ?? ((zone) => this.#storyConfig(zone));
    this.#moreConfigOf = options.moreConfigOf ?? (() => '');
    this.#agentEnv = options.agentEnv ?? {};
    this.#dir = place.dir;
    this.port = place.port;
  }

  /** The zone of that name. */
  zone(name: string): StoryZone {
    const found = this.region.zones.find((zone) => zone.name === name);
    if (found === undefined) throw new RangeError(`there is no zone ${name}`);
    return found;
  }

  others(zone: StoryZone): readonly StoryZone[] {
    return this.region.zones.filter((other) => other !== zone);
  }

  async startEverything(): Promise<void> {
    await Promise.all(this.region.zones.map((zone) => this.startService(zone)));
    await Promise.all(this.region.zones.map((zone) => this.startAgent(zone)));
  }

  async startService(zone: StoryZone): Promise<void> {
    const { address } = zone;
    this.#services.set(zone.name, await startTcpService(this.processes, { address, port: this.port }));
  }

  async killService(zone: StoryZone): Promise<void> {
    await this.#services.get(zone.name)?.end('SIGKILL');
  }

  /** Resolves when the process runs; what it does then is in the log. */
  async startAgent(zone: StoryZone): Promise<void> {
    const config = join(this.#dir, `${zone.name}.yaml`);
    await writeFile(config, this.#configOf(zone));
    this.logs.begin(zone.name);
    const agent = await this.processes.start({
      name: `agent of zone ${zone.name}`,
      script: vpcastProgram(),
      args: ['run', '--config', config, '--log-format', 'json'],
      env: this.#environment(zone),
      onLine: (line) => this.logs.add(zone.name, line),
    });
    this.#agents.set(zone.name, agent);
  }

  /** Resolves with the exit status. */
  async endAgent(zone: StoryZone, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string | undefined> {
    this.#endings.set(zone.name, { atMs: Date.now(), signal });
    return await this.#agents.get(zone.name)?.end(signal);
  }

  /** When and how `endAgent` ended the zone's agent the last time. */
  lastEnding(zone: StoryZone): Ending | undefined {
    return this.#endings.get(zone.name);
  }

  isServiceUp(zone: StoryZone): boolean {
    return this.#services.get(zone.name)?.isRunning() === true;
  }

  isAgentUp(zone: StoryZone): boolean {
    return this.#agents.get(zone.name)?.isRunning() === true;
  }

  /** Undefined before its first start. */
  agentPid(zone: StoryZone): number | undefined {
    return this.#agents.get(zone.name)?.pid;
  }

  /** Waits until every route of these zones' tables is held as expected; the failure shows what was there instead. */
  async waitForHolders(expected: readonly Expectation[], limitMs: number): Promise<void> {
    let last: readonly HeldRoute[] = [];
    const look = async () => {
      last = await this.region.readRoutes();
      return expected.every((one) => isMet(one, last));
    };
    try {
      await waitFor(look, { limitMs, what: 'the routes at their holders', everyMs: this.#lookEveryMs });
    } catch (error) {
      if (!(error instanceof NotInTimeError)) throw error;
      const wanted = expected.map(
        (one) => `${one.zone.name} by ${one.holders.map((holder) => holder.name).join(' or ')}`,
      );
      throw new NotInTimeError(
        `${error.message}: wanted ${wanted.join(', ')}; there is: ${this.#describe(last)}\n${this.logs.tail(25)}`,
      );
    }
  }

  /** Waits until every other zone's agent probes this zone's instance and finds it well: from then on it is backed up. */
  async waitForBackups(zone: StoryZone, limitMs = 40_000): Promise<void> {
    const check = `service@${zone.interfaceId}`;
    const look = () =>
      this.others(zone).every((other) => this.logs.healthOf(other.name, check) === 'healthy');
    await waitFor(look, { limitMs, what: `every other agent knows ${check} healthy` });
  }

  /** Waits until this zone's agent has found its own service and everybody else's well. */
  async waitUntilWatching(zone: StoryZone, limitMs = 40_000): Promise<void> {
    const checks = ['service', ...this.others(zone).map((other) => `service@${other.interfaceId}`)];
    const look = () => checks.every((check) => this.logs.healthOf(zone.name, check) === 'healthy');
    await waitFor(look, { limitMs, what: `the agent of ${zone.name} knows ${checks.join(', ')} healthy` });
  }

  /** Waits for a log event. */
  async waitForEvent(
    mark: number,
    wanted: {
      readonly event: string;
      readonly zone?: string;
      readonly matches?: (event: AgentLogEvent) => boolean;
    },
    limitMs: number,
  ): Promise<AgentLogEvent> {
    const { matches = () => true } = wanted;
    const look = () => this.logs.since(mark, wanted).find(matches);
    try {
      return await waitFor(look, {
        limitMs,
        what: `${wanted.event} in the log of ${wanted.zone ?? 'an agent'}`,
      });
    } catch (error) {
      if (!(error instanceof NotInTimeError)) throw error;
      throw new NotInTimeError(`${error.message}\n${this.logs.tail(25)}`);
    }
  }

  /** Ends every process, then the region, then removes the files. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.processes.close();
      await this.region.close();
      await rm(this.#dir, { recursive: true, force: true });
    })();
    return this.#closing;
  }

  /** Nothing of the person's own AWS settings gets in: no variable, no file, and so never a real account. */
  #environment(zone: StoryZone): Readonly<Record<string, string>> {
    return {
      PATH: process.env.PATH ?? '',
      HOME: this.#dir,
      AWS_ENDPOINT_URL_EC2: this.region.endpoint,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: zone.imdsUrl,
      ...this.#agentEnv,
    };
  }

  #storyConfig(zone: StoryZone): string {
    const { port, timing } = this;
    return `${agentConfig({ address: zone.address, port, timing })}${this.#moreConfigOf(zone)}`;
  }

  #describe(routes: readonly HeldRoute[]): string {
    const nameOf = (target: string) =>
      this.region.zones.find((zone) => zone.interfaceId === target)?.name ?? target;
    const tableOf = (id: string) => this.region.zones.find((zone) => zone.tableId === id)?.name ?? id;
    return (
      routes
        .map((route) => `${tableOf(route.tableId)} ${route.destination} → ${nameOf(route.target)}`)
        .join('; ') || 'no route'
    );
  }
}

/** Finds a port that is free on all addresses and makes the directory for the files. Nothing runs yet. Throws NoAddressError. */
export async function openStage(options: StageOptions): Promise<Stage> {
  try {
    const port = await findCommonPort(options.region.zones.map((zone) => zone.address));
    const dir = await mkdtemp(join(tmpdir(), 'vpcast-story-'));
    options.guard?.folder(dir);
    return new Stage(options, { dir, port });
  } catch (error) {
    await options.region.close();
    throw error;
  }
}

function isMet({ zone, holders }: Expectation, routes: readonly HeldRoute[]): boolean {
  const allowed = holders.map((holder) => holder.interfaceId);
  return STORY_DESTINATIONS.every((destination) =>
    routes.some(
      (route) =>
        route.tableId === zone.tableId && route.destination === destination && allowed.includes(route.target),
    ),
  );
}
