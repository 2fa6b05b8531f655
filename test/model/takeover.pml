/*
 * The takeover protocol between agents: one route of one table, an owner (agent 1) and its backups (2..N), and EC2
 * without compare-and-set. It stands for src/core/decide.ts and src/core/memory.ts, and for what src/agent makes of them
 * (engine.ts, applier.ts, freshness.ts). docs/decisions/0012-takeover-model.md says what is left out.
 *
 * Time comes in ticks of EC2's consistency (10 s). Anything may happen in any order within a tick, but a tick ends only
 * when each living agent has read the table and has acted on what it read: a poll is due each tick. So each endless run
 * has endless ticks, and nothing needs a fairness assumption of its own. A change may be in flight for FLIGHT ticks more.
 *
 * `run.ts` builds it with -D switches: a property (P_...), the world it holds in, and for a mutant the guard to leave out
 * (NO_...). Lines that begin with "| " are for people: `run.ts --trail NAME` shows them.
 */

/* ---- The world ---- */
#ifndef N
#define N 2        /* agents */
#endif
#ifndef OWNERS
#define OWNERS 1   /* agents 1..OWNERS have no `if_unhealthy` */
#endif
#ifndef STALE
#define STALE 1    /* 1: a read may show what was there up to CONSISTENCY ago, and go back to it after the truth */
#endif
#ifndef FAULTS
#define FAULTS 0   /* how often a fact changes: a service, a partition, an instance */
#endif
#ifndef LOST
#define LOST 0     /* how many answers get lost, with or without the change having been made */
#endif
#ifndef NEVER_DELETE
#define NEVER_DELETE 0
#endif
#ifndef FLIGHT
#define FLIGHT 1
#endif
/* AT_ONCE: an agent reads, changes and reads again in one step, so that nothing is ever in flight. For long fights. */
#ifndef CHANGES
#define CHANGES 2  /* cycles with a change that an agent may begin in a tick */
#endif

/*
 * src/core/memory.ts: the constants, in ticks of 10 s. REAL_TIMES are the real ones. Fewer ticks mean fewer states; their
 * order is kept, and room for an owner's pause and two changes in flight within a window.
 */
#define CONSISTENCY 1
#if defined(REAL_TIMES)
#define RECLAIM_FIRST  3
#define RECLAIM_LAST   180
#define WINDOW         60
#define CONFLICT_LOSSES 5
#define CONFLICT_FIRST 3
#define CONFLICT_LAST  30
#elif defined(SHORT_TIMES)
#define RECLAIM_FIRST  1
#define RECLAIM_LAST   2
#define WINDOW         3
#define CONFLICT_LOSSES 2
#define CONFLICT_FIRST 1
#define CONFLICT_LAST  2
#else
#define RECLAIM_FIRST  2
#define RECLAIM_LAST   14
#define WINDOW         10
#define CONFLICT_LOSSES 3
#define CONFLICT_FIRST 2
#define CONFLICT_LAST  4
#endif

#define NONE 0     /* no route, no holder */
#define PAIR(a, b) ((a) * (N + 1) + (b))

/* ---- EC2: the route, and what stale reads may still show ---- */
#define PAST 2
byte route = NONE;
byte past[PAST];        /* former values, the newest first */
byte pastAge[PAST];
byte pastCount = 0;

/* ---- Facts. What an agent knows of the others' health lags behind; a partition is one-way: `blocked[PAIR(a, b)]` ---- */
bool healthy[N + 1];    /* local checks, as the agent itself sees them (H) */
bool alive[N + 1];      /* the instance; a route to a dead one is a black hole */
bool seen[(N + 1) * (N + 1)];
bool blocked[(N + 1) * (N + 1)];
#define P(a, b) (seen[PAIR(a, b)] && !blocked[PAIR(a, b)])   /* remote check, or EC2's status: P and S of the table */
byte faultsLeft = FAULTS;
byte lostLeft = LOST;

#define KNOWS(a, b) (seen[PAIR(a, b)] == healthy[b])
#if N == 2
#define ALL_KNOW (KNOWS(2, 1))
#define IS_HEALED (!blocked[PAIR(2, 1)])
#define IS_ANY_FIT (healthy[1] || healthy[2])
#else
#define ALL_KNOW (KNOWS(2, 1) && KNOWS(2, 3) && KNOWS(3, 1) && KNOWS(3, 2))
#define IS_HEALED (!blocked[PAIR(2, 1)] && !blocked[PAIR(2, 3)] && !blocked[PAIR(3, 1)] && !blocked[PAIR(3, 2)])
#define IS_ANY_FIT (healthy[1] || healthy[2] || healthy[3])
#endif

