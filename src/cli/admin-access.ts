import type { AdminServer, AdminSources, AdminSpec } from '../admin/index.ts';
import type { Agent, AgentEvent, AgentSnapshot } from '../agent/index.ts';
import { CodedError } from '../lib/coded-error.ts';
import type { Metrics } from '../telemetry/index.ts';
import type { Io } from './io.ts';

type Parts = typeof import('./admin-parts.ts');

interface Open {
  readonly spec: AdminSpec;
  readonly server: AdminServer;
}

/**
 * The HTTP server and the metrics behind it, where the configuration asks for them. Without, nothing is loaded, nothing
 * is open and nothing is counted.
 */
export class AdminAccess {
  readonly #io: Io;
  readonly #onError: (error: unknown) => void;
  #agent: Pick<Agent, 'snapshot' | 'isAlive'> | undefined;
  #metrics: Metrics | undefined;
  #open: Open | undefined;
  #snapshot: AgentSnapshot | undefined;
  #isStopping = false;
  #isClosed = false;

  constructor(io: Io, onError: (error: unknown) => void) {
    this.#io = io;
    this.#onError = onError;
  }

  /** Takes every event of the agent. */
  observe(event: AgentEvent): void {
    this.#metrics?.observe(event);
  }

  /** From now on the answers are about this agent. */
  attach(agent: Pick<Agent, 'snapshot' | 'isAlive'>): void {
    this.#agent = agent;
  }

  /** From now on the agent is not ready. */
  stopping(): void {
    this.#isStopping = true;
  }

  /** Listens there and nowhere else. Throws CodedError `address`, with all as it was, where that can't be done. */
  async moveTo(spec: AdminSpec | undefined): Promise<void> {
    if (spec === undefined) {
      this.#metrics = undefined;
      await this.#leave();
      return;
    }
    if (isSame(spec, this.#open?.spec)) return;
    const parts = await import('./admin-parts.ts');
    const before = this.#open;
    const server = await this.#openAt(spec, parts);
    this.#metrics ??= parts.openMetrics(this.#io);
    if (this.#open === before) await this.#leave();
    this.#open = { spec, server };
    if (this.#isClosed) await this.#leave();
  }

  /** Ends the connections at once. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#leave();
  }

  /** One port can't be had for one address and for all at the same time: then the old one is given up first. */
  async #openAt(spec: AdminSpec, parts: Parts): Promise<AdminServer> {
    const options = { sources: this.#sources(), onError: this.#onError };
    const first = await parts.openAdmin(spec, options);
    if (first.ok) return first.server;
    const before = this.#open?.spec;
    if (first.code !== 'EADDRINUSE' || before?.port !== spec.port) throw new CodedError('address', first.why);
    await this.#leave();
    const second = await parts.openAdmin(spec, options);
    if (second.ok) return second.server;
    const restored = await parts.openAdmin(before, options);
    if (restored.ok) this.#open = { spec: before, server: restored.server };
    throw new CodedError('address', second.why);
  }

  async #leave(): Promise<void> {
    const { server } = this.#open ?? {};
    this.#open = undefined;
    await server?.close();
  }

  #sources(): AdminSources {
    return {
      metrics: async () => {
        if (this.#metrics === undefined) throw new Error('the metrics were switched off');
        return this.#metrics.expose(this.#agent && this.#snapshotOf(this.#agent));
      },
      isAlive: () => this.#agent?.isAlive() ?? true,
      notReady: () => {
        if (this.#isStopping) return 'stopping';
        return this.#agent === undefined ? 'starting' : this.#snapshotOf(this.#agent).notReady;
      },
    };
  }

  /** One for all who ask in the same turn of the loop: with thousands of routes it takes ms to make. */
  #snapshotOf(agent: Pick<Agent, 'snapshot'>): AgentSnapshot {
    if (this.#snapshot !== undefined) return this.#snapshot;
    setImmediate(() => {
      this.#snapshot = undefined;
    });
    this.#snapshot = agent.snapshot();
    return this.#snapshot;
  }
}

function isSame(a: AdminSpec, b: AdminSpec | undefined): boolean {
  return a.host === b?.host && a.port === b?.port;
}
