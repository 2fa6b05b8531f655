import { spawnSync } from 'node:child_process';

/** Where the API and the metadata services listen, in the hub's namespace. */
export const HUB_ADDRESS = '10.0.0.1';

/** Where a run keeps its files. */
export const PLACE = '/dev/shm';

/** What happens to packets on their way from one address to another. */
export interface Obstacle {
  readonly from: string;
  readonly to: string;
  /** 100: none passes. */
  readonly lossPercent: number;
  /** Only TCP packets from or to this port at the hub. */
  readonly hubPort?: number;
}

/**
 * Namespaces of nodes around this process's own, which must be new (see launch.ts): it forwards between them, and it
 * can drop packets one way. All of it ends with the namespaces of this process.
 */
export class Network {
  readonly #obstacles = new Set<Obstacle>();

  /** Makes the hub of this process's own network namespace. Throws where that is not permitted. */
  static openHub(): Network {
    // Names of namespaces are files in the one, ours and libfaketime's are in the other. In file systems of this mount
    // namespace nobody sees them, and they end with it.
    for (const place of ['/run/netns', PLACE]) {
      run('mkdir', ['-p', place]);
      run('mount', ['-t', 'tmpfs', 'tmpfs', place]);
    }
    run('ip', ['link', 'set', 'lo', 'up']);
    run('ip', ['address', 'add', `${HUB_ADDRESS}/32`, 'dev', 'lo']);
    run('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    return new Network();
  }

  /** A namespace with one interface, at this address of a /24. */
  addNode(name: string, address: string): void {
    const gateway = address.replace(/\d+$/, '1');
    run('ip', ['netns', 'add', name]);
    run('ip', ['link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
    run('ip', ['address', 'add', `${gateway}/24`, 'dev', `to-${name}`]);
    run('ip', ['link', 'set', `to-${name}`, 'up']);
    run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    run('ip', ['-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0']);
    this.#raise(name, gateway);
  }

  /** Takes the node's cable out, or puts it back. */
  setLink(name: string, address: string, isUp: boolean): void {
    if (isUp) this.#raise(name, address.replace(/\d+$/, '1'));
    else run('ip', ['-n', name, 'link', 'set', 'eth0', 'down']);
  }

  /** Puts an obstacle in the way; what is given back removes it. */
  obstruct(obstacles: readonly Obstacle[]): () => void {
    for (const obstacle of obstacles) this.#obstacles.add(obstacle);
    this.#apply();
    return () => {
      for (const obstacle of obstacles) this.#obstacles.delete(obstacle);
      this.#apply();
    };
  }

  #raise(name: string, gateway: string): void {
    run('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
    run('ip', ['-n', name, 'route', 'replace', 'default', 'via', gateway]);
  }

  /** One transaction: packets see the old rules or the new ones. */
  #apply(): void {
    const rules = [...this.#obstacles].map(ruleOf);
    const chains = ['forward', 'input', 'output'].map((hook) => {
      return `chain ${hook} { type filter hook ${hook} priority 0; ${rules.join('; ')}; }`;
    });
    const empty = 'table inet chaos\ndelete table inet chaos';
    run('nft', ['-f', '-'], `${empty}\ntable inet chaos {\n${chains.join('\n')}\n}\n`);
  }
}

/** The command line that runs a command in a node's namespace, in place of itself: the pid stays the same. */
export function inNamespace(name: string, command: readonly string[]): readonly [string, ...string[]] {
  return ['nsenter', `--net=/run/netns/${name}`, ...command];
}

function ruleOf({ from, to, lossPercent, hubPort }: Obstacle): string {
  const port = to === HUB_ADDRESS ? 'dport' : 'sport';
  const parts = [
    `ip saddr ${from} ip daddr ${to}`,
    hubPort === undefined ? '' : `tcp ${port} ${hubPort}`,
    lossPercent < 100 ? `numgen random mod 100 < ${lossPercent}` : '',
    'drop',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function run(program: string, args: readonly string[], input?: string): void {
  const result = spawnSync(program, args, { input, encoding: 'utf8', timeout: 10_000 });
  if (result.status === 0) return;
  const why = result.error?.message ?? result.stderr.trim();
  throw new Error(`${program} ${args.join(' ')}: ${why}`);
}
