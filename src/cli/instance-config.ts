import type { AgentEvent } from '../agent/index.ts';
import type { Identity, Imds } from '../aws/index.ts';
import { CodedError } from '../lib/coded-error.ts';
import type { Io } from './io.ts';
import {
  type CompiledConfig,
  type ConfigText,
  compileConfig,
  identify,
  instanceFacts,
  neededFacts,
} from './load.ts';

/** What loading needs of the process. */
export interface Loading {
  readonly io: Io;
  readonly imds: Imds;
  report(event: AgentEvent): void;
}

/** Compiles configurations, and finds out which instance this is as soon as one of them needs to know. */
export class InstanceConfig {
  readonly #loading: Loading;
  #identity: Identity | undefined;

  constructor(loading: Loading) {
    this.#loading = loading;
  }

  /** Undefined: no configuration so far had to know. */
  identity(): Identity | undefined {
    return this.#identity;
  }

  /** Waits for the metadata as long as it takes; undefined when told to stop meanwhile. Throws CodedError `config`. */
  async loadFirst(source: ConfigText): Promise<CompiledConfig | undefined> {
    const draft = this.#draft(source);
    if (draft !== undefined && isFree(draft)) return draft;
    const { imds } = this.#loading;
    this.#identity ??= await tryIdentify(imds, 1, AbortSignal.timeout(5_000));
    this.#identity ??= await this.#identifyPatiently(source);
    return this.#identity && (draft ?? this.#compile(source, this.#identity));
  }

  /** Throws CodedError `config`, and `no-identity` where the metadata does not answer. */
  async loadAgain(source: ConfigText): Promise<CompiledConfig> {
    const draft = this.#draft(source);
    if (draft !== undefined && isFree(draft)) return draft;
    this.#identity ??= await identify(this.#loading.imds, 5, AbortSignal.timeout(10_000));
    return draft ?? this.#compile(source, this.#identity);
  }

  /** Of a configuration that names no fact of the instance. */
  #draft(source: ConfigText): CompiledConfig | undefined {
    const { io } = this.#loading;
    return neededFacts(io, source).size === 0 ? compileConfig(io, source, undefined) : undefined;
  }

  async #compile(source: ConfigText, identity: Identity): Promise<CompiledConfig> {
    const { io, imds } = this.#loading;
    const needed = neededFacts(io, source);
    const facts = await instanceFacts(imds, identity, needed, AbortSignal.timeout(10_000));
    return compileConfig(io, source, facts);
  }

  /** What is wrong with the configuration on any instance is told first. */
  async #identifyPatiently(source: ConfigText): Promise<Identity | undefined> {
    const { io, imds, report } = this.#loading;
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
}

/** Without route tables, nobody has to know which instance this is. */
function isFree({ spec }: CompiledConfig): boolean {
  return spec.tableGroups.length === 0;
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
