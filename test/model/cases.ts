/** One run of the model: a property in a world, or a mutant of the agent that the property must catch. */
export interface ModelCase {
  readonly name: string;
  /** What is shown, or for a mutant which guard is left out, in words. */
  readonly text: string;
  readonly agents: 2 | 3;
  /** A mutant is caught when the property fails. */
  readonly kind: 'property' | 'mutant';
  /** Switches of takeover.pml, without `-D`. */
  readonly switches: readonly string[];
  /** Searched for cycles that are never left well, not only for failed assertions. */
  readonly isLiveness: boolean;
}

interface World {
  readonly name: string;
  readonly text: string;
  readonly switches: string;
  readonly mutants?: readonly Mutant[];
}

interface Mutant {
  readonly name: string;
  readonly text: string;
  readonly switches: string;
}

const NO_ACCEPTED: Mutant = {
  name: 'accepted-is-not-seen',
  text: 'that EC2 accepted a change does not count before a read has shown it',
  switches: 'NO_ACCEPTED',
};
const NO_SETTLING: Mutant = {
  name: 'no-settling',
  text: 'a stale read is taken for the truth after an own change',
  switches: 'NO_SETTLING',
};

const EXCHANGE: readonly World[] = [
  {
    name: 'exchange-2',
    text: '(1) same facts: one exchange at most',
    switches: 'P_EXCHANGE ANY_START MOST_BLIND=0',
    mutants: [{ name: 'no-if-unhealthy', text: 'a backup takes what it can', switches: 'NO_IF_UNHEALTHY' }],
  },
  {
    name: 'exchange-2-after-fault',
    text: '(1) the same after a service failed or came back',
    switches: 'P_EXCHANGE SERVICES_FAIL FAULTS=1 SHORT_TIMES CHANGES=1',
  },
  {
    name: 'exchange-3',
    text: '(1) no stale reads: one more at most, for one that met another change',
    switches: 'P_EXCHANGE N=3 ANY_START SHORT_TIMES STALE=0 FLIGHT=0 MOST_BLIND=1',
  },
  {
    name: 'exchange-3-stale',
    text: '(1) stale reads: one more for each that met another change, two of these at most',
    switches: 'P_EXCHANGE N=3 ANY_START SHORT_TIMES FLIGHT=0 MOST_BLIND=2',
  },
];

const BACK_OFF: readonly World[] = [
  {
    name: 'backoff-2',
    text: '(2) one-way partition: doubling time between takeovers',
    switches: 'P_BACKOFF PARTITION',
    mutants: [
      { name: 'no-backoff', text: 'a reclaim changes nothing', switches: 'NO_BACKOFF' },
      NO_ACCEPTED,
      NO_SETTLING,
    ],
  },
  {
    name: 'backoff-2-real-times',
    text: '(2) the same with the real numbers',
    switches: 'P_BACKOFF PARTITION REAL_TIMES',
  },
  {
    name: 'backoff-3',
    text: '(2) the same with a second backup that sees well',
    switches: 'P_BACKOFF N=3 PARTITION CHANGES=1',
  },
  {
    name: 'backoff-3-all',
    text: '(2) no backup sees anyone, nothing in flight',
    switches: 'P_BACKOFF N=3 FULL_PARTITION STALE=0 AT_ONCE',
    mutants: [
      {
        name: 'only-taker',
        text: 'a pause for whoever took the route, not for the holder that it was taken from',
        switches: 'ONLY_TAKER',
      },
      {
        name: 'one-reclaim',
        text: 'only the former holder undoes a takeover',
        switches: 'ONE_RECLAIM',
      },
    ],
  },
  {
    name: 'conflict-2',
    text: '(2) two owners of one route: the same after some losses',
    switches: 'P_CONFLICT OWNERS=2',
    mutants: [{ name: 'no-conflict', text: 'losses change nothing', switches: 'NO_CONFLICT' }, NO_ACCEPTED],
  },
  {
    name: 'conflict-2-real-times',
    text: '(2) the same with the real numbers, nothing in flight',
    switches: 'P_CONFLICT OWNERS=2 STALE=0 AT_ONCE REAL_TIMES',
  },
  {
    name: 'reclaim-2',
    text: 'only a holder that took the route back counts as one; an answer gets lost',
    switches: 'P_RECLAIM PARTITION LOST=1',
    mutants: [
      NO_SETTLING,
      { name: 'no-was-seen', text: 'a takeover may be undone that was never made', switches: 'NO_WAS_SEEN' },
      {
        name: 'seen-does-not-settle',
        text: 'reads after a takeover whose answer was lost are all believed',
        switches: 'NO_SEEN_CHANGE',
      },
    ],
  },
];

