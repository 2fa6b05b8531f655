import { describe, expect, it } from 'vitest';
import type { BgpMessage } from '../../../src/bgp/message.ts';
import type { ConnectionKind, PeerInput, PeerOutput } from '../../../src/bgp/peer-events.ts';
import {
  createPeer,
  nextDeadlineMs,
  type PeerMachineSpec,
  type PeerState,
  sessionState,
  stepPeer,
} from '../../../src/bgp/peer-machine.ts';
import { machineSpec } from './machine-fixture.ts';

/** Two speakers that dial each other; a connection is named after who dialled it. */
type Side = 'a' | 'b';
const SIDES: readonly Side[] = ['a', 'b'];
type Parcel = BgpMessage | 'fin';

/** One end of a connection, and what is on its way there. */
interface End {
  /** `coming`: TCP is about to tell of it. */
  readonly phase: 'none' | 'coming' | 'open' | 'closed';
  readonly inbox: readonly Parcel[];
}

type Connection = Readonly<Record<Side, End>>;

interface World {
  readonly peers: Readonly<Record<Side, PeerState>>;
  /** By who dialled. */
  readonly connections: Readonly<Record<Side, Connection>>;
}

/** What can happen next: something arrives at the end of `side` of a connection. */
interface Arrival {
  readonly dialler: Side;
  readonly side: Side;
}

const NO_END: End = { phase: 'none', inbox: [] };
const NO_CONNECTION: Connection = { a: NO_END, b: NO_END };

function otherSide(side: Side): Side {
  return side === 'a' ? 'b' : 'a';
}

function kindAt(dialler: Side, side: Side): ConnectionKind {
  return dialler === side ? 'outgoing' : 'incoming';
}

function withEnd(world: World, { dialler, side }: Arrival, change: Partial<End>): World {
  const connection = world.connections[dialler];
  const changed = { ...connection, [side]: { ...connection[side], ...change } };
  return { ...world, connections: { ...world.connections, [dialler]: changed } };
}

function post(world: World, at: Arrival, parcel: Parcel): World {
  return withEnd(world, at, { inbox: [...world.connections[at.dialler][at.side].inbox, parcel] });
}

function step(world: World, side: Side, input: PeerInput): World {
  // No time passes: nothing here depends on a timer.
  const { state, outputs } = stepPeer(world.peers[side], input, { nowMs: 0, jitter: 0.5 });
  return outputs.reduce((before, output) => carryOut(before, side, output), {
    ...world,
    peers: { ...world.peers, [side]: state },
  });
}

function carryOut(world: World, side: Side, output: PeerOutput): World {
  const remote = otherSide(side);
  switch (output.type) {
    case 'dial': {
      const dialled = withEnd(world, { dialler: side, side }, { phase: 'coming', inbox: [] });
      return withEnd(dialled, { dialler: side, side: remote }, { phase: 'coming', inbox: [] });
    }
    case 'send':
    case 'close': {
      const dialler = output.connection === 'outgoing' ? side : remote;
      const there = { dialler, side: remote };
      if (output.type === 'send') return post(world, there, output.message);
      return post(withEnd(world, { dialler, side }, { phase: 'closed', inbox: [] }), there, 'fin');
    }
    default:
      return world;
  }
}

function arrivals(world: World): Arrival[] {
  const all = SIDES.flatMap((dialler) => SIDES.map((side) => ({ dialler, side })));
  return all.filter(({ dialler, side }) => {
    const { phase, inbox } = world.connections[dialler][side];
    return phase === 'coming' || (phase === 'open' && inbox.length > 0);
  });
}

