/** 500 prefixes that rest on as many expressions of ten checks each: what one check's change costs, all of it in one call. */
import { Announcing } from '../../src/agent/announcing.ts';
import { EmbeddedAnnouncer } from '../../src/announce/index.ts';
import type { CheckState, HealthExpression } from '../../src/core/index.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import { announcedRoute, announcerSpec } from '../../test/support/announcements.ts';
import { peerSpec } from '../../test/support/bgp/facts.ts';
import { openRecordingPeer, type RecordingPeer } from '../../test/support/bgp/recording-peer.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import { type Figure, percentile } from '../figure.ts';
import { OWN_ASN, type PartOptions, PEER_ASN, pause, plainFigure, shown } from './part.ts';

const PREFIXES = 500;
const PEERS = 8;
const CHECKS = 60;
const EACH = 10;

/** The check that turns: every expression names it. */
const FIRST = 'c0';

/** What a turn of that check comes to. */
const CASES = {
  'no prefix turns': { kind: 'any' },
  'one prefix turns': { kind: 'one' },
  'all prefixes turn': { kind: 'all' },
} as const;

type Kind = (typeof CASES)[keyof typeof CASES]['kind'];

export async function measureExpressions({ isQuick, say }: PartOptions): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [name, { kind }] of Object.entries(CASES)) {
    const { ours, bare } = await measure(kind, isQuick ? 50 : 500);
    say(`${PREFIXES} expressions, ${name}: ${shown(ours)}; bare ${shown(bare)}`);
    figures.push(
      ...[0.5, 0.99].map((share) => ({
        ...plainFigure(
          `${PREFIXES} expressions of ${EACH} checks, ${PEERS} peers: one check changes, ${name}, p${share * 100}`,
          percentile(ours, share),
          'ms',
        ),
        reference: { what: 'looking at each check', value: percentile(bare, share) },
      })),
    );
  }
  return figures;
}

async function measure(kind: Kind, turns: number) {
  const peer = await openRecordingPeer({ host: '127.0.0.2', asn: PEER_ASN });
  const states = new Map<string, CheckState>();
  const expressions = Array.from({ length: PREFIXES }, (_, index) => expressionOf(kind, index));
  const speaker = speakerOf(peer);
  const announcer = new EmbeddedAnnouncer(speaker, {
    clock: systemClock,
    random: Math.random,
    onEvent() {},
  });
  const deps = { clock: systemClock, announcer: () => announcer, report() {} };
  const announcing = new Announcing(deps, (name) => states.get(name));
  try {
    for (let check = 0; check < CHECKS; check += 1) states.set(`c${check}`, stateOf(true));
    const routes = expressions.map((expression, index) =>
      announcedRoute(`10.202.${index >> 8}.${index & 255}/32`, expression, { nextHop: '192.0.2.9' }),
    );
    announcing.setSpec(announcerSpec(routes, { backend: { backend: 'embedded', speaker } }));
    const isFull = (): boolean =>
      peer.connections.length === PEERS && peer.connections.every(({ table }) => table.size === PREFIXES);
    await waitFor(isFull, { limitMs: 20_000, what: 'all peers have all prefixes' });
    return await takeTurns({ announcing, states, expressions, turns, peer });
  } finally {
    await announcing.stop('over');
    await peer.close();
  }
}

interface Turns {
  readonly announcing: Announcing;
  readonly states: Map<string, CheckState>;
  readonly expressions: readonly HealthExpression[];
  readonly turns: number;
  readonly peer: RecordingPeer;
}

async function takeTurns({ announcing, states, expressions, turns, peer }: Turns) {
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < turns; turn += 1) {
    states.set(FIRST, stateOf(turn % 2 === 1));
    const fromMs = performance.now();
    lookAtEach(expressions, states);
    const betweenMs = performance.now();
    announcing.checkChanged(FIRST);
    const untilMs = performance.now();
    bare.push(betweenMs - fromMs);
    ours.push(untilMs - betweenMs);
    // The peers are in this process too: they hear of it now.
    await pause(1);
    for (const { messages } of peer.connections) messages.length = 0;
  }
  return { ours, bare };
}

/** The least: every check of every expression is looked up, and nothing is made of it. */
function lookAtEach(
  expressions: readonly HealthExpression[],
  states: ReadonlyMap<string, CheckState>,
): number {
  let healthy = 0;
  for (const expression of expressions) {
    if (expression.kind !== 'any' && expression.kind !== 'all') continue;
    for (const each of expression.of) {
      if (each.kind === 'check' && states.get(each.name)?.status === 'healthy') healthy += 1;
    }
  }
  return healthy;
}

/** No two are alike. With `any` the other nine carry it; with `all` the one takes it down; with `one` that is so of one in all. */
function expressionOf(kind: Kind, index: number): HealthExpression {
  const own = Array.from({ length: EACH - 1 }, (_, at) => `c${1 + ((index * (at + 1) + at) % (CHECKS - 1))}`);
  const of = [FIRST, ...own].map((name) => ({ kind: 'check', name }) as const);
  return { kind: kind === 'all' || (kind === 'one' && index === 0) ? 'all' : 'any', of };
}

function stateOf(isUp: boolean): CheckState {
  return { status: isUp ? 'healthy' : 'unhealthy', passes: 0, failures: 0, sinceMs: 0 };
}

function speakerOf({ host, port }: RecordingPeer) {
  const peers = Array.from({ length: PEERS }, (_, index) =>
    peerSpec({
      name: `peer-${index}`,
      remoteAddress: host,
      remotePort: port,
      remoteAsn: PEER_ASN,
      holdTimeSec: 90,
      connectRetryMs: 100,
    }),
  );
  return { routerId: '192.0.2.9', localAsn: OWN_ASN, listen: undefined, peers };
}
