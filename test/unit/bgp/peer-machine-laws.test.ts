import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BgpMessage } from '../../../src/bgp/message.ts';
import type { ConnectionKind, PeerInput, PeerOutput } from '../../../src/bgp/peer-events.ts';
import { negotiated, nextDeadlineMs, sessionState } from '../../../src/bgp/peer-machine.ts';
import { DrivenPeer, KEEPALIVE, machineSpec, notificationOf, openOf, UPDATE } from './machine-fixture.ts';

const anyKind = fc.constantFrom<ConnectionKind>('outgoing', 'incoming');
const anyByte = fc.integer({ min: 0, max: 255 });

const anyNotification = fc
  .tuple(
    fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 200),
    fc.integer({ min: 0, max: 12 }),
    fc.array(anyByte, { maxLength: 4 }),
  )
  .map(([code, subcode, data]) => notificationOf(code, subcode, ...data));

const anyOpen = fc
  .record({
    holdTime: fc.constantFrom(0, 3, 90),
    lastOctet: fc.integer({ min: 1, max: 3 }),
    isWrongAs: fc.boolean(),
    isSilent: fc.boolean(),
  })
  .map(({ holdTime, lastOctet, isWrongAs, isSilent }) => {
    const open = openOf({ holdTime, bgpIdentifier: `10.0.0.${lastOctet}` });
    if (isWrongAs) return { ...open, capabilities: [], myAutonomousSystem: 7 };
    return isSilent ? { ...open, capabilities: [] } : open;
  });

const anyMessage = fc.oneof<[fc.Arbitrary<BgpMessage>, ...fc.Arbitrary<BgpMessage>[]]>(
  anyOpen,
  fc.constantFrom(KEEPALIVE, UPDATE),
  anyNotification,
  fc
    .record({
      afi: fc.constantFrom(1, 2, 25),
      safi: fc.constantFrom(1, 2),
      subtype: fc.constantFrom(0, 1, 2, 3),
    })
    .map((fields) => ({ type: 'route-refresh', ...fields }) as const),
);

/** The messages of a session that comes about, so that random inputs get far. */
const usualMessage = fc.constantFrom<BgpMessage>(openOf(), KEEPALIVE, openOf({ bgpIdentifier: '10.0.0.0' }));

const anyInput: fc.Arbitrary<PeerInput> = fc.oneof<fc.Arbitrary<PeerInput>[]>(
  fc.constantFrom<PeerInput>({ type: 'start' }, { type: 'deadline' }),
  fc.constantFrom(2, 3, 4, 6).map((subcode) => ({ type: 'stop', subcode, communication: 'bye' })),
  anyKind.map((connection) => ({
    type: 'connected',
    connection,
    localAddress: '192.0.2.1',
    remoteAddress: '192.0.2.2',
  })),
  fc
    .tuple(
      anyKind,
      fc.constantFrom('connect-failed' as const, 'connection-lost' as const, 'not-supported' as const),
    )
    .map(([connection, reason]) => ({ type: 'lost', connection, reason, detail: 'gone' })),
  fc.tuple(anyKind, usualMessage).map(([connection, message]) => ({ type: 'received', connection, message })),
  fc.tuple(anyKind, anyMessage).map(([connection, message]) => ({ type: 'received', connection, message })),
  fc.tuple(anyKind, anyNotification).map(([connection, notification]) => ({
    type: 'malformed',
    connection,
    notification,
    detail: 'garbage',
  })),
  fc
    .tuple(anyKind, fc.constantFrom('stalled' as const, 'drained' as const))
    .map(([connection, type]) => ({ type, connection })),
);

/** An input after so many ms. */
interface Moment {
  readonly afterMs: number;
  readonly jitter: number;
  readonly input: PeerInput;
}

const anyMoment: fc.Arbitrary<Moment> = fc.record({
  afterMs: fc.constantFrom(0, 0, 0, 1, 500, 3_000, 3_000, 12_000, 300_000),
  jitter: fc.constantFrom(0, 0.5, 0.999),
  input: anyInput,
});

/** How a session comes about on a connection, or nearly so: mere chance would hardly ever find it. */
const anyBeginning: fc.Arbitrary<readonly Moment[]> = fc
  .tuple(anyKind, fc.constantFrom(1, 2, 3, 3, 3), fc.constantFrom(0, 0, 1, 500))
  .map(([connection, length, afterMs]) => {
    const addresses = { localAddress: '192.0.2.1', remoteAddress: '192.0.2.2' };
    const inputs: PeerInput[] = [
      { type: 'connected', connection, ...addresses },
      { type: 'received', connection, message: openOf() },
      { type: 'received', connection, message: KEEPALIVE },
    ];
    return inputs.slice(0, length).map((input) => ({ afterMs, jitter: 0.5, input }));
  });

const START: Moment = { afterMs: 0, jitter: 0, input: { type: 'start' } };
/** A story that begins with a stopped peer soon has nothing to tell. */
const anyStory: fc.Arbitrary<readonly Moment[]> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { arbitrary: anyBeginning, weight: 3 },
        { arbitrary: anyMoment.map((moment) => [moment]), weight: 2 },
      ),
      { maxLength: 20 },
    ),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(([chapters, first]) => (first === 0 ? chapters.flat() : [START, ...chapters.flat()]));

