/**
 * A peer that everybody announces to: it notes when each UPDATE arrives, before it looks into it. It is one process for
 * all sessions, and does nothing else.
 */
import { createServer, type Socket } from 'node:net';
import { decodeMessage } from '../../src/bgp/decode.ts';
import { Framer, MESSAGE_CODE } from '../../src/bgp/framer.ts';
import { formatPrefix } from '../../src/bgp/prefix.ts';
import { monotonicMs } from './monotonic.ts';
import { argument, listenToParent, tellParent } from './parent-link.ts';
import { KEEPALIVE, openMessage, RESET } from './wire.ts';

export interface PeerRequest {
  readonly port: number;
  readonly asn: number;
  readonly holdTimeSec: number;
  /** Sessions are kept from being established until `release`. */
  readonly isHeld: boolean;
  /** Each UPDATE as it comes, or only how many have come, for whoever asks: telling takes time. */
  readonly tells: 'each' | 'totals';
  /** Where it takes connections and ends them: something for checks to ask. */
  readonly servicePort?: number;
}

export type PeerCommand =
  | { readonly type: 'release' }
  /** Ends all sessions by a Cease; what was counted is forgotten. */
  | { readonly type: 'reset' }
  | { readonly type: 'totals' };

export type PeerEvent =
  | { readonly type: 'listening' }
  | { readonly type: 'open'; readonly session: string }
  | { readonly type: 'established'; readonly session: string }
  /** The End-of-RIB of both families has come: everything was sent. */
  | { readonly type: 'complete'; readonly session: string }
  | { readonly type: 'closed'; readonly session: string }
  | {
      readonly type: 'update';
      readonly session: string;
      readonly atMs: number;
      readonly announced: readonly string[];
      readonly withdrawn: readonly string[];
    }
  /** When the KEEPALIVE was written that lets the last session be established. */
  | { readonly type: 'released'; readonly atMs: number }
  | { readonly type: 'totals'; readonly sessions: readonly SessionTotals[] };

/** Of one session. Times are monotonic, ms. */
export interface SessionTotals {
  readonly session: string;
  /** One that is lost and comes back has another. */
  readonly number: number;
  /** Those that say something: without End-of-RIB. */
  readonly updates: number;
  readonly keepalives: number;
  readonly lastUpdateMs: number;
  readonly prefixes: number;
}

interface Arrival {
  readonly atMs: number;
  readonly body: Uint8Array;
}

/** No longer UPDATE says nothing: an empty one has 4 bytes, one with an empty MP_UNREACH_NLRI has 10 or 11. */
const LONGEST_END_OF_RIB = 11;
const FAMILIES = ['ipv4', 'ipv6'] as const;
const CONTEXT = { isFourOctetAs: true, isIbgp: false, families: FAMILIES, hasExtendedNextHop: true } as const;

const request = argument<PeerRequest>();
const sessions = new Set<Session>();
let accepted = 0;

class Session {
  /** Both ends: `10.77.1.10>10.77.1.1`. */
  readonly name: string;
  readonly number: number;
  readonly arrivals: Arrival[] = [];
  keepalives = 0;
  readonly #socket: Socket;
  readonly #framer = new Framer();
  #endOfRibs = 0;
  #isOpen = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    accepted += 1;
    this.number = accepted;
    this.name = `${socket.remoteAddress}>${socket.localAddress}`;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(this.#timer);
      sessions.delete(this);
      tellParent({ type: 'closed', session: this.name });
    });
    socket.on('data', (chunk) => this.#take(chunk, monotonicMs()));
  }

  /** Lets it be established. */
  release(): void {
    if (!this.#isOpen || this.#timer !== undefined) return;
    this.#socket.write(KEEPALIVE);
    this.#timer = setInterval(() => this.#socket.write(KEEPALIVE), (request.holdTimeSec * 1_000) / 3);
  }

  reset(): void {
    this.#socket.end(RESET);
  }

  #take(chunk: Uint8Array, atMs: number): void {
    for (const framed of this.#framer.push(chunk)) {
      if (!framed.ok) throw new Error(`${this.name}: ${framed.why}`);
      if (framed.type === MESSAGE_CODE.open) this.#greet();
      if (framed.type === MESSAGE_CODE.keepalive) this.#confirmed();
      if (framed.type === MESSAGE_CODE.update) this.#updated({ atMs, body: framed.body });
    }
  }

  #greet(): void {
    const { asn, holdTimeSec } = request;
    this.#isOpen = true;
    this.#socket.write(openMessage({ asn, holdTimeSec, routerId: '192.0.2.1' }));
    tellParent({ type: 'open', session: this.name });
    if (!request.isHeld) this.release();
  }

  #confirmed(): void {
    this.keepalives += 1;
    if (this.keepalives === 1) tellParent({ type: 'established', session: this.name });
  }

  #updated(arrival: Arrival): void {
    if (request.tells === 'each') {
      const { announced, withdrawn } = read(arrival);
      tellParent({ type: 'update', session: this.name, atMs: arrival.atMs, announced, withdrawn });
      return;
    }
    if (arrival.body.length > LONGEST_END_OF_RIB || says(arrival)) this.arrivals.push(arrival);
    else this.#endOfRibs += 1;
    if (this.#endOfRibs === FAMILIES.length) tellParent({ type: 'complete', session: this.name });
  }
}

function says(arrival: Arrival): boolean {
  const { announced, withdrawn } = read(arrival);
  return announced.length + withdrawn.length > 0;
}

function read({ body }: Arrival): { readonly announced: string[]; readonly withdrawn: string[] } {
  const decoded = decodeMessage(MESSAGE_CODE.update, body, CONTEXT);
  if (!decoded.ok || decoded.message.type !== 'update') throw new Error('an UPDATE that is none');
  const announced = [...decoded.message.nlri];
  const withdrawn = [...decoded.message.withdrawnRoutes];
  for (const attribute of decoded.message.pathAttributes) {
    if (attribute.type === 'mp-reach-nlri') announced.push(...(attribute.nlri ?? []));
    if (attribute.type === 'mp-unreach-nlri') withdrawn.push(...(attribute.withdrawnRoutes ?? []));
  }
  return { announced: announced.map(formatPrefix), withdrawn: withdrawn.map(formatPrefix) };
}

function totalsOf({ name, number, arrivals, keepalives }: Session): SessionTotals {
  const prefixes = new Set(arrivals.flatMap((arrival) => read(arrival).announced));
  return {
    session: name,
    number,
    updates: arrivals.length,
    keepalives,
    lastUpdateMs: arrivals.at(-1)?.atMs ?? Number.NaN,
    prefixes: prefixes.size,
  };
}

function obey(command: PeerCommand): void {
  switch (command.type) {
    case 'release':
      for (const session of sessions) session.release();
      tellParent({ type: 'released', atMs: monotonicMs() });
      break;
    case 'reset':
      for (const session of sessions) session.reset();
      break;
    case 'totals':
      tellParent({ type: 'totals', sessions: [...sessions].map(totalsOf) });
      break;
  }
}

listenToParent(obey);
const { port, servicePort } = request;
if (servicePort !== undefined)
  createServer((socket) => socket.end().on('error', () => {})).listen(servicePort);
createServer((socket) => sessions.add(new Session(socket))).listen(port, '0.0.0.0', () =>
  tellParent({ type: 'listening' }),
);