/* ---- RouteMemory of src/core/memory.ts, with ages and times left instead of moments ---- */
typedef Memory {
  byte takeoverFrom; byte takeoverAge; bool wasSeen;
  byte lossHolder; byte lossCount; byte lossAge[CONFLICT_LOSSES];
  byte conflictHolder; byte conflictCount; byte conflictLeft; byte conflictPast;
  bool wasMine;
}
Memory memory[N + 1];
typedef ReclaimBackOff { byte count; byte left; byte past }
ReclaimBackOff reclaim[N + 1];
bool isReclaimHolder[(N + 1) * (N + 1)];   /* PAIR(a, b): a takes nothing from b by its own view while its pause lasts */

/* `changes`: own ones, by the holder before them. An age of EXPIRED is no change. */
#define EXPIRED (CONSISTENCY + 1)
byte changeAge[(N + 1) * (N + 1)];

/* ---- The view of one route (src/agent/decider.ts RouteView), and the three tasks of src/agent/route-loops.ts ---- */
typedef Task {
  byte holder;            /* as the newest read showed it */
  byte viewAge;           /* ticks since that read was sent: 0 or 1 */
  bool isFresh;           /* read at most a second ago, and after the own change */
  bool isReading;         /* a poll is under way, and what it will show */
  byte reading;
  bool isOldReading;      /* it was sent before an own change that EC2 accepted since */
  bool isReadDue;
  bool hasView;           /* has read since it started */
  mtype wanted;           /* what the next cycle is for */
  byte cycles;            /* with a change, in this tick */
  mtype step;             /* of the cycle */
  mtype kind;             /* of the change in flight */
  byte from;              /* the holder that it was decided on */
  bool isTakeover;
  bool isDone;            /* what EC2 made of it */
  byte flight;            /* ticks since it was sent */
  bool isOrphan;          /* the agent that sent it is gone */
}
Task agent[N + 1];
mtype = { IDLE, SENT, EXECUTED, HOLD, CREATE, REPLACE, DELETE };

/* Only within one step: not part of the state. */
hidden mtype verdict;
hidden byte isTakeoverNow;
hidden byte shown, was, target, k, n, other, wait;
hidden int clock = 0;

/* ---- Monitors: see the properties at the end ---- */
#ifdef P_EXCHANGE
#ifndef MOST_BLIND
#define MOST_BLIND 1
#endif
byte informed = 0;          /* exchanges between healthy agents that moved the route from where they thought it was */
byte blind = 0;             /* others: another change, or a stale read, was in between */
bool isOnFacts[N + 1];      /* the change in flight was decided on the facts of now */
#endif
#ifdef P_BACKOFF
byte takeovers[(N + 1) * (N + 1)];      /* PAIR(a, b): a took the route from b */
byte sinceTakeover[(N + 1) * (N + 1)];
#endif
#ifdef P_CONFLICT
byte wins[N + 1];
byte sinceWin[N + 1];
#endif
#ifdef P_DELETE
#define LONG_AGO (CONSISTENCY + FLIGHT)
byte sinceLost[N + 1];      /* ticks since another's change took the route from this agent; unless STALE, 0 or LONG_AGO: */
                            /* since the read that a change rests on */
#endif
#ifdef P_RECLAIM
bool undone[(N + 1) * (N + 1)]; /* PAIR(a, b): b took the route after a asked for it */
#endif

inline olderBy1(age, most) { if :: age < most -> age++ :: else fi }

/* ==== src/core/memory.ts ==== */

/* settling: a read of that age shows just what was there before an own change of less than CONSISTENCY before it. */
#ifdef NO_SETTLING
#define IS_SETTLING(i, h, age) false
#else
#define IS_SETTLING(i, h, age) ((h) != NONE && changeAge[PAIR(i, h)] < CONSISTENCY + (age))
#endif

inline forgetTakeover(i) {
  memory[i].takeoverFrom = NONE; memory[i].takeoverAge = 0; memory[i].wasSeen = false
}

/* Of ReclaimBackOff; `holders` is isReclaimHolder. */
inline forgetReclaim(i) {
  reclaim[i].count = 0; reclaim[i].left = 0; reclaim[i].past = 0;
  for (k : 1 .. N) { isReclaimHolder[PAIR(i, k)] = false }
}

