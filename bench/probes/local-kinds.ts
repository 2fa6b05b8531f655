import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { ADDRESS, type BareLoop, NO_SOURCE, type ProbeKind } from './kind.ts';
import { ANY_CERTIFICATE, tlsOf } from './service-kinds.ts';

const PROGRAM = '/bin/true';
const UNIT = 'dbus.service';
const SHOW_UNIT = ['systemctl', 'show', '--property=LoadState,ActiveState,SubState', '--', UNIT] as const;
const LIST_RULES = ['nft', '--json', '--terse', 'list', 'ruleset'] as const;
const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';
const TABLE_FILES = ['nf_conntrack_count', 'nf_conntrack_max'].map(
  (name) => `/proc/sys/net/netfilter/${name}`,
);

/** What is asked of this machine itself. */
export const LOCAL_KINDS = {
  command: {
    title: 'command',
    cost: 'process',
    peer: 'ourselves',
    spec: () => ({ type: 'command', argv: [PROGRAM] }),
    bare: () => ({
      once(done) {
        spawn(PROGRAM, { stdio: 'ignore' }).once('exit', done);
      },
      close: () => undefined,
    }),
    tools: () => [],
  },
  'tls-certificate-file': {
    title: 'certificate in a file',
    cost: 'packets',
    peer: 'ourselves',
    spec: ({ files, ca }) => ({
      type: 'tls_certificate',
      file: files.chain,
      keyFile: undefined,
      port: 0,
      startTls: undefined,
      tls: tlsOf(ca),
      ...ANY_CERTIFICATE,
      ...NO_SOURCE,
    }),
    bare: ({ files }) => bareWork(() => readFile(files.chain)),
    tools: ({ files }) => [['openssl', 'x509', '-noout', '-checkend', '0', '-in', files.chain]],
  },
  file: {
    title: 'file that exists',
    cost: 'packets',
    peer: 'ourselves',
    spec: ({ files }) => ({ type: 'file', path: files.text, state: 'exists', ...ANY_FILE }),
    bare: ({ files }) => bareWork(() => stat(files.text)),
    tools: ({ files }) => [['test', '-e', files.text]],
  },
  'file-text': {
    title: 'file with a text in it',
    cost: 'packets',
    peer: 'ourselves',
    spec: ({ files }) => ({ type: 'file', path: files.text, state: 'exists', ...ANY_FILE, contains: 'ok' }),
    bare: ({ files }) => bareWork(() => readFile(files.text)),
    tools: ({ files }) => [['grep', '-q', 'ok', files.text]],
  },
  'assigned-address': {
    title: 'assigned address',
    cost: 'packets',
    peer: 'ourselves',
    spec: () => ({ type: 'assigned_address', address: ADDRESS, interface: undefined, linkUp: false }),
    bare: () => bareWork(async () => networkInterfaces()),
    tools: () => [['ip', 'addr', 'show']],
  },
  systemd: {
    title: 'systemd',
    cost: 'process',
    peer: 'ourselves',
    spec: () => ({ type: 'systemd', unit: UNIT, state: 'active' }),
    bare: () => bareProgram(SHOW_UNIT),
    tools: () => [['systemctl', 'is-active', '--quiet', UNIT]],
    obstacle: () => missing('systemctl'),
  },
  conntrack: {
    title: 'connection tracking',
    cost: 'packets',
    peer: 'ourselves',
    spec: () => ({ type: 'conntrack', maxUsedPercent: 90 }),
    bare: () => bareWork(() => Promise.allSettled(TABLE_FILES.map((path) => readFile(path)))),
    tools: () => [
      ['conntrack', '-C'],
      ['cat', ...TABLE_FILES],
    ],
  },
  nat: {
    title: 'NAT',
    cost: 'process',
    peer: 'ourselves',
    spec: () => ({ type: 'nat', families: ['ipv4'], masquerade: true, sourceDestCheckOff: false }),
    bare: () => bareProgram(LIST_RULES, () => readFile(IP_FORWARD)),
    tools: () => [['nft', 'list', 'ruleset']],
    obstacle: () => missing('nft'),
  },
} as const satisfies Readonly<Record<string, ProbeKind>>;

const ANY_FILE = { contains: undefined, minAgeMs: undefined, maxAgeMs: undefined } as const;

function bareWork(work: () => Promise<unknown>): BareLoop {
  return {
    once(done) {
      work().then(done, done);
    },
    close: () => undefined,
  };
}

function bareProgram(
  [program, ...args]: readonly [string, ...string[]],
  before?: () => Promise<unknown>,
): BareLoop {
  const start = (done: () => void): void => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    child.once('close', done);
  };
  return {
    once(done) {
      if (before === undefined) start(done);
      else before().then(() => start(done), done);
    },
    close: () => undefined,
  };
}

function missing(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(':');
  const isHere = folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return isHere ? undefined : `${program} is not installed`;
}
