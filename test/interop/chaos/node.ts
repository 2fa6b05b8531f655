import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LogEvent, parseLogLine } from '../../support/story/agent-log.ts';
import { type ConfigVariant, configOf } from './config.ts';
import { inNamespace } from './network.ts';
import { lineReader, type Output, openFile, openPipe } from './output.ts';
import { isClockFaked, isLoggingToFile } from './schedule.ts';
import type { Spans } from './spans.ts';

/** What a node is made of. */
export interface NodeFacts {
  readonly index: number;
  /** `a`, `b`, …: also the name of its namespace. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly instanceId: string;
  readonly interfaceId: string;
  readonly tableId: string;
  readonly accessKeyId: string;
  readonly imdsUrl: string;
  readonly endpoint: string;
  /** A small file system of its own: logs, caches. */
  readonly disk: string;
  readonly dir: string;
  readonly program: string;
  readonly faketime: string;
}

/** An agent's process, from start to end. Times are the driver's. */
export interface AgentRun {
  readonly startedMs: number;
  endedMs: number | undefined;
  /** How it was asked to end; undefined: it was not. */
  asked: 'SIGTERM' | 'SIGKILL' | undefined;
  askedMs: number | undefined;
  status: number | string | undefined;
  stderr: string;
}

/** Longer than the 10 s within which an agent ends in order. */
const STOP_LIMIT_MS = 12_000;

/** For a process to have loaded its program, on a busy machine. */
const LOADED_MS = 1_000;

/** An instance of the fleet: its agent, its service, and the record of both. */
export class ChaosNode {
  readonly facts: NodeFacts;
  readonly runs: AgentRun[] = [];
  /** The driver's time of every probe of the own agent that the service answered. */
  readonly selfProbesMs: number[] = [];
  readonly logs: (LogEvent & { readonly seenMs: number })[] = [];
  /** Since when this configuration could be in force; ever wider ones stay allowed. */
  widerSinceMs = Number.POSITIVE_INFINITY;
  readonly #spans: Spans;
  #agent: ChildProcess | undefined;
  #service: ChildProcess | undefined;
  #output: Output | undefined;
  #serviceBack: (() => void) | undefined;