/* min(first * 2^(count - 1), last) into `wait`; `times` stops where the wait does. */
inline doubledWait(times, first, last) {
  wait = first; k = 1;
  do
  :: k < times && wait < last -> wait = wait * 2; k++
  :: else -> break
  od;
  if :: wait >= last -> wait = last; times = k :: else fi
}

/* doubled() of a reclaim. `by`: whoever holds the route now. */
inline countReclaim(i, by) {
#ifdef P_RECLAIM
  assert(undone[PAIR(i, by)]);
#endif
#ifdef ONE_RECLAIM
  if :: !isReclaimHolder[PAIR(i, by)] -> forgetReclaim(i) :: else fi;
#endif
  isReclaimHolder[PAIR(i, by)] = true;
#ifndef ONLY_TAKER
  isReclaimHolder[PAIR(i, memory[i].takeoverFrom)] = true;
#endif
  reclaim[i].count++;
  doubledWait(reclaim[i].count, RECLAIM_FIRST, RECLAIM_LAST);
  reclaim[i].left = wait; reclaim[i].past = 0;
  printf("|   agent %d counts its takeover from agent %d as undone by agent %d: pause of %d ticks\n", i,
    memory[i].takeoverFrom, by, wait)
}

#ifdef ONE_RECLAIM
#define IS_UNDONE_BY(i, h) (h == memory[i].takeoverFrom)
#else
#define IS_UNDONE_BY(i, h) (h != NONE)
#endif

/* A takeover can be undone once it is known to be made: EC2 said so, or a read showed it. */
#ifdef NO_WAS_SEEN
#define IS_KNOWN_TAKEN(i) true
#else
#define IS_KNOWN_TAKEN(i) memory[i].wasSeen
#endif

/* A read shows the takeover. When its answer was lost, it is known only now that there is a change to settle. */
inline seeTakeover(i) {
#ifndef NO_SEEN_CHANGE
  if
  :: !memory[i].wasSeen && memory[i].takeoverAge < CONSISTENCY ->
     changeAge[PAIR(i, memory[i].takeoverFrom)] = memory[i].takeoverAge; changeAge[PAIR(i, i)] = EXPIRED
  :: else
  fi;
#endif
  memory[i].wasSeen = true
}

inline afterTakeover(i, h) {
  if :: reclaim[i].past > WINDOW -> forgetReclaim(i) :: else fi;
  if
  :: memory[i].takeoverFrom == NONE
  :: memory[i].takeoverFrom != NONE && memory[i].takeoverAge > WINDOW ->
     if :: h == i -> forgetReclaim(i) :: else fi;
     forgetTakeover(i)
  :: memory[i].takeoverFrom != NONE && memory[i].takeoverAge <= WINDOW ->
     if
     :: h == i -> seeTakeover(i)
     :: h != i ->
        if
        :: IS_KNOWN_TAKEN(i) && IS_UNDONE_BY(i, h) -> countReclaim(i, h)
        :: else
        fi;
        forgetTakeover(i)
     fi
  fi
}

/* A loss of an owner: kept ones, then this one; the conflict when they are enough. */
inline countLoss(i, h) {
  n = 0;
  if
  :: memory[i].lossHolder == h ->
     for (k : 0 .. CONFLICT_LOSSES - 1) {
       if :: k < memory[i].lossCount && memory[i].lossAge[k] < WINDOW -> n++ :: else fi
     }
  :: else
  fi;
  n++;
  for (k : 1 .. CONFLICT_LOSSES - 1) {
    other = CONFLICT_LOSSES - k;
    memory[i].lossAge[other] = (other < n -> memory[i].lossAge[other - 1] : 0)
  }
  memory[i].lossAge[0] = 0;
  memory[i].lossHolder = h;
  memory[i].lossCount = (n < CONFLICT_LOSSES -> n : CONFLICT_LOSSES);
  if
  :: n >= CONFLICT_LOSSES || memory[i].conflictHolder == h ->
     if
     :: memory[i].conflictHolder == h -> memory[i].conflictCount++
     :: else -> memory[i].conflictCount = 1; memory[i].conflictHolder = h
     fi;
     doubledWait(memory[i].conflictCount, CONFLICT_FIRST, CONFLICT_LAST);
     memory[i].conflictLeft = wait; memory[i].conflictPast = 0;
     printf("|   agent %d counts a conflict with agent %d: pause of %d ticks\n", i, h, wait)
  :: else
  fi
}

