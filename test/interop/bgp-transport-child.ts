/**
 * The parts of the test that run in network namespaces, as said by the argument: a listener, dials, and service addresses;
 * what came of them is printed as JSON.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ServiceAddresses } from '../../src/announce/service-addresses.ts';
import { Listener } from '../../src/bgp/listener.ts';
import type { PeerSecurity } from '../../src/bgp/spec.ts';
import { abandon, dialPeer } from '../../src/bgp/transport.ts';
import { systemClock as clock } from '../../src/lib/system-clock.ts';
import { attributes } from '../support/announcements.ts';
import { dialOptions, listenerPeer } from '../support/bgp-peers.ts';
import { FakeAnnouncer } from '../support/fake-announcer.ts';
import { waitFor } from '../support/story/wait.ts';

/** Both ends of one connection, in two namespaces. */
export interface Meeting {
  readonly name: string;
  /** Of the namespace that listens. */
  readonly netns: string;
  readonly listen: string;
  readonly there: string;
  readonly here: string;
  readonly listening: Partial<PeerSecurity>;
  readonly dialling: Partial<PeerSecurity>;
  /** What is expected: a connection that comes is waited for, one that does not is not waited for long. */
  readonly isLetIn: boolean;
}

const PORT = 1_179;
/** A handshake in namespaces takes a few milliseconds. */
const PATIENCE_MS = 900;
const LIMIT_MS = 10_000;

/** Listens until its standard input ends, and says who has come. */
function listenPart({ listen, here, listening }: Meeting): void {
  const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  const listener = new Listener({
    spec: { address: listen, port: PORT },
    // The other end of the link has another name.
    peers: [listenerPeer(here.replace('%a', '%b'), listening)],
    clock,
    onConnection: (socket) => {
      socket.on('error', () => undefined);
      say({ accepted: socket.remoteAddress });
    },
    onState: (failure) => say({ failure: failure ?? null }),
    onRefusal: ({ address, why }) => say({ refused: address, why }),
    onCrash: (error) => {
      throw error;
    },
  });
  listener.start();
  process.stdin.resume().on('end', () => process.exit(0));
}

async function meetPart(meetings: readonly Meeting[]): Promise<object> {
  const met: Record<string, string> = {};
  for (const meeting of meetings) met[meeting.name] = await meet(meeting);
  return met;
}

async function meet(meeting: Meeting): Promise<string> {
  const { lines, end } = startIn(meeting.netns, { part: 'listen', meeting });
  try {
    await waitFor(() => lines.length > 0, { limitMs: LIMIT_MS, what: 'the listener has begun' });
    if (lines[0] !== '{"failure":null}') return `listener: ${lines[0]}`;
    const { there: remoteAddress, here: localAddress, dialling, isLetIn } = meeting;
    const bare = localAddress.replace(/%.*/, '');
    const options = dialOptions({ remoteAddress, remotePort: PORT, localAddress }, dialling);
    const dialled = dialPeer(options);
    if (!dialled.ok) return `${dialled.reason}: ${dialled.detail}`;
    const { socket, explain } = dialled;
    const outcome = await new Promise<string>((resolve) => {
      const timer = setTimeout(
        () => resolve(`silence: ${explain(undefined)}`),
        isLetIn ? LIMIT_MS : PATIENCE_MS,
      );
      socket.once('connect', () => resolve('connected'));
      socket.on('error', (error) => resolve(explain(error)));
      socket.once('close', () => clearTimeout(timer));
    });
    if (outcome === 'connected') {
      const isAccepted = (): boolean =>
        lines.some((line) => line.includes(`"accepted":`) && line.includes(bare));
      await waitFor(isAccepted, { limitMs: LIMIT_MS, what: `accepted ${bare}: ${lines.join(' ')}` });
    }
    abandon(socket);
    return outcome;
  } finally {
    await end();
  }
}

function startIn(netns: string | undefined, argument: object) {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', process.argv[1] ?? ''];
  const command = [...(netns === undefined ? [] : ['ip', 'netns', 'exec', netns]), ...node];
  const [program = '', ...args] = command;
  const child: ChildProcess = spawn(program, [...args, JSON.stringify(argument)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = (signal?: NodeJS.Signals): Promise<void> => {
    if (signal === undefined) child.stdin?.end();
    else child.kill(signal);
    return exited;
  };
  return { lines, end };
}

const [A, B, FOREIGN] = ['10.5.0.1/32', '2001:db8:5::1/128', '10.5.0.9/32'];

function run(line: string): void {
  const [program = '', ...args] = line.split(' ');
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 10_000 });
}

