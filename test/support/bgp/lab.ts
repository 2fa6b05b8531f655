import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Processes } from '../story/processes.ts';
import { addressLines } from './addresses.ts';
import { Daemon } from './daemon.ts';

/**
 * Waits until its standard input ends, which it does however this process ends, then ends every process in the
 * namespaces and removes them. Signals that end a whole group of processes do not reach it.
 */
const GUARD = `
  trap '' HUP INT TERM
  folder=$1; shift
  cat >/dev/null
  for namespace in "$@"; do
    for pass in 1 2 3 4 5; do
      pids=$(ip netns pids "$namespace" 2>/dev/null) || break
      [ -n "$pids" ] || break
      kill -KILL $pids 2>/dev/null
      sleep 0.05
    done
    ip netns delete "$namespace" 2>/dev/null
  done
  rm -rf "$folder"
`;

/**
 * Addresses work at once: nobody else could have them. What a test has held back is sent again within a second, where the
 * kernel can be told so (Linux 6.15).
 */
const SYSCTLS = [
  'sysctl -q -w net.ipv6.conf.all.accept_dad=0',
  'sysctl -q -w net.ipv6.conf.default.accept_dad=0',
  'sysctl -q -e -w net.ipv4.tcp_rto_max_ms=1000',
].join('; ');

/**
 * Network namespaces: one for vpcast, and one for each router with a link to vpcast's. All of it, with the processes in it,
 * is gone after `close`, and also when this process is killed.
 */
export class Lab {
  /** For configurations, sockets and logs. */
  readonly folder: string;
  readonly #prefix: string;
  readonly #guard: ChildProcess;
  readonly #processes = new Processes();

  /** Makes namespaces for so many routers, numbered from 1. */
  static async open(routers: number): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'vpcast-bgp-'));
    const lab = new Lab(folder, routers);
    try {
      // Daemons that run as users of their own have folders in it.
      await chmod(folder, 0o755);
      await lab.#build(routers);
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  private constructor(folder: string, routers: number) {
    this.folder = folder;
    this.#prefix = `vb${randomBytes(3).toString('hex')}`;
    const links = Array.from({ length: routers + 1 }, (_unused, link) => this.namespace(link));
    this.#guard = spawn('sh', ['-c', GUARD, 'sh', folder, ...links], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  /** Of a router by its number; 0: vpcast's. */
  namespace(link: number): string {
    return `${this.#prefix}-${link}`;
  }

  /** Starts a program in the namespace of a router, or with 0 in vpcast's. */
  async start(
    link: number,
    name: string,
    command: readonly string[],
    env: Record<string, string> = {},
  ): Promise<Daemon> {
    return await Daemon.start(this.#processes, {
      name,
      command: ['ip', 'netns', 'exec', this.namespace(link), ...command],
      env,
    });
  }

  /** Runs a shell text in a namespace and resolves with what it printed; rejects where it failed. */
  async run(link: number, script: string): Promise<string> {
    const args = ['netns', 'exec', this.namespace(link), 'sh', '-ec', script];
    const { stdout } = await promisify(execFile)('ip', args, { timeout: 20_000, killSignal: 'SIGKILL' });
    return stdout;
  }

  /** Idempotent; whatever still runs is killed. */
  async close(): Promise<void> {
    this.#processes.killNow();
    await this.#processes.close();
    const gone = new Promise((resolve) => this.#guard.once('close', resolve));
    this.#guard.stdin?.end();
    if (this.#guard.exitCode === null && this.#guard.signalCode === null) await gone;
  }

  async #build(routers: number): Promise<void> {
    const links = Array.from({ length: routers }, (_unused, index) => index + 1);
    const all = [0, ...links].map((link) => this.namespace(link));
    const script = [
      ...all.map((name) => `ip netns add ${name}`),
      ...all.map((name) => `ip netns exec ${name} sh -ec '${SYSCTLS}; ip link set lo up'`),
      ...links.map(
        (link) =>
          `ip link add vpcast0 netns ${this.namespace(link)} type veth peer name router${link} netns ${this.namespace(0)}`,
      ),
      ...links.map((link) => batch(this.namespace(link), 'vpcast0', addressLines('vpcast0', link, 'router'))),
      ...links.map((link) =>
        batch(this.namespace(0), `router${link}`, addressLines(`router${link}`, link, 'vpcast')),
      ),
      // FRR holds back what belongs to a link that the kernel has not yet found to be up.
      ...links.map((link) => untilUp(this.namespace(link), 'vpcast0')),
    ].join('\n');
    await promisify(execFile)('sh', ['-ec', script], { timeout: 20_000, killSignal: 'SIGKILL' });
  }
}

function batch(namespace: string, device: string, lines: readonly string[]): string {
  const text = [`link set ${device} addrgenmode none`, ...lines, `link set ${device} up`].join('\n');
  return `ip -netns ${namespace} -batch - <<END\n${text}\nEND`;
}

function untilUp(namespace: string, device: string): string {
  return `until ip -netns ${namespace} link show dev ${device} | grep -q 'state UP'; do sleep 0.02; done`;
}