inline afterOwnership(i, h) {
  if
  :: memory[i].conflictHolder != NONE && memory[i].conflictPast > WINDOW ->
     memory[i].conflictHolder = NONE; memory[i].conflictCount = 0; memory[i].conflictPast = 0
  :: else
  fi;
  if
  :: i <= OWNERS && memory[i].wasMine && h != i && h != NONE -> countLoss(i, h)
  :: else
  fi
}

/* rememberRead. The caller has dropped a read that was sent before an own change. */
inline rememberRead(i, h) {
  if
  :: IS_SETTLING(i, h, 0) -> skip
  :: else ->
     afterTakeover(i, h);
     afterOwnership(i, h);
     memory[i].wasMine = (h == i);
     for (n : 1 .. N) {
       if :: changeAge[PAIR(i, n)] >= CONSISTENCY -> changeAge[PAIR(i, n)] = EXPIRED :: else fi
     }
  fi
}

/* withChange */
inline rememberOwnChange(i) {
  if :: agent[i].kind != DELETE -> changeAge[PAIR(i, i)] = EXPIRED :: else fi;
  if :: agent[i].from != NONE -> changeAge[PAIR(i, agent[i].from)] = 0 :: else fi;
  agent[i].isFresh = false;
  agent[i].isOldReading = agent[i].isReading
}

inline rememberTakeover(i, isMade) {
  memory[i].takeoverFrom = agent[i].from; memory[i].takeoverAge = 0; memory[i].wasSeen = isMade
}

#ifdef NO_ACCEPTED
#define IS_ACCEPTED false
#else
#define IS_ACCEPTED true
#endif

/* rememberChange: EC2 accepted it, so it is made. Reads that do not show it yet are settled by isSettling. */
inline rememberChange(i) {
  if :: agent[i].isTakeover -> rememberTakeover(i, IS_ACCEPTED) :: else -> forgetTakeover(i) fi;
  memory[i].wasMine = (agent[i].kind != DELETE && IS_ACCEPTED);
  rememberOwnChange(i)
}

/* applier.ts #rememberAttempt: whether EC2 made it is unknown. */
inline rememberAttempt(i) {
  if
  :: agent[i].kind == DELETE -> rememberOwnChange(i)
  :: agent[i].isTakeover -> rememberTakeover(i, false)
  :: else
  fi
}

/* ==== src/core/decide.ts: `verdict`, and `isTakeoverNow` for reason holder-unhealthy or holder-impaired ==== */

#ifdef NO_BACKOFF
#define IS_RECLAIMED(i) false
#else
#define IS_RECLAIMED(i) (isReclaimHolder[PAIR(i, agent[i].holder)] && reclaim[i].left > 0)
#endif
#ifdef NO_CONFLICT
#define IS_CONFLICT(i) false
#else
#define IS_CONFLICT(i) (memory[i].conflictHolder == agent[i].holder && memory[i].conflictLeft > 0)
#endif
#ifdef NO_IF_UNHEALTHY
#define IS_TAKING_ANYWAY(i) true
#else
#define IS_TAKING_ANYWAY(i) (i <= OWNERS)
#endif

inline decide(i) {
  isTakeoverNow = false;
  if
  :: IS_SETTLING(i, agent[i].holder, agent[i].viewAge) -> verdict = HOLD     /* change-settling */
  :: else ->
     if
     :: agent[i].holder == NONE -> verdict = (healthy[i] -> CREATE : HOLD)   /* absent */
     :: agent[i].holder == i -> verdict = (healthy[i] || NEVER_DELETE -> HOLD : DELETE)
     :: agent[i].holder != NONE && agent[i].holder != i ->
        if
        :: !healthy[i] -> verdict = HOLD                                     /* self-unhealthy */
        :: healthy[i] && !alive[agent[i].holder] -> verdict = REPLACE        /* blackhole */
        :: healthy[i] && alive[agent[i].holder] && IS_TAKING_ANYWAY(i) ->    /* decideAsOwner */
           verdict = (IS_CONFLICT(i) -> HOLD : REPLACE)
        :: healthy[i] && alive[agent[i].holder] && !IS_TAKING_ANYWAY(i) ->   /* decideAsBackup */
           verdict = (P(i, agent[i].holder) || IS_RECLAIMED(i) -> HOLD : REPLACE);
           isTakeoverNow = (verdict == REPLACE)
        fi
     fi
  fi
}

/* A cycle runs when a check has changed or a read has come; here only when it would change something. */
inline wake(i) {
  if :: agent[i].hasView -> decide(i) :: else -> verdict = HOLD fi;
  agent[i].wanted = verdict
}