const DELETE: readonly World[] = [
  {
    name: 'delete-2',
    text: "(3) a delete meets another's route only if that came after the read",
    switches: 'P_DELETE SERVICES_FAIL FAULTS=2 STALE=0 SHORT_TIMES CHANGES=1 LOST=1',
    mutants: [
      { name: 'no-reread', text: 'a delete on what was read before', switches: 'NO_REREAD' },
      { name: 'no-excuse', text: 'none: the race that EC2 leaves is there', switches: 'NO_EXCUSE' },
    ],
  },
  {
    name: 'delete-2-stale',
    text: '(3) stale reads: or up to 10 s before it',
    switches: 'P_DELETE SERVICES_FAIL FAULTS=1 SHORT_TIMES',
    mutants: [NO_SETTLING],
  },
  {
    name: 'delete-2-stale-twice',
    text: '(3) the same with two faults, and one change a tick',
    switches: 'P_DELETE SERVICES_FAIL FAULTS=2 SHORT_TIMES CHANGES=1',
  },
  {
    name: 'delete-3',
    text: '(3) no stale reads, three agents',
    switches: 'P_DELETE N=3 SERVICES_FAIL FAULTS=1 STALE=0 FLIGHT=0 SHORT_TIMES CHANGES=1',
  },
];

const LIVE: readonly World[] = [
  {
    name: 'live-2',
    text: '(4) services and links fail: a healthy agent has it in the end, the owner first',
    switches: 'P_LIVE SERVICES_FAIL LINKS_FAIL FAULTS=2 STALE=0 SHORT_TIMES CHANGES=1',
  },
  {
    name: 'live-2-stale',
    text: '(4) a service fails, stale reads, an answer gets lost',
    switches: 'P_LIVE SERVICES_FAIL FAULTS=1 LOST=1 SHORT_TIMES CHANGES=1',
  },
  {
    name: 'live-2-crash',
    text: '(4) instances die and start, agents crash',
    switches: 'P_LIVE INSTANCES_DIE AGENTS_CRASH FAULTS=2 STALE=0 SHORT_TIMES CHANGES=1',
  },
  {
    name: 'live-3-kept',
    text: '(4) never_delete, three agents, services and links, nothing in flight',
    switches: 'P_LIVE N=3 NEVER_DELETE=1 SERVICES_FAIL LINKS_FAIL FAULTS=3 STALE=0 AT_ONCE SHORT_TIMES',
    mutants: [{ name: 'endless-backoff', text: 'a back-off does not end', switches: 'ENDLESS_BACKOFF' }],
  },
];

function toCases({ mutants = [], ...world }: World): readonly ModelCase[] {
  const property = toCase(world, 'property');
  const caught = mutants.map((mutant) =>
    toCase(
      {
        name: `${world.name}/${mutant.name}`,
        text: mutant.text,
        switches: `${world.switches} ${mutant.switches}`,
      },
      'mutant',
    ),
  );
  return [property, ...caught];
}

function toCase({ name, text, switches }: Omit<World, 'mutants'>, kind: ModelCase['kind']): ModelCase {
  const all = switches.split(' ');
  return {
    name,
    text,
    kind,
    agents: all.includes('N=3') ? 3 : 2,
    switches: all,
    isLiveness: all.includes('P_LIVE'),
  };
}

/** Every run: each property is followed by the mutants that it has to catch. */
export const MODEL_CASES: readonly ModelCase[] = [...EXCHANGE, ...BACK_OFF, ...DELETE, ...LIVE].flatMap(
  toCases,
);
