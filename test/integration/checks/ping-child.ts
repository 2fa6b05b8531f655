/** Pings as it is told by its argument (JSON of `PingTask`) and prints a `PingReport`: the part of the ping tests that runs in a namespace. */
import { readdirSync } from 'node:fs';
import { choosePingMethod, type ProbeOutcome } from '../../../src/checks/index.ts';
import { pingProbe } from '../../../src/checks/ping.ts';
import {
  bindSocket,
  closeSocket,
  connectSocket,
  openEchoSocket,
  receiveDatagram,
  sendDatagram,
} from '../../../src/lib/sockopt.ts';
import { systemClock } from '../../../src/lib/system-clock.ts';
import { latenessOf } from '../../support/lateness.ts';

export interface PingTask {
  readonly destinations: readonly string[];
  readonly timeoutMs: number;
  readonly rounds: number;
  readonly program?: string;
  readonly sourceAddress?: string;
  /** Gives root up before, so that no ICMP socket is permitted. */
  readonly isUnprivileged?: boolean;
  /** Answers every echo request on loopback itself, in this manner. */
  readonly answer?: 'honest' | 'twice' | 'wrong-nonce' | 'wrong-source';
}

export interface PingReport {
  readonly method: string;
  readonly method6: string;
  /** Per round, one for each destination. */
  readonly rounds: readonly (readonly ProbeOutcome[])[];
  /** How late the latest of a round ended, compared with a bare timer; meaningful where it timed out. */
  readonly mostLateMs: number;
  /** Open descriptors after the first round, and after all were closed. */
  readonly descriptors: readonly [number, number];
}

const IMPOSTOR = '127.0.0.99';

const task: PingTask = JSON.parse(process.argv[2] ?? '{}');
const { program } = task;
await choosePingMethod({ clock: systemClock, program }); // loads the binding while it may still be read
if (task.isUnprivileged === true && process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(65_534);
  process.setuid?.(65_534);
}
const stopAnswering = task.answer === undefined ? () => undefined : answerRequests(task.answer);
const methods = await choosePingMethod({ clock: systemClock, program });
const spec = {
  type: 'ping',
  payloadBytes: 56,
  sourceAddress: task.sourceAddress,
  sourceInterface: undefined,
} as const;
const probes = task.destinations.map((destination) => {
  return pingProbe({ spec, destination, clock: systemClock, program });
});
const rounds: ProbeOutcome[][] = [];
let mostLateMs = Number.NEGATIVE_INFINITY;
for (let round = 0; round < task.rounds; round += 1) {
  const signal = new AbortController().signal;
  const attempts = (): Promise<ProbeOutcome[]> =>
    Promise.all(probes.map((probe) => probe.attempt(task.timeoutMs, signal)));
  const timed = async () => {
    const outcomes = await attempts();
    return { outcomes, latencyMs: Math.max(...outcomes.map(({ latencyMs }) => latencyMs)) };
  };
  const { outcome, lateMs } = await latenessOf(task.timeoutMs, timed);
  rounds.push(outcome.outcomes);
  mostLateMs = Math.max(mostLateMs, lateMs);
}
const during = readdirSync('/proc/self/fd').length;
await Promise.all(probes.map((probe) => probe.close()));
stopAnswering();
await new Promise((resolve) => setImmediate(resolve));
const descriptors: [number, number] = [during, readdirSync('/proc/self/fd').length];
const report: PingReport = {
  mostLateMs,
  method: methods.ipv4.method,
  method6: methods.ipv6.method,
  rounds,
  descriptors,
};
console.log(JSON.stringify(report));

/** Hears all ICMP on a raw socket, and answers echo requests to 127.0.0.0/8 from a socket bound to the source it wants. */
function answerRequests(manner: NonNullable<PingTask['answer']>): () => void {
  const ear = openEchoSocket({ kind: 'raw-socket', family: 'ipv4' });
  if (!ear.ok) throw new Error(ear.code);
  const packet = Buffer.alloc(2_048);
  const timer = setInterval(() => {
    for (let heard = receiveDatagram(ear.fd, packet); heard.ok; heard = receiveDatagram(ear.fd, packet)) {
      const message = packet.subarray(20, heard.bytes);
      if (message[0] === 8) reply(message, [...packet.subarray(16, 20)].join('.'), heard.source ?? '');
    }
  }, 1);
  const reply = (request: Buffer, asked: string, asker: string): void => {
    const answer = Buffer.from(request);
    answer[0] = 0;
    if (manner === 'wrong-nonce') answer.writeUInt8(answer.readUInt8(30) ^ 1, 30);
    answer.writeUInt16BE(0, 2);
    answer.writeUInt16BE(checksum(answer), 2);
    const mouth = openEchoSocket({ kind: 'raw-socket', family: 'ipv4' });
    if (!mouth.ok) throw new Error(mouth.code);
    bindSocket(mouth.fd, manner === 'wrong-source' ? IMPOSTOR : asked);
    connectSocket(mouth.fd, asker);
    sendDatagram(mouth.fd, answer);
    if (manner === 'twice') sendDatagram(mouth.fd, answer);
    closeSocket(mouth.fd);
  };
  return () => {
    clearInterval(timer);
    closeSocket(ear.fd);
  };
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (const [index, byte] of bytes.entries()) sum += index % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