/* ==== Properties ==== */

/*
 * P_EXCHANGE (1): while facts stay the same and all agents see the same, the route goes from one healthy agent to
 * another at most once by a decision that knew where the route was; and at most once more, there and back, when two
 * changes were in flight at a time.
 */
inline watchExchange(i) {
  skip;
#ifdef P_EXCHANGE
  if
  :: route == i && was != NONE && was != route && healthy[was] && healthy[route] && isOnFacts[i] ->
     if :: agent[i].from == was -> informed++ :: else -> blind++ fi;
     assert(informed <= 1 + blind);
     assert(blind <= MOST_BLIND)
  :: route == NONE -> informed = 0; blind = 0
  :: else
  fi
#endif
}

/*
 * P_BACKOFF (2): between a backup's takeover number k and its next one from the same holder there are at least
 * min(RECLAIM_FIRST * 2^(k-1), RECLAIM_LAST).
 */
inline watchBackOff(i) {
  skip;
#ifdef P_BACKOFF
  if
  :: route == i && was != route && agent[i].isTakeover && agent[i].from == was ->
     n = PAIR(i, was);
     if
     :: takeovers[n] > 0 ->
        doubledWait(takeovers[n], RECLAIM_FIRST, RECLAIM_LAST);
        assert(sinceTakeover[n] >= wait)
     :: else
     fi;
     takeovers[n]++; sinceTakeover[n] = 0
  :: else
  fi
#endif
}

/* P_CONFLICT (2): the same for two owners, from loss number CONFLICT_LOSSES on. */
inline watchConflict(i) {
  skip;
#ifdef P_CONFLICT
  if
  :: route == i && was != NONE && was != route ->
     if
     :: wins[i] >= CONFLICT_LOSSES ->
        other = wins[i] - CONFLICT_LOSSES + 1;
        doubledWait(other, CONFLICT_FIRST, CONFLICT_LAST);
        assert(sinceWin[i] >= wait);
        wins[i] = other + CONFLICT_LOSSES - 1
     :: else
     fi;
     wins[i]++; sinceWin[i] = 0
  :: else
  fi
#endif
}

/*
 * P_DELETE (3): a delete takes another's route away only if another's change took the route from the deleter later than
 * CONSISTENCY before the delete was sent; with reads that are never stale: after the read that the delete rests on.
 */
inline watchDelete(i) {
  skip;
#ifdef P_DELETE
  if
  :: route == NONE && was != i ->
#ifdef NO_EXCUSE
     assert(false)
#else
     assert(sinceLost[i] < agent[i].flight + CONSISTENCY)
#endif
  :: route != NONE && was != NONE && was != route -> sinceLost[was] = 0
  :: else
  fi
#endif
}

/* P_RECLAIM: a reclaim is counted only if that holder took the route after the takeover. See countReclaim. */
inline watchReclaim(i) {
  skip;
#ifdef P_RECLAIM
  for (k : 1 .. N) {
    if :: k != i && route != NONE -> undone[PAIR(k, route)] = true :: else fi
  }
#endif
}

inline watchMove(i) {
  watchExchange(i);
  watchBackOff(i);
  watchConflict(i);
  watchDelete(i);
  watchReclaim(i)
}

inline watchReread(i) {
  skip;
#ifdef P_DELETE
  if :: !STALE -> sinceLost[i] = LONG_AGO :: else fi
#endif
}

inline watchSend(i) {
  skip;
#ifdef P_EXCHANGE
  isOnFacts[i] = ALL_KNOW
#endif
#ifdef P_RECLAIM
  if
  :: memory[i].takeoverFrom == NONE ->
     for (k : 1 .. N) { undone[PAIR(i, k)] = false }
  :: else
  fi
#endif
}

inline watchFacts() {
  skip;
#ifdef P_EXCHANGE
  informed = 0; blind = 0;
  for (n : 1 .. N) { isOnFacts[n] = false }
#endif
}

inline watchTick() {
  skip;
#ifdef P_BACKOFF
  for (n : 0 .. PAIR(N, N)) {
    if :: takeovers[n] > 0 -> olderBy1(sinceTakeover[n], RECLAIM_LAST) :: else fi
  }
#endif
#ifdef P_CONFLICT
  for (n : 1 .. N) { olderBy1(sinceWin[n], CONFLICT_LAST) }
#endif
#ifdef P_DELETE
  for (n : 1 .. N) { if :: STALE -> olderBy1(sinceLost[n], LONG_AGO) :: else fi }
#endif
}

