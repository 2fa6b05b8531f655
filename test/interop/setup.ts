/**
 * Installs what the interop suite needs and this machine lacks, before any test runs: no test there may be skipped.
 * Exits with 1, naming what is missing and how to get it, where it can't be installed from here.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { ensureGoProgram } from '../support/go-program.ts';
import { ensureMotoVenv } from '../support/moto-venv.ts';

interface Tool {
  /** A command that succeeds where the tool is. */
  readonly test: readonly [string, ...string[]];
  readonly name: string;
  /** Debian's. */
  readonly packageName: string;
}

const TOOLS: readonly Tool[] = [
  { test: ['ip', '-V'], name: 'ip', packageName: 'iproute2' },
  { test: ['ping', '-V'], name: 'ping', packageName: 'iputils-ping' },
  { test: ['unshare', '--version'], name: 'unshare', packageName: 'util-linux' },
  { test: ['nft', '--version'], name: 'nft', packageName: 'nftables' },
  { test: ['iptables-legacy', '--version'], name: 'iptables', packageName: 'iptables' },
  { test: ['/usr/lib/systemd/systemd', '--version'], name: 'systemd', packageName: 'systemd' },
  {
    test: ['sh', '-c', 'ls /usr/lib/*/faketime/libfaketime.so.1'],
    name: 'libfaketime',
    packageName: 'libfaketime',
  },
  {
    test: ['python3', '-c', 'import venv, ensurepip'],
    name: 'python3 with venv',
    packageName: 'python3-venv',
  },
  { test: ['unbound', '-V'], name: 'unbound', packageName: 'unbound' },
  { test: ['chronyd', '-v'], name: 'chronyd', packageName: 'chrony' },
  { test: ['in.tftpd', '-V'], name: 'in.tftpd', packageName: 'tftpd-hpa' },
  { test: ['sh', '-c', 'PATH=$PATH:/usr/sbin nginx -v'], name: 'nginx', packageName: 'nginx' },
  {
    test: ['test', '-e', '/usr/lib/nginx/modules/ngx_mail_module.so'],
    name: "nginx's mail module",
    packageName: 'libnginx-mod-mail',
  },
  { test: ['sh', '-c', 'PATH=$PATH:/usr/sbin pgbouncer -V'], name: 'pgbouncer', packageName: 'pgbouncer' },
  { test: ['openssl', 'version'], name: 'openssl', packageName: 'openssl' },
  { test: ['/usr/lib/frr/bgpd', '--version'], name: 'FRR', packageName: 'frr' },
  { test: ['sh', '-c', 'PATH=$PATH:/usr/sbin bird --version'], name: 'BIRD', packageName: 'bird2' },
  { test: ['sh', '-c', 'gobgpd --version && command -v gobgp'], name: 'GoBGP', packageName: 'gobgpd' },
  { test: ['sh', '-c', 'PATH=$PATH:/usr/sbin tcpdump --version'], name: 'tcpdump', packageName: 'tcpdump' },
  { test: ['go', 'version'], name: 'go', packageName: 'golang-go' },
  { test: ['spin', '-V'], name: 'spin', packageName: 'spin' },
  // spin makes a C program of a model.
  { test: ['gcc', '--version'], name: 'gcc', packageName: 'gcc' },
  {
    test: ['sh', '-c', 'echo "#include <stdio.h>" | gcc -E -'],
    name: 'headers of C',
    packageName: 'libc6-dev',
  },
];

/** Asked by Debian's packages before they start a service; 101: "must not". */
const POLICY = '/usr/sbin/policy-rc.d';

process.exitCode = await main();

async function main(): Promise<number> {
  const missing = TOOLS.filter((tool) => !isThere(tool));
  if (missing.length > 0) install(missing);
  const still = missing.filter((tool) => !isThere(tool));
  if (still.length > 0) {
    const names = still.map((tool) => tool.name).join(', ');
    say(
      `missing: ${names}. As root on Debian: apt-get install ${still.map((tool) => tool.packageName).join(' ')}`,
    );
    return 1;
  }
  try {
    say(`moto is at ${await ensureMotoVenv()}`);
    for (const name of ['grpc-health', 'gobgpd', 'gobgp'] as const) {
      say(`${name} is at ${await ensureGoProgram(name)}`);
    }
    return 0;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function isThere({ test: [program, ...args] }: Tool): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** Only where it can work: as root, with apt-get. The packages' own services are not started: the tests run their own. */
function install(tools: readonly Tool[]): void {
  if (process.getuid?.() !== 0) return;
  const isOwnPolicy = !existsSync(POLICY);
  if (isOwnPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    installPackages(tools.map((tool) => tool.packageName));
  } finally {
    if (isOwnPolicy) rmSync(POLICY);
  }
}

function installPackages(packages: readonly string[]): void {
  say(`installing ${packages.join(', ')}`);
  for (const args of [
    ['update', '--quiet=2'],
    ['install', '--yes', '--quiet=2', '--no-install-recommends', ...packages],
  ]) {
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
}

function say(text: string): void {
  process.stderr.write(`interop: ${text}\n`);
}
