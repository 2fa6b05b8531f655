import { Agent, type AgentEvent } from '../../src/agent/index.ts';
import type { ProbeOutcome } from '../../src/checks/index.ts';
import { agentDeps } from './agent-deps.ts';
import { agentSpec } from './agent-spec.ts';
import { type AnnouncingActor, SimAnnouncer } from './announcements.ts';
import { instanceId, nameAt, nameOf } from './ids.ts';
import type { Judge } from './judge.ts';
import type { Region } from './region.ts';
import type { FleetSetup, Script, Variation } from './script.ts';
import type { SimClock } from './sim-clock.ts';
import { SimProcess } from './sim-process.ts';
import { Told } from './told.ts';
import type { Violation } from './violation.ts';

/** A process and what it knows: all that its calls need. */
export interface Member extends AnnouncingActor {
  readonly announcer: SimAnnouncer;
  isReleasing: boolean;
}

interface Running {
  readonly member: Member;
  readonly agent: Agent;
}

export interface FleetOptions {
  readonly script: Script;
  readonly clock: SimClock;
  readonly region: Region;
  readonly judge: Judge;
  report(violation: Violation): void;
  /** EC2 was asked for a change, and made it or not. */
  changed(isMade: boolean): void;
  /** Takes everything worth a line of the timeline; undefined: nobody reads it. */
  readonly note: ((who: string, what: string) => void) | undefined;
}

/** What a supervisor waits before it starts an agent again that ended by itself. */
const RESTART_MS = 5_000;

/** The instances of a fleet: their services, the paths between them, and the agents that run on them. */
export class Fleet {
  readonly options: FleetOptions;
  readonly #running = new Map<string, Running>();
  readonly #stopping = new WeakSet<Running>();
  readonly #incarnations = new Map<string, number>();
  /** Why an agent's process, a service, or a path (`a>b`) is down: one entry for each event that took it down. */
  readonly #down = new Map<string, number>();
  readonly #variations = new Map<string, Variation>();
  /** The latest time until which an agent said that it holds off: its back-offs. */
  heldOffUntilMs = 0;

  constructor(options: FleetOptions) {
    this.options = options;
  }

  get setup(): FleetSetup {
    return this.options.script.fleet;
  }

  process(name: string): SimProcess | undefined {
    return this.#running.get(name)?.member.process;
  }