/* ==== EC2 ==== */

/* What a read may show, into `shown`: any value of the last CONSISTENCY, in any order. */
inline sample(i) {
  if
  :: shown = route; printf("|   agent %d reads: holder %d\n", i, shown)
  :: pastCount > 0 && past[0] != route ->
     shown = past[0]; printf("|   agent %d reads, stale: holder %d\n", i, shown)
  :: pastCount > 1 && past[1] != route && past[1] != past[0] ->
     shown = past[1]; printf("|   agent %d reads, stale: holder %d\n", i, shown)
  fi
}

/* The change takes place. `was`: the holder before. */
inline move(i) {
  was = route;
  route = target;
  if
  :: STALE && was != route ->
     past[1] = past[0]; pastAge[1] = pastAge[0]; past[0] = was; pastAge[0] = 0;
     if :: pastCount < PAST -> pastCount++ :: else fi
  :: else
  fi;
  watchMove(i)
}

/* No compare-and-set: it executes on whatever is there. */
inline execute(i) {
  agent[i].isDone = true;
  if
  :: agent[i].kind == CREATE && route == NONE ->
     printf("| EC2 creates: agent %d\n", i); target = i; move(i)
  :: agent[i].kind == REPLACE && route != NONE ->
     printf("| EC2 replaces: agent %d instead of %d (decided on %d)\n", i, route, agent[i].from); target = i; move(i)
  :: agent[i].kind == DELETE && route != NONE ->
     printf("| EC2 deletes for agent %d: the route was agent %d's\n", i, route); target = NONE; move(i)
  :: else ->
     printf("| EC2 refuses the change of agent %d\n", i); agent[i].isDone = false
  fi;
  agent[i].step = EXECUTED
}

/* ==== One agent: src/agent/route-loops.ts (poll and cycle), engine.ts, applier.ts ==== */

inline settle(i) {
  agent[i].step = IDLE; agent[i].kind = 0; agent[i].from = NONE; agent[i].isTakeover = false; agent[i].isDone = false;
  agent[i].flight = 0; agent[i].isOrphan = false
}

/* A read came: table-reader.ts #put, decider.ts remember. Whether a change is due is decided at once. */
inline take(i, h) {
  rememberRead(i, h);
  agent[i].holder = h;
  agent[i].viewAge = 0; agent[i].isFresh = true; agent[i].hasView = true;
  wake(i)
}

inline takeLate(i) {
  if
  :: agent[i].isOldReading ->
     agent[i].holder = agent[i].reading; agent[i].viewAge = 0; agent[i].isFresh = false;
     wake(i)
  :: else -> take(i, agent[i].reading)
  fi;
  agent[i].isReading = false; agent[i].reading = NONE; agent[i].isOldReading = false
}

/* The change that the last decision asks for is sent (applier.ts #applyOne). */
inline send(i) {
  agent[i].step = SENT; agent[i].kind = verdict; agent[i].from = agent[i].holder;
  agent[i].isTakeover = isTakeoverNow; agent[i].wanted = HOLD;
  watchSend(i);
  printf("| agent %d asks EC2 to %e; it believes the holder is %d\n", i, verdict, agent[i].holder)
}

inline answer(i) {
  if
  :: agent[i].isOrphan
  :: !agent[i].isOrphan && agent[i].isDone ->
     printf("|   agent %d hears that it is done\n", i);
     rememberChange(i); agent[i].isReadDue = true
  :: !agent[i].isOrphan && !agent[i].isDone ->
     printf("|   agent %d hears that it was too late\n", i);
     agent[i].isReadDue = true
  fi;
  settle(i)
}

inline loseAnswer(i) {
  printf("|   agent %d hears nothing\n", i);
  rememberAttempt(i); agent[i].isReadDue = true;
  lostLeft--;
  settle(i)
}

#define IS_IN_FLIGHT(i) (agent[i].step == SENT || agent[i].step == EXECUTED)

#define IS_CYCLE_DUE(i) (alive[i] && agent[i].step == IDLE && agent[i].wanted != HOLD && agent[i].cycles < CHANGES)

/* engine.ts #actAs: decides again, and sends what that asks for. */
inline act(i) {
  agent[i].cycles++;
  decide(i);
  if :: verdict == HOLD -> agent[i].wanted = HOLD :: else -> send(i) fi
}