/** What iproute2 lists, but the loopback's own. */
function listed(device: string): readonly string[] {
  const printed = execFileSync('ip', ['-j', 'address', 'show', 'dev', device], { encoding: 'utf8' });
  const [link] = JSON.parse(printed) as {
    addr_info: { local: string; prefixlen: number; scope: string; tentative?: true }[];
  }[];
  return (link?.addr_info ?? [])
    .filter(({ local }) => !/^(127\.|::1$|fe80:)/.test(local))
    .map(
      ({ local, prefixlen, scope, tentative }) =>
        `${local}/${prefixlen} ${scope}${tentative ? ' tentative' : ''}`,
    );
}

function serve(device: string, removeDelayMs = 50) {
  const inner = new FakeAnnouncer(clock);
  const told: string[] = [];
  const outer = new ServiceAddresses(inner, {
    spec: { interface: device, removeDelayMs },
    clock,
    random: Math.random,
    onEvent: (event) => {
      told.push(
        event.type === 'service-address'
          ? `${event.change} ${event.address}: ${event.why ?? ''}`
          : event.type,
      );
    },
  });
  const set = (...prefixes: readonly string[]): void =>
    outer.set(prefixes.map((prefix) => ({ prefix, attributes: attributes() })));
  return { inner, outer, told, set };
}

/** Announces and stays, until it is killed. */
async function holdPart(device: string): Promise<void> {
  const { inner, set } = serve(device);
  set(A, B);
  await waitFor(() => inner.prefixes().length === 2, { limitMs: LIMIT_MS, what: 'announced' });
  process.stdout.write('held\n');
  process.stdin.resume();
}

async function addressesPart(device: string): Promise<object> {
  const seen: Record<string, unknown> = {};
  const wait = (what: string, condition: () => boolean): Promise<true> =>
    waitFor(() => condition() || undefined, { limitMs: LIMIT_MS, what });
  run(`ip address add ${FOREIGN} dev ${device}`);

  const first = serve(device);
  first.set(A, B, FOREIGN);
  await wait('all announced', () => first.inner.prefixes().length === 3);
  seen.added = listed(device);
  seen.states = first.outer.status().addresses.map(({ address, state }) => `${address} ${state}`);
  first.set(B);
  seen.withdrawn = [first.inner.prefixes(), listed(device).length];
  await wait('A removed', () => listed(device).length === 2);
  await first.outer.close('stop');
  seen.closed = listed(device);

  const held = startIn(undefined, { part: 'hold', device });
  await wait('held', () => held.lines.includes('held'));
  await held.end('SIGKILL');
  seen.killed = listed(device);
  const second = serve(device);
  second.set(A);
  await wait('A announced', () => second.inner.prefixes().length === 1);
  seen.recovered = second.told.filter((each) => each.startsWith('found')).sort();
  await wait('B removed', () => listed(device).length === 2);
  seen.kept = listed(device);

  run(`ip link set ${device} down`);
  await wait('withdrawn', () => second.inner.prefixes().length === 0);
  run(`ip link set ${device} up`);
  await wait('announced again', () => second.inner.prefixes().length === 1);
  run(`ip address del ${A} dev ${device}`);
  await wait('added again', () => listed(device).length === 2);
  await second.outer.close('stop');
  seen.closedAgain = listed(device);

  run(`sysctl -qw net.ipv6.conf.${device}.disable_ipv6=1`);
  const third = serve(device);
  third.set(B);
  await wait('B failed', () => third.told.length > 0);
  seen.noIpv6 = third.told;
  await third.outer.close('stop');

  process.setgroups?.([]);
  process.setuid?.(65_534);
  const fourth = serve(device);
  fourth.set(A, FOREIGN);
  await wait('A failed', () => fourth.told.some((each) => each.startsWith('failed')));
  seen.denied = [fourth.inner.prefixes(), fourth.told.filter((each) => each.startsWith('failed'))];
  const fifth = serve('none0');
  fifth.set(A);
  await wait('no interface', () => fifth.told.length > 0);
  seen.noInterface = fifth.told;
  await Promise.all([fourth.outer.close('stop'), fifth.outer.close('stop')]);
  return seen;
}

const argument = JSON.parse(process.argv[2] ?? '{}');
if (argument.part === 'listen') listenPart(argument.meeting);
else if (argument.part === 'hold') await holdPart(argument.device);
else {
  const isMeeting = argument.part === 'meet';
  const came = isMeeting ? await meetPart(argument.meetings) : await addressesPart(argument.device);
  process.stdout.write(JSON.stringify(came));
  process.exitCode = 0;
}