  constructor(facts: NodeFacts, spans: Spans) {
    this.facts = facts;
    this.#spans = spans;
    writeFileSync(this.#clockFile, '+0\n');
  }

  get output(): Output | undefined {
    return this.#output;
  }

  get agentPid(): number | undefined {
    return isRunning(this.#agent) ? this.#agent?.pid : undefined;
  }

  get configFile(): string {
    return join(this.facts.dir, `${this.facts.name}.yaml`);
  }

  get #clockFile(): string {
    return join(this.facts.dir, `${this.facts.name}.clock`);
  }

  /** What every command of vpcast in this node's namespace is called with: nothing of the caller's own. */
  get environment(): Readonly<Record<string, string>> {
    const { endpoint, imdsUrl, disk, index, faketime } = this.facts;
    const clock = {
      LD_PRELOAD: faketime,
      FAKETIME_TIMESTAMP_FILE: this.#clockFile,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_RESET: '1',
    };
    return {
      PATH: process.env.PATH ?? '',
      HOME: disk,
      AWS_ENDPOINT_URL_EC2: endpoint,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: imdsUrl,
      ...(isClockFaked(index) ? clock : {}),
    };
  }

  writeConfig(variant: ConfigVariant): void {
    if (variant === 'wider') this.widerSinceMs = Math.min(this.widerSinceMs, performance.now());
    writeFileSync(this.configFile, configOf(this.facts, variant));
  }

  /** Steps the wall clock of this node's processes by so many seconds from the true time. */
  setClock(offsetSec: number): void {
    writeFileSync(this.#clockFile, `${offsetSec < 0 ? '' : '+'}${offsetSec}\n`);
  }

  startAgent(): void {
    if (isRunning(this.#agent)) return;
    const { name, program, dir, disk } = this.facts;
    this.writeConfig('plain');
    // A line of another agent's that ended in the middle must not spoil this one's first.
    const onLine = (line: string): void => this.#takeLine(line);
    const isFile = isLoggingToFile(this.facts.index);
    this.#output?.close();
    this.#output = isFile ? openFile(join(disk, 'log'), onLine) : openPipe(join(dir, `${name}.pipe`), onLine);
    const run: AgentRun = {
      startedMs: performance.now(),
      endedMs: undefined,
      asked: undefined,
      askedMs: undefined,
      status: undefined,
      stderr: '',
    };
    this.runs.push(run);
    const args = [program, 'run', '--config', this.configFile, '--log-format', 'json'];
    const [command, ...rest] = inNamespace(name, [process.execPath, ...args]);
    const { childFd } = this.#output;
    const child = spawn(command, rest, { env: this.environment, stdio: ['ignore', childFd, 'pipe'] });
    closeSync(childFd);
    this.#agent = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      run.stderr = `${run.stderr}${text}`.slice(-2_000);
    });
    child.once('error', (error) => {
      run.stderr += String(error);
    });
    child.once('close', (code, signal) => {
      run.endedMs = performance.now();
      run.status = code ?? signal ?? 'unknown';
    });
  }

  /** Resolves with the run once it is over. */
  async endAgent(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#agent;
    const run = this.runs.at(-1);
    if (child === undefined || run === undefined || !isRunning(child)) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    run.asked = signal;
    run.askedMs = performance.now();
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(timer);
  }

  signalAgent(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (isRunning(this.#agent)) this.#agent?.kill(signal);
  }

  /** Not while it is still being loaded: Node hears no signal then, and SIGHUP would end it. */
  reloadAgent(): void {
    const ageMs = performance.now() - (this.runs.at(-1)?.startedMs ?? 0);
    if (isRunning(this.#agent) && ageMs > LOADED_MS) this.#agent?.kill('SIGHUP');
  }

  /** Resolves when the service listens. */
  async startService(): Promise<void> {
    if (isRunning(this.#service)) return;
    const { name, address, port } = this.facts;
    const script = join(import.meta.dirname, 'service-main.ts');
    const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
    const [command, ...rest] = inNamespace(name, [...node, script, address, String(port)]);
    const child = spawn(command, rest, { env: {}, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#service = child;
    child.stdin?.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      const take = lineReader((line) => {
        if (line === 'self') this.selfProbesMs.push(performance.now());
        else if (line === 'listening') resolve();
        else reject(new Error(`the service of ${name}: ${line}`));
      });
      child.stdout?.setEncoding('utf8').on('data', take);
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`the service of ${name} ended (${code})`)));
    });
    this.#serviceBack?.();
    this.#serviceBack = undefined;
  }

  async killService(): Promise<void> {
    const child = this.#service;
    if (child === undefined || !isRunning(child)) return;
    this.#serviceBack ??= this.#spans.open(`service ${this.facts.index}`);
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** The service takes connections and says nothing, until what is given back is called. */
  hangService(): () => void {
    const child = this.#service;
    const back = this.#spans.open(`service ${this.facts.index}`);
    child?.kill('SIGSTOP');
    return () => {
      child?.kill('SIGCONT');
      back();
    };
  }

  /** Resident memory and open descriptors of the agent; undefined while there is none. */
  readFootprint(): { readonly rssMiB: number; readonly fds: number } | undefined {
    const pid = this.agentPid;
    if (pid === undefined) return undefined;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const rssKiB = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    return { rssMiB: rssKiB / 1024, fds: readdirSync(`/proc/${pid}/fd`).length };
  }

  /** Ends both at once. */
  async close(): Promise<void> {
    this.#service?.kill('SIGCONT');
    this.#agent?.kill('SIGCONT');
    await Promise.all([this.endAgent('SIGKILL'), this.killService()]);
    this.#output?.close();
  }

  #takeLine(line: string): void {
    // Junk of a pipe that was filled, or half a line of a disk that was full, goes before a whole one.
    const event = parseLogLine(line.slice(Math.max(line.indexOf('{"level"'), 0)));
    if (event !== undefined) this.logs.push({ ...event, seenMs: performance.now() });
  }
}

function isRunning(child: ChildProcess | undefined): boolean {
  return (
    child !== undefined && child.pid !== undefined && child.exitCode === null && child.signalCode === null
  );
}