proctype Agent(byte i) {
  do
#ifdef AT_ONCE
  :: d_step { agent[i].isReadDue || IS_CYCLE_DUE(i) ->
       agent[i].isReadDue = false; shown = route; take(i, shown);
       if
       :: IS_CYCLE_DUE(i) ->
          printf("|   agent %d reads: holder %d\n", i, shown);
          act(i); execute(i); answer(i);
          agent[i].isReadDue = false; shown = route; take(i, shown)
       :: else
       fi }
#else
  /* A poll, or the read that verifies a change. */
  :: atomic { alive[i] && agent[i].isReadDue && !agent[i].isReading ->
       sample(i); d_step { agent[i].isReadDue = false; take(i, shown) } }
  /* One whose answer may come later than that to the change in flight. */
  :: atomic { alive[i] && agent[i].isReadDue && !agent[i].isReading && IS_IN_FLIGHT(i) ->
       sample(i); d_step { agent[i].isReadDue = false; agent[i].reading = shown; agent[i].isReading = true } }
  :: d_step { alive[i] && agent[i].isReading -> takeLate(i) }
  /* A cycle that reads again first: always before a delete. */
  :: atomic { IS_CYCLE_DUE(i) ->
#ifdef NO_REREAD
       d_step { watchReread(i); act(i) }
#else
       sample(i); d_step { take(i, shown); watchReread(i); act(i) }
#endif
     }
  /* A cycle on what has just been read. */
  :: d_step { IS_CYCLE_DUE(i) && agent[i].wanted != DELETE && agent[i].isFresh -> act(i) }
  :: d_step { agent[i].step == SENT -> execute(i) }
  :: d_step { agent[i].step == EXECUTED -> answer(i) }
  :: d_step { lostLeft > 0 && IS_IN_FLIGHT(i) && !agent[i].isOrphan -> loseAnswer(i) }
#endif
  od
}

/* ==== Time and facts ==== */

#define IS_AT_REST(i) ((!alive[i] || (!agent[i].isReadDue && !agent[i].isReading)) && \
  (agent[i].step == IDLE -> !alive[i] || agent[i].wanted == HOLD || agent[i].cycles >= CHANGES : agent[i].flight < FLIGHT))
#if N == 2
#define ALL_AT_REST (IS_AT_REST(1) && IS_AT_REST(2))
#else
#define ALL_AT_REST (IS_AT_REST(1) && IS_AT_REST(2) && IS_AT_REST(3))
#endif

inline growOlder(i) {
  if
  :: memory[i].takeoverFrom != NONE -> olderBy1(memory[i].takeoverAge, WINDOW + 1)
  :: else
  fi;
  if
#ifndef ENDLESS_BACKOFF
  :: reclaim[i].left > 0 -> reclaim[i].left--
#endif
  :: reclaim[i].left == 0 && reclaim[i].count > 0 -> olderBy1(reclaim[i].past, WINDOW + 1)
  :: else
  fi;
  if
  :: memory[i].conflictLeft > 0 -> memory[i].conflictLeft--
  :: memory[i].conflictLeft == 0 && memory[i].conflictHolder != NONE ->
     olderBy1(memory[i].conflictPast, WINDOW + 1)
  :: else
  fi;
  for (k : 0 .. CONFLICT_LOSSES - 1) {
    if :: k < memory[i].lossCount -> olderBy1(memory[i].lossAge[k], WINDOW) :: else fi
  }
  for (k : 1 .. N) { olderBy1(changeAge[PAIR(i, k)], EXPIRED) }
  olderBy1(agent[i].viewAge, 1);
  if :: agent[i].step == SENT || agent[i].step == EXECUTED -> agent[i].flight++ :: else fi;
  agent[i].cycles = 0; agent[i].isFresh = false;
  agent[i].isReadDue = alive[i]
}

inline forgetPast() {
  for (k : 0 .. PAST - 1) {
    if :: k < pastCount -> pastAge[k]++ :: else fi
  }
  do
  :: pastCount > 0 && pastAge[pastCount - 1] >= CONSISTENCY ->
     pastCount--; past[pastCount] = NONE; pastAge[pastCount] = 0
  :: else -> break
  od
}