const anyPeer = fc
  .record({
    isPassive: fc.boolean(),
    holdTimeSec: fc.constantFrom(0, 3, 9, 180),
    connectRetryMs: fc.constantFrom(100, 1_000, 60_000),
  })
  .map((settings) => machineSpec(settings));

/** As `expect`, and quick enough for every step of every story. */
function hold(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what);
}

type Look = (input: PeerInput, outputs: readonly PeerOutput[]) => void;

/** Steps a peer through a story, with every deadline met on the way; inputs that `isSaid` is against are left out. */
function live(
  driven: DrivenPeer,
  story: readonly Moment[],
  look: Look,
  isSaid = (_: PeerInput) => true,
): void {
  for (const { afterMs, input, jitter } of story) {
    const untilMs = driven.nowMs + afterMs;
    driven.jitter = jitter;
    for (let atMs = nextDeadlineMs(driven.state); atMs !== undefined && atMs <= untilMs; ) {
      hold(atMs >= driven.nowMs, 'the next deadline is over already');
      driven.nowMs = atMs;
      look(DEADLINE, driven.outputs(DEADLINE));
      atMs = nextDeadlineMs(driven.state);
      hold(atMs === undefined || atMs > driven.nowMs, 'a deadline that was met is not over');
    }
    driven.nowMs = untilMs;
    if (isSaid(input)) look(input, driven.outputs(input));
  }
}

const DEADLINE: PeerInput = { type: 'deadline' };

/** The TCP connections that a driver has. */
class Sockets {
  readonly #open = new Set<ConnectionKind>();
  #isDialling = false;

