import type { Clock } from '../lib/clock.ts';
import type { IpFamily } from '../lib/sockaddr.ts';
import { closeSocket, type EchoSocketKind, openEchoSocket } from '../lib/sockopt.ts';
import { hasPingProgram, PING_SOCKET_ADVICE } from './ping-program.ts';

/** How pings of one address family leave this process now, and why not in a better way. One line for the log. */
export interface PingMethod {
  readonly method: EchoSocketKind | 'program' | 'none';
  readonly why: string;
}

export type PingMethods = Readonly<Record<IpFamily, PingMethod>>;

export interface PingMethodOptions {
  readonly clock: Clock;
  readonly program?: string | undefined;
}

/** What a ping check would do now, in the order that it tries; to be said at the start and by `doctor`. */
export async function choosePingMethod(options: PingMethodOptions): Promise<PingMethods> {
  return { ipv4: await chooseFor('ipv4', options), ipv6: await chooseFor('ipv6', options) };
}

async function chooseFor(family: IpFamily, { clock, program }: PingMethodOptions): Promise<PingMethod> {
  const ping = tryOpen('ping-socket', family);
  if (ping === undefined) return { method: 'ping-socket', why: 'the kernel gives this group a ping socket' };
  if (ping === 'EAFNOSUPPORT') return { method: 'none', why: `this host has no ${family}` };
  const raw = tryOpen('raw-socket', family);
  if (raw === undefined)
    return { method: 'raw-socket', why: `no ping socket (${ping}), but a raw one is permitted` };
  const refused =
    ping === 'unavailable' ? 'no native binding' : `no ping socket (${ping}), no raw one (${raw})`;
  const advice = ping === 'unavailable' ? 'install the koffi package of this platform' : PING_SOCKET_ADVICE;
  return (await hasPingProgram(clock, program))
    ? { method: 'program', why: `${refused}: each ping starts a process; ${advice}` }
    : { method: 'none', why: `${refused}, and no ping program: ${advice}` };
}

/** The errno's name, or undefined where it opened. */
function tryOpen(kind: EchoSocketKind, family: IpFamily): string | undefined {
  const opened = openEchoSocket({ kind, family });
  if (!opened.ok) return opened.code;
  closeSocket(opened.fd);
  return undefined;
}