  agents(): readonly Agent[] {
    return [...this.#running.values()].map(({ agent }) => agent);
  }

  isUp(what: string): boolean {
    return (this.#down.get(what) ?? 0) === 0;
  }

  /** Takes something down; it is up again when each of those who did so has called `up`. */
  down(what: string): void {
    this.#down.set(what, (this.#down.get(what) ?? 0) + 1);
  }

  up(what: string): void {
    this.#down.set(what, Math.max((this.#down.get(what) ?? 0) - 1, 0));
  }

  isServing(name: string): boolean {
    return this.isUp(`service ${name}`) && this.isUp(`host ${name}`);
  }

  isDraining(name: string): boolean {
    return !this.isUp(`drain ${name}`);
  }

  /** Runs the agent of this instance, unless something keeps it down. */
  start(name: string): void {
    if (this.#running.has(name) || !this.isUp(`host ${name}`) || !this.isUp(`agent ${name}`)) return;
    const { clock, note } = this.options;
    const incarnation = (this.#incarnations.get(name) ?? 0) + 1;
    this.#incarnations.set(name, incarnation);
    const process = new SimProcess(name, incarnation, clock);
    const spec = agentSpec(this.setup, name, this.#variations.get(name));
    const actor: AnnouncingActor = { process, told: new Told(), spec, isStopping: false };
    const announcer = new SimAnnouncer({
      actor,
      accuse: (invariant, what) => this.#accuse(process, invariant, what),
      note: (what) => note?.(process.label, what),
    });
    const member: Member = Object.assign(actor, { announcer, isReleasing: false });
    const deps = agentDeps(this, member, (event) => this.#heard(process, event));
    const agent = new Agent(spec, {
      deps,
      onRefused: () => this.#refuse(name),
    });
    this.#running.set(name, { member, agent });
    note?.(process.label, 'starts');
    agent.start();
  }

  /** As by kill -9. */
  kill(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined) return;
    const { process } = running.member;
    this.options.note?.(process.label, 'is killed');
    process.kill();
    this.#running.delete(name);
  }

  /** As by SIGTERM; `then` when it has ended. */
  async terminate(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined || this.#stopping.has(running)) return;
    const { member } = running;
    this.options.note?.(member.process.label, 'is told to stop');
    this.#stopping.add(running);
    // A stopped process gets the signal when it goes on.
    await new Promise<void>((resolve) => {
      member.process.deliver(() => {
        member.isStopping = true;
        member.isReleasing = member.spec.onExit === 'release';
        void running.agent.close('SIGTERM').then(() => resolve());
      });
    });
    if (this.#running.get(name) === running) this.kill(name);
  }

  /** It ends, and is started again by its supervisor. */
  #refuse(name: string): void {
    const { clock, note } = this.options;
    note?.(name, 'refuses to start: source/dest check is on');
    this.kill(name);
    clock.after(RESTART_MS, () => this.start(name));
  }

  reload(name: string, variation: Variation | undefined): void {
    if (variation === undefined) this.#variations.delete(name);
    else this.#variations.set(name, variation);
    const running = this.#running.get(name);
    if (running === undefined || this.#stopping.has(running)) return;
    const { member, agent } = running;
    member.process.deliver(() => {
      member.spec = agentSpec(this.setup, name, variation);
      agent.reload(member.spec);
    });
  }

  /** What a probe from one instance finds at an address: an answer, a refusal, or nothing. */
  probe(from: string, destination: string): 'passed' | 'refused' | 'timeout' {
    const to = nameAt(this.setup, destination) ?? from;
    if (to === from) return this.isServing(to) ? 'passed' : 'refused';
    if (!this.isUp(`path ${from}>${to}`) || !this.isUp(`host ${to}`) || !this.hasAddress(to, destination))
      return 'timeout';
    return this.isServing(to) ? 'passed' : 'refused';
  }

  hasAddress(name: string, address: string): boolean {
    const { interfaces } = this.options.region.world.state();
    for (const eni of interfaces.values()) {
      if (eni.primaryIp === address) return eni.attachment?.instanceId === instanceId(name);
    }
    return false;
  }

  /** What a read or an event says of a holder, in the timeline's words. */
  nameOf(target: string | undefined): string {
    return nameOf(target) ?? target ?? 'nobody';
  }

  #heard(process: SimProcess, event: AgentEvent): void {
    const { note, clock } = this.options;
    switch (event.type) {
      case 'crash':
        this.#accuse(process, 'no-crash', `${event.where}: ${String(event.error)}`);
        break;
      case 'owner-reclaimed':
      case 'owner-conflict':
        this.heldOffUntilMs = Math.max(this.heldOffUntilMs, clock.now() + event.waitMs);
        note?.(process.label, `${event.type} by ${event.holder}: holds off ${Math.round(event.waitMs)} ms`);
        break;
      case 'health':
        note?.(process.label, `finds ${event.check} ${event.from} → ${event.to} (${event.outcome.reason})`);
        break;
      case 'decision':
        note?.(
          process.label,
          `${event.key}: ${event.decision.verdict} ${event.decision.reason}, held by ${event.holder ?? 'nobody'}`,
        );
        break;
      case 'draining':
      case 'drain-ended':
        note?.(process.label, event.type);
        break;
      case 'api-failing':
        note?.(process.label, `${event.failure.api} fails: ${event.failure.code}`);
        break;
      case 'route-race':
      case 'route-failed':
        note?.(process.label, `${event.action.kind} ${event.action.key} fails: ${event.failure.code}`);
        break;
      case 'own-interface':
        note?.(process.label, `its interface is ${event.interfaceId}`);
        break;
    }
  }

  #accuse(process: SimProcess, invariant: Violation['invariant'], what: string): void {
    const { clock, report } = this.options;
    report({ invariant, atMs: clock.now(), process: process.label, what });
  }
}

/** The outcome of one attempt that ended as `reason` says. */
export function outcomeOf(reason: 'passed' | 'refused' | 'timeout', latencyMs: number): ProbeOutcome {
  return { ok: reason === 'passed', reason, latencyMs, detail: undefined };
}