  /** Whether that can happen to them. */
  isPossible(input: PeerInput): boolean {
    if (!('connection' in input)) return true;
    const isOpen = this.#open.has(input.connection);
    if (input.type === 'connected') return input.connection === 'outgoing' ? this.#isDialling : !isOpen;
    return isOpen || (input.type === 'lost' && input.connection === 'outgoing' && this.#isDialling);
  }

  happened(input: PeerInput): void {
    if (input.type === 'connected') this.#open.add(input.connection);
    if (input.type === 'lost') this.#open.delete(input.connection);
    const isOver = input.type === 'connected' || input.type === 'lost';
    if (isOver && input.connection === 'outgoing') this.#isDialling = false;
  }

  /** Throws where an output makes no sense for what is there. */
  carryOut(output: PeerOutput): void {
    if (output.type === 'dial') {
      hold(!this.#isDialling && !this.#open.has('outgoing'), 'dialled twice');
      this.#isDialling = true;
    }
    if (output.type === 'send' || output.type === 'established') {
      hold(this.#open.has(output.connection), `${output.type} on a connection that is not there`);
    }
    if (output.type !== 'close') return;
    const isDialled = output.connection === 'outgoing' && this.#isDialling;
    hold(this.#open.delete(output.connection) || isDialled, 'closed what is not there');
    if (isDialled) this.#isDialling = false;
  }
}

function establishedIn({ state }: DrivenPeer): number {
  return [state.outgoing, state.incoming].filter((each) => each?.state === 'Established').length;
}

describe('whatever comes in', () => {
  it('there is never more than one session, and each that was told of ends before the next', () => {
    let sessionsInAll = 0;
    const law = fc.property(anyPeer, anyStory, (spec, story) => {
      const driven = new DrivenPeer(spec);
      let sessions = 0;
      live(driven, story, (_, outputs) => {
        for (const output of outputs) {
          if (output.type === 'established') sessions += 1;
          if (output.type === 'ended' && output.wasEstablished) sessions -= 1;
          if (output.type === 'established') sessionsInAll += 1;
          hold(sessions === 0 || sessions === 1, `${sessions} sessions`);
        }
        hold(establishedIn(driven) === sessions, 'it has another number of sessions than it told of');
        hold((sessionState(driven.state) === 'Established') === (sessions === 1), 'the state is another one');
      });
    });
    fc.assert(law);
    // Random inputs do get so far.
    expect(sessionsInAll).toBeGreaterThan(10);
  });

  it('a stopped peer does nothing but refuse connections, and waits for nothing', () => {
    fc.assert(
      fc.property(anyPeer, anyStory, (spec, story) => {
        const driven = new DrivenPeer(spec);
        let isStarted = false;
        live(driven, story, (input, outputs) => {
          const wasStarted = isStarted;
          if (input.type === 'start') isStarted = true;
          if (input.type === 'stop') isStarted = false;
          if (isStarted) return;
          hold(nextDeadlineMs(driven.state) === undefined, 'it waits for something');
          hold(sessionState(driven.state) === 'Idle', 'it is not in Idle');
          const isRefusal = input.type === 'connected' && input.connection === 'incoming';
          const isDone = outputs.every(({ type }) => isRefusal && type === 'close');
          hold(wasStarted || isDone, 'it does something');
        });
      }),
    );
  });

  it('a started peer always has a next deadline, but in Active and in a session without hold time', () => {
    fc.assert(
      fc.property(anyPeer, anyStory, (spec, story) => {
        const driven = new DrivenPeer(spec);
        live(driven, [START, ...story, START], () => {});
        const state = sessionState(driven.state);
        const isUnheld = state === 'Established' && negotiated(driven.state)?.holdTimeSec === 0;
        hold(
          nextDeadlineMs(driven.state) !== undefined || state === 'Active' || isUnheld,
          `${state} for ever`,
        );
      }),
    );
  });
});

describe('where only that happens which can', () => {
  it('nothing is sent on a connection that is not there, nothing is closed or dialled twice, and no dial is endless', () => {
    fc.assert(
      fc.property(anyPeer, anyStory, (spec, story) => {
        const driven = new DrivenPeer(spec);
        const sockets = new Sockets();
        const isSaid = (input: PeerInput): boolean => {
          const isPossible = sockets.isPossible(input);
          if (isPossible) sockets.happened(input);
          return isPossible;
        };
        const look: Look = (_, outputs) => {
          for (const output of outputs) sockets.carryOut(output);
          const isDialling = driven.state.outgoing?.state === 'Connect';
          const deadlineMs = nextDeadlineMs(driven.state) ?? Number.POSITIVE_INFINITY;
          hold(!isDialling || deadlineMs <= driven.nowMs + 10_000, 'it dials for more than ten seconds');
        };
        live(driven, story, look, isSaid);
      }),
    );
  });
});

describe('every input in every state', () => {
  const addresses = { localAddress: '192.0.2.1', remoteAddress: '192.0.2.2' };
  const kinds: readonly ConnectionKind[] = ['outgoing', 'incoming'];
  const messages: readonly BgpMessage[] = [
    openOf(),
    openOf({ capabilities: [], myAutonomousSystem: 7 }),
    KEEPALIVE,
    UPDATE,
    notificationOf(6, 1),
    notificationOf(6, 7),
    notificationOf(2, 1),
    { type: 'route-refresh', afi: 1, safi: 1, subtype: 0 },
  ];
  const onConnection = (connection: ConnectionKind): PeerInput[] => [
    { type: 'connected', connection, ...addresses },
    ...(['connect-failed', 'connection-lost', 'not-supported'] as const).map((reason): PeerInput => {
      return { type: 'lost', connection, reason, detail: 'gone' };
    }),
    ...messages.map((message): PeerInput => ({ type: 'received', connection, message })),
    ...[1, 2, 3, 7, 99].map((code): PeerInput => {
      return { type: 'malformed', connection, notification: notificationOf(code, 1), detail: 'garbage' };
    }),
    { type: 'stalled', connection },
    { type: 'drained', connection },
  ];
  const inputs: readonly PeerInput[] = [
    { type: 'start' },
    { type: 'deadline' },
    { type: 'stop', subcode: 2, communication: 'bye' },
    { type: 'stop', subcode: 6, communication: '' },
    ...kinds.flatMap(onConnection),
  ];

  /** Every state that a few inputs lead to, found by breadth; two are one where only times differ. */
  function statesOf(isPassive: boolean): DrivenPeer['state'][] {
    const shapeOf = ({
      outgoing,
      incoming,
      isStarted,
      isPenalized,
      retryAtMs,
    }: DrivenPeer['state']): string => {
      const [out, inc] = [outgoing?.state, incoming?.state];
      return [isStarted, out, inc, isPenalized, retryAtMs !== undefined].join(' ');
    };
    const found = new Map<string, DrivenPeer['state']>();
    const open = [new DrivenPeer(machineSpec({ isPassive })).state];
    for (let state = open.shift(); state !== undefined; state = open.shift()) {
      if (found.has(shapeOf(state))) continue;
      found.set(shapeOf(state), state);
      for (const input of inputs) {
        const driven = new DrivenPeer(machineSpec({ isPassive }));
        driven.state = state;
        driven.nowMs = nextDeadlineMs(state) ?? 0;
        driven.step(input);
        open.push(driven.state);
      }
    }
    return [...found.values()];
  }

  it.each([
    [false, 20],
    [true, 6],
  ])('has an answer, and leads to no more states than there should be (passive: %s)', (isPassive, atLeast) => {
    const states = statesOf(isPassive);
    expect(states.length).toBeGreaterThanOrEqual(atLeast);
    for (const { outgoing, incoming, isStarted } of states) {
      const both = [outgoing?.state, incoming?.state];
      if (!isStarted) expect(both).toEqual([undefined, undefined]);
      if (isPassive) expect(outgoing).toBeUndefined();
      // Beside a session there is no other connection, and two OPENs are one too many.
      if (both.includes('Established')) expect(both).toContain(undefined);
      expect(both.filter((state) => state === 'OpenConfirm').length).toBeLessThanOrEqual(1);
      expect(both).not.toContain('Idle');
      expect(both).not.toContain('Active');
    }
  });
});