function arrive(world: World, at: Arrival): World {
  const { dialler, side } = at;
  const connection = kindAt(dialler, side);
  const { phase, inbox } = world.connections[dialler][side];
  if (phase === 'coming') {
    const addresses = { localAddress: side, remoteAddress: otherSide(side) };
    return step(withEnd(world, at, { phase: 'open' }), side, { type: 'connected', connection, ...addresses });
  }
  const [parcel, ...rest] = inbox;
  if (parcel === undefined) return world;
  if (parcel === 'fin') {
    const lost = withEnd(world, at, { phase: 'closed', inbox: [] });
    return step(lost, side, { type: 'lost', connection, reason: 'connection-lost', detail: 'FIN' });
  }
  return step(withEnd(world, at, { inbox: rest }), side, { type: 'received', connection, message: parcel });
}

/** Where all that was on its way has arrived. */
function outcomeOf({ peers }: World): string {
  const sessions = SIDES.map((side) => {
    const { outgoing, incoming } = peers[side];
    if (outgoing !== undefined && incoming !== undefined) return 'two connections';
    if (sessionState(peers[side]) !== 'Established') return sessionState(peers[side]);
    return outgoing === undefined ? otherSide(side) : side;
  });
  const [first, second] = sessions;
  if (first === 'Idle' && second === 'Idle') {
    return SIDES.every((side) => nextDeadlineMs(peers[side]) !== undefined) ? 'both try again' : 'stuck';
  }
  return first === second ? `the session that ${first} dialled` : sessions.join(' and ');
}

/** Every order in which things can arrive; how the world ends, and how many worlds there are. */
function explore(specs: Readonly<Record<Side, PeerMachineSpec>>): { outcomes: Set<string>; worlds: number } {
  const peers = { a: createPeer(specs.a), b: createPeer(specs.b) };
  const begun = SIDES.reduce<World>((world, side) => step(world, side, { type: 'start' }), {
    peers,
    connections: { a: NO_CONNECTION, b: NO_CONNECTION },
  });
  const outcomes = new Set<string>();
  const seen = new Set<string>();
  const open = [begun];
  for (let world = open.pop(); world !== undefined; world = open.pop()) {
    const key = JSON.stringify([world.connections, keyOf(world.peers.a), keyOf(world.peers.b)]);
    if (seen.has(key)) continue;
    seen.add(key);
    const next = arrivals(world);
    if (next.length === 0) outcomes.add(outcomeOf(world));
    for (const at of next) open.push(arrive(world, at));
    for (const side of SIDES) expect(establishedAt(world.peers[side])).toBeLessThanOrEqual(1);
  }
  return { outcomes, worlds: seen.size };
}

function keyOf({ outgoing, incoming, retryAtMs }: PeerState): unknown {
  return [outgoing?.state, incoming?.state, retryAtMs !== undefined];
}

function establishedAt({ outgoing, incoming }: PeerState): number {
  return [outgoing, incoming].filter((connection) => connection?.state === 'Established').length;
}

const AS_A = 65_000;
const AS_B = 65_001;

function speakers(idOfA: string, idOfB: string) {
  return {
    a: machineSpec({ remoteAsn: AS_B }, { routerId: idOfA, localAsn: AS_A }),
    b: machineSpec({ remoteAsn: AS_A }, { routerId: idOfB, localAsn: AS_B }),
  };
}

describe('two speakers that dial each other at the same time', () => {
  it.each([
    ['the identifier of a is higher', '10.0.0.2', '10.0.0.1'],
    ['the identifier of b is higher', '10.0.0.1', '10.0.0.2'],
    ['the identifiers are the same', '10.0.0.1', '10.0.0.1'],
  ])('come to one session, or try again, in whatever order things arrive: %s', (_, idOfA, idOfB) => {
    const { outcomes, worlds } = explore(speakers(idOfA, idOfB));
    expect(worlds).toBeGreaterThan(100);
    expect([...outcomes].sort()).toEqual([
      'both try again',
      'the session that a dialled',
      'the session that b dialled',
    ]);
  });

  it('come to the session of the one who dials where the other only listens', () => {
    const { a, b } = speakers('10.0.0.1', '10.0.0.2');
    const passive = { ...b, peer: { ...b.peer, isPassive: true } };
    expect([...explore({ a, b: passive }).outcomes]).toEqual(['the session that a dialled']);
  });
});