inline forgetAll(i) {
  forgetTakeover(i);
  forgetReclaim(i);
  memory[i].lossHolder = NONE; memory[i].lossCount = 0;
  for (k : 0 .. CONFLICT_LOSSES - 1) { memory[i].lossAge[k] = 0 }
  memory[i].conflictHolder = NONE; memory[i].conflictCount = 0;
  memory[i].conflictLeft = 0; memory[i].conflictPast = 0;
  memory[i].wasMine = false;
  for (k : 1 .. N) { changeAge[PAIR(i, k)] = EXPIRED }
  agent[i].holder = NONE; agent[i].viewAge = 0; agent[i].isFresh = false; agent[i].hasView = false;
  agent[i].isReading = false; agent[i].reading = NONE; agent[i].isOldReading = false;
  agent[i].wanted = HOLD
}

/* An agent that ends, whatever it was doing. What it has sent goes its way. */
inline crash(i) {
  forgetAll(i);
  if
  :: agent[i].step == SENT || agent[i].step == EXECUTED -> agent[i].isOrphan = true
  :: else -> settle(i)
  fi;
  agent[i].isReadDue = alive[i]
}

proctype World() {
  do
  :: d_step {
       ALL_AT_REST && ALL_KNOW ->
       for (other : 1 .. N) { growOlder(other) }
       forgetPast();
       watchTick();
       clock++;
       printf("| -- tick %d\n", clock)
     }
#if FAULTS > 0
  /* What the others' checks say follows the fact, at the latest before the tick ends. */
  :: d_step {
       !ALL_KNOW ->
       for (n : 2 .. N) {
         for (k : 1 .. N) {
           if :: n != k -> seen[PAIR(n, k)] = healthy[k] :: else fi
         }
         wake(n)
       }
       watchFacts();
       printf("|   the other agents notice\n")
     }
#endif
  od
}

#if FAULTS > 0
inline countFault() { faultsLeft--; watchFacts() }

/* What may happen to one agent, its instance and its view of the owner. */
proctype Fate(byte i) {
  do
#ifdef SERVICES_FAIL
  :: d_step { faultsLeft > 0 && alive[i] ->
       healthy[i] = !healthy[i]; wake(i); countFault();
       printf("| the service of agent %d: healthy %d\n", i, healthy[i]) }
#endif
#ifdef INSTANCES_DIE
  :: d_step { faultsLeft > 0 && alive[i] ->
       alive[i] = false; healthy[i] = false; crash(i); countFault(); printf("| instance %d dies\n", i) }
  :: d_step { faultsLeft > 0 && !alive[i] ->
       alive[i] = true; healthy[i] = true; crash(i); countFault(); printf("| instance %d starts\n", i) }
#endif
#ifdef AGENTS_CRASH
  :: d_step { faultsLeft > 0 && alive[i] ->
       crash(i); countFault(); printf("| agent %d ends and starts again\n", i) }
#endif
#ifdef LINKS_FAIL
  :: d_step { faultsLeft > 0 && i > OWNERS ->
       blocked[PAIR(i, 1)] = !blocked[PAIR(i, 1)]; wake(i); countFault();
       printf("| agent %d's view of agent 1: blocked %d\n", i, blocked[PAIR(i, 1)]) }
#endif
  :: false
  od
}
#endif

/* P_LIVE (4): once faults stop, the route comes to a healthy agent and stays: to the owner when it is healthy. */
#define IS_HELD_WELL (!IS_ANY_FIT || (healthy[1] && route == 1) || (!healthy[1] && healthy[route]))
#ifdef P_LIVE
ltl live { (<>[] IS_HEALED) -> (<>[] IS_HELD_WELL) }
#endif

init {
  byte a, b;
  atomic {
    for (a : 1 .. N) {
      alive[a] = true; healthy[a] = true; agent[a].step = IDLE; agent[a].wanted = HOLD; agent[a].isReadDue = true;
#ifdef ANY_START
      if :: true :: healthy[a] = false fi;
#endif
#ifdef P_DELETE
      sinceLost[a] = LONG_AGO
#endif
    }
#ifdef ANY_START
    select(route : 0 .. N);
#else
    route = 1;
#endif
    for (a : 1 .. N) {
      for (b : 1 .. N) {
        seen[PAIR(a, b)] = healthy[b];
        changeAge[PAIR(a, b)] = EXPIRED;
#ifdef FULL_PARTITION
        blocked[PAIR(a, b)] = true      /* no backup sees anyone's health */
#endif
      }
    }
#ifdef PARTITION
    blocked[PAIR(2, 1)] = true;         /* backup 2 does not see that the owner is healthy */
#endif
    for (a : 1 .. N) {
      run Agent(a);
#if FAULTS > 0
      run Fate(a)
#endif
    }
    a = 0; b = 0;
    run World()
  }
}
