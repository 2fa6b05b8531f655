import type { BgpMessage, Capability, OpenMessage } from '../../../src/bgp/message.ts';
import type { PeerInput, PeerOutput } from '../../../src/bgp/peer-events.ts';
import {
  createPeer,
  nextDeadlineMs,
  type PeerMachineSpec,
  type PeerState,
  retryAtMs,
  sessionState,
  stepPeer,
} from '../../../src/bgp/peer-machine.ts';
import type { PeerSpec } from '../../../src/bgp/spec.ts';
import type { SessionState } from '../../../src/bgp/status.ts';
import { peerSpec as plainPeer } from '../../support/bgp/facts.ts';

export type MessageOf<Type extends BgpMessage['type']> = Extract<BgpMessage, { readonly type: Type }>;

/** A peer as a configuration with nothing special in it has one: eBGP, AS 65000 to AS 65001. */
export function peerSpec(changes: Partial<PeerSpec> = {}): PeerSpec {
  return plainPeer({ name: 'tor-a', remoteAddress: '192.0.2.2', remoteAsn: 65_001, ...changes });
}

export function machineSpec(
  changes: Partial<PeerSpec> = {},
  own: Partial<Pick<PeerMachineSpec, 'routerId' | 'localAsn'>> = {},
): PeerMachineSpec {
  return { peer: peerSpec(changes), routerId: '10.0.0.1', localAsn: 65_000, ...own };
}

/** What AS 65001 says: both families, four-octet AS, route refresh. */
export function openOf(changes: Partial<OpenMessage> = {}): OpenMessage {
  return {
    type: 'open',
    version: 4,
    myAutonomousSystem: 65_001,
    holdTime: 90,
    bgpIdentifier: '10.0.0.2',
    capabilities: CAPABILITIES,
    ...changes,
  };
}

export const IPV4: Capability = { type: 'multiprotocol', afi: 1, safi: 1 };
export const IPV6: Capability = { type: 'multiprotocol', afi: 2, safi: 1 };

const CAPABILITIES: readonly Capability[] = [
  IPV4,
  IPV6,
  { type: 'route-refresh' },
  { type: 'four-octet-as', asn: 65_001 },
];

export const KEEPALIVE: BgpMessage = { type: 'keepalive' };
export const UPDATE: BgpMessage = { type: 'update', withdrawnRoutes: [], pathAttributes: [], nlri: [] };

export function notificationOf(
  errorCode: number,
  errorSubcode: number,
  ...data: number[]
): MessageOf<'notification'> {
  return { type: 'notification', errorCode, errorSubcode, data: Uint8Array.from(data) };
}

/** One machine and its time: what a driver is, without sockets. */
export class DrivenPeer {
  nowMs = 0;
  /** Of every step. */
  jitter = 0.5;
  state: PeerState;

  constructor(spec: PeerMachineSpec) {
    this.state = createPeer(spec);
  }

  /** Steps at once, and says what is to be done in a word each. */
  step(input: PeerInput): string[] {
    return this.outputs(input).map(wordOf);
  }

  outputs(input: PeerInput): readonly PeerOutput[] {
    const { state, outputs } = stepPeer(this.state, input, { nowMs: this.nowMs, jitter: this.jitter });
    this.state = state;
    return outputs;
  }

  connected(connection: 'outgoing' | 'incoming'): string[] {
    const addresses = { localAddress: '192.0.2.1', remoteAddress: '192.0.2.2' };
    return this.step({ type: 'connected', connection, ...addresses });
  }

  received(connection: 'outgoing' | 'incoming', message: BgpMessage): string[] {
    return this.step({ type: 'received', connection, message });
  }

  lost(connection: 'outgoing' | 'incoming', reason: LostReason = 'connection-lost'): string[] {
    return this.step({ type: 'lost', connection, reason, detail: 'ECONNRESET' });
  }

  /** From the start to Established on a connection that was dialled. */
  establish(): this {
    if (this.state.outgoing === undefined) this.step({ type: 'start' });
    this.connected('outgoing');
    this.received('outgoing', openOf());
    this.received('outgoing', KEEPALIVE);
    return this;
  }

  /** Lets time pass to the next deadline and steps it; says how many seconds it took, and what is to be done. */
  wait(): [seconds: number, ...words: string[]] {
    const atMs = nextDeadlineMs(this.state);
    if (atMs === undefined) throw new Error('nothing is waited for');
    const seconds = (atMs - this.nowMs) / 1_000;
    this.nowMs = atMs;
    return [seconds, ...this.step({ type: 'deadline' })];
  }

  /** Lets so much time pass, with every deadline met; says what was to be done. */
  pass(ms: number): string[] {
    const untilMs = this.nowMs + ms;
    const words: string[] = [];
    for (let atMs = nextDeadlineMs(this.state); atMs !== undefined && atMs <= untilMs; ) {
      words.push(...this.wait().slice(1).map(String));
      atMs = nextDeadlineMs(this.state);
    }
    this.nowMs = untilMs;
    return words;
  }
}

/** Not yet started. */
export function peer(changes: Partial<PeerSpec> = {}): DrivenPeer {
  return new DrivenPeer(machineSpec(changes));
}

export function started(changes: Partial<PeerSpec> = {}): DrivenPeer {
  const driven = peer(changes);
  driven.step({ type: 'start' });
  return driven;
}

export function stateOf({ state }: DrivenPeer): SessionState {
  return sessionState(state);
}

/** Seconds until the next attempt; undefined: none is set. */
export function retryInSec({ state, nowMs }: DrivenPeer): number | undefined {
  const atMs = retryAtMs(state);
  return atMs === undefined ? undefined : (atMs - nowMs) / 1_000;
}

type LostReason = Extract<PeerInput, { readonly type: 'lost' }>['reason'];

/** `out:open`, `in:6/7`, `out:close`, `ended connection-lost`… */
export function wordOf(output: PeerOutput): string {
  switch (output.type) {
    case 'dial':
      return 'dial';
    case 'send':
      return `${short(output.connection)}:${messageWord(output.message)}`;
    case 'close':
      return `${short(output.connection)}:${output.isAbrupt ? 'abort' : 'close'}`;
    case 'established':
      return `${short(output.connection)}:established`;
    case 'refresh':
      return `refresh ${output.afi}`;
    case 'ended':
      return `ended ${output.end.reason}${output.wasEstablished ? ', was established' : ''}`;
  }
}

function short(kind: 'outgoing' | 'incoming'): string {
  return kind === 'outgoing' ? 'out' : 'in';
}

function messageWord(message: BgpMessage): string {
  return message.type === 'notification' ? `${message.errorCode}/${message.errorSubcode}` : message.type;
}
