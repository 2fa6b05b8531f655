import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type OwnedProcess, Processes } from '../../test/support/story/processes.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import { type LinkAddresses, PREFIX_LENGTH } from './addresses.ts';

/** The router's end of the link; the other one is called after this process, and is up when all is ready. */
const INNER = 'agents';

/**
 * The first process of the namespaces. When it ends, the kernel kills every other one in them, and then takes away the
 * network with the link: it ends with BIRD, and when its input does, which is when this process is gone, however it went.
 */
const INIT = `
  trap 'exit 0' TERM
  exec 3<&0
  (cat <&3 >/dev/null; kill -TERM 1) &
  echo ready
  until ip link show dev ${INNER} >/dev/null 2>&1; do sleep 0.02; done
  ip link set lo up
  ip address add "$1" dev ${INNER}
  ip link set ${INNER} up
  until ip link show dev ${INNER} | grep -q LOWER_UP; do sleep 0.02; done
  bird -f -c "$2" -s "$3" &
  wait $!
`;

export interface NamespaceOptions {
  readonly addresses: LinkAddresses;
  /** BIRD's. */
  readonly config: string;
  readonly socket: string;
  /** Takes each line that BIRD prints. */
  onLine(line: string): void;
}

/** BIRD in namespaces without a name, with a link to this host's network that has an address for each zone. */
export class RouterNamespace {
  readonly #link = `vpcast-${process.pid}`;
  readonly #processes = new Processes();
  readonly #lines: string[] = [];
  #init: OwnedProcess | undefined;

  /** Resolves once BIRD is being started. Rejects where it can't be; nothing is left then. */
  static async open(options: NamespaceOptions): Promise<RouterNamespace> {
    const namespace = new RouterNamespace();
    try {
      await namespace.#build(options);
      return namespace;
    } catch (error) {
      await namespace.close();
      throw error;
    }
  }

  isRunning(): boolean {
    return this.#init?.isRunning() === true;
  }

  /** What it printed last. */
  lastLine(): string {
    return this.#lines.at(-1) ?? 'it said nothing';
  }

  /** For an exit handler, where nothing can be waited for. */
  killNow(): void {
    this.#processes.killNow();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    // The kernel takes its time to end a namespace; the link is gone at once.
    await runIp([`link delete ${this.#link}`]).catch(() => undefined);
    this.#processes.killNow();
    await this.#processes.close();
  }

  async #build({ addresses, config, socket, onLine }: NamespaceOptions): Promise<void> {
    const init = ['sh', '-ec', INIT, 'sh', `${addresses.router}/${PREFIX_LENGTH}`, config, socket];
    this.#init = await this.#processes.start({
      name: 'the BGP router',
      script: 'unshare',
      isProgram: true,
      args: ['--net', '--pid', '--fork', '--kill-child', ...init],
      // Its log is in local time.
      env: { PATH: process.env.PATH ?? '', TZ: 'UTC' },
      onLine: (line) => {
        this.#lines.push(line);
        onLine(line);
      },
    });
    const { pid } = this.#init;
    await waitFor(() => this.#lines.includes('ready') || !this.isRunning(), {
      limitMs: 10_000,
      what: 'a network namespace',
    });
    if (!this.isRunning()) throw new Error(this.lastLine());
    await runIp([
      `link add ${this.#link} type veth peer name ${INNER} netns ${pid}`,
      ...addresses.zones.map((address) => `address add ${address}/${PREFIX_LENGTH} dev ${this.#link}`),
      `link set ${this.#link} up`,
    ]);
  }
}

/** All of it, or an Error that says what `ip` said. */
async function runIp(commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    await promisify(execFile)('ip', command.split(' '), { timeout: 10_000, killSignal: 'SIGKILL' });
  }
}
