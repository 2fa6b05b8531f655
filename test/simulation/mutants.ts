import type { Invariant } from './violation.ts';

export interface Edit {
  /** Below src/. */
  readonly file: string;
  /** Text that the file holds exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A guard taken out of the agent, and the invariant that must notice. */
export interface Mutant {
  /** What the mutated agent does. */
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly breaks: Invariant;
  /** Invariants that would notice sooner: they look away, so that the one meant is shown to hold by itself. */
  readonly unseenBy?: readonly Invariant[];
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'works on tables that no finder means',
    edits: [
      {
        file: 'agent/table-reader.ts',
        find: 'return table.roleArn === group.assumeRole && matches(group.find, table);',
        replace: 'return table.roleArn === group.assumeRole;',
      },
    ],
    breaks: 'configured-only',
    unseenBy: ['fit-to-take', 'holder-suspect', 'preempt-delay'],
  },
  {
    name: 'acts before its checks are settled',
    edits: [
      {
        file: 'core/decide.ts',
        find: "if (health.health === 'unknown') return hold('checks-unsettled');",
        replace: '',
      },
    ],
    breaks: 'known-health',
  },
  {
    name: 'takes routes while its service is down',
    edits: [
      {
        file: 'core/decide.ts',
        find: "const isFit = health.health === 'healthy' && !facts.isDraining;",
        replace: 'const isFit = !facts.isDraining;',
      },
    ],
    breaks: 'fit-to-take',
  },
  {
    name: 'takes routes while draining',
    edits: [
      {
        file: 'core/decide.ts',
        find: "const isFit = health.health === 'healthy' && !facts.isDraining;",
        replace: "const isFit = health.health === 'healthy';",
      },
    ],
    breaks: 'fit-to-take',
  },
  {
    name: 'points routes at an interface that drops them',
    edits: [
      {
        file: 'agent/own-interfaces.ts',
        find: 'const isUsable = id !== undefined && !unusable.has(id);',
        replace: 'const isUsable = id !== undefined;',
      },
    ],
    breaks: 'own-target',
  },
  {
    name: 'gives routes away while healthy',
    edits: [
      {
        file: 'core/decide.ts',
        find: 'return isFit ? keep(facts, observed) : release(facts, observed);',
        replace: 'return release(facts, observed);',
      },
    ],
    breaks: 'unfit-to-release',
  },
  {
    name: 'deletes what is never to be deleted',
    edits: [
      {
        file: 'core/decide.ts',
        find: "if (spec.neverDelete && spec.fallback === undefined) return hold('never-delete');",
        replace: '',
      },
    ],
    breaks: 'never-delete',
  },
  {
    name: 'deletes routes of others',
    edits: [
      {
        file: 'core/decide.ts',
        find: "if (!isFit) return hold('self-unhealthy');",
        replace: 'if (!isFit) return release(facts, observed);',
      },
    ],
    breaks: 'own-route-only',
  },
  {
    name: 'acts on what was read long ago',
    edits: [
      {
        file: 'agent/freshness.ts',
        find: 'const FRESH_MS = 1_000;',
        replace: 'const FRESH_MS = 3_600_000;',
      },
    ],
    breaks: 'fresh-facts',
  },
  {
    name: 'deletes on what was read long ago',
    edits: [
      {
        file: 'agent/freshness.ts',
        find: "return action.kind === 'delete' || view === undefined || !this.#isFresh(view);",
        replace: 'return false;',
      },
      {
        file: 'agent/freshness.ts',
        find: "return action.kind !== 'delete' && this.#isFresh(view);",
        replace: 'return true;',
      },
    ],
    breaks: 'delete-race-bound',
    unseenBy: ['fresh-facts', 'mutation-rate'],
  },
  {
    name: 'takes a holder that it does not know yet for unhealthy',
    edits: [
      {
        file: 'core/decide.ts',
        find: "if (health === 'unknown') return 'holder-unsettled';",
        replace: "if (health === 'unknown') return 'holder-unhealthy';",
      },
    ],
    breaks: 'holder-suspect',
  },
  {
    name: 'takes a holder that only starts for a broken one',
    edits: [
      {
        file: 'core/decide.ts',
        find: "return status === 'impaired' || status === 'not-running' ? 'holder-impaired' : 'holder-healthy';",
        replace: "return status !== 'ok' ? 'holder-impaired' : 'holder-healthy';",
      },
    ],
    breaks: 'holder-suspect',
  },
  {
    name: 'takes routes from gateways as a backup',
    edits: [
      {
        file: 'core/decide.ts',
        find: "if (!isInstanceHeld(observed)) return hold('held-by-gateway');",
        replace: "if (!isInstanceHeld(observed)) return take(facts, observed, 'blackhole');",
      },
    ],
    breaks: 'gateway-spared',
  },
  {
    name: 'does not wait to preempt',
    edits: [
      {
        file: 'core/decide.ts',
        find: 'if (spec.preemptDelayMs > 0 && nowMs < preemptAtMs) {',
        replace: 'if (spec.preemptDelayMs < 0) {',
      },
    ],
    breaks: 'preempt-delay',
  },
  {
    name: 'does not hold off after a reclaim',
    edits: [
      {
        file: 'core/decide.ts',
        find: "if (reclaim?.holders.includes(holderOf(observed) ?? '') && nowMs < reclaim.untilMs) {",
        replace: 'if (reclaim !== undefined && nowMs < 0) {',
      },
    ],
    breaks: 'bounded-exchanges',
  },
  {
    name: 'does not hold off in a fight of two owners',
    edits: [
      {
        file: 'core/decide.ts',
        find: 'if (conflict !== undefined && conflict.holder === holderOf(observed) && nowMs < conflict.untilMs) {',
        replace: 'if (conflict !== undefined && nowMs < 0) {',
      },
    ],
    breaks: 'bounded-exchanges',
  },
  {
    name: 'believes reads that do not show its own change yet',
    edits: [
      {
        file: 'core/decide.ts',
        find: "if (unseen !== undefined) return hold('change-settling', unseen.atMs + CONSISTENCY_MS);",
        replace: '',
      },
    ],
    breaks: 'no-storm',
  },
  {
    name: 'remembers its last change only',
    edits: [
      {
        file: 'core/memory.ts',
        find: 'return [...others, { before, atMs }];',
        replace: 'return others.length < 0 ? others : [{ before, atMs }];',
      },
    ],
    breaks: 'no-storm',
  },
  {
    name: 'has no bucket of its own',
    edits: [
      {
        file: 'agent/applier.ts',
        find: 'this.#bucket.take(this.#nowMs());',
        replace: '',
      },
    ],
    breaks: 'mutation-rate',
  },
  {
    name: 'announces while its service is down',
    edits: [
      {
        file: 'core/announce.ts',
        find: "if (found === 'unhealthy') continue;",
        replace: "if (found === 'unhealthy') return { health: 'healthy', entry: attributes };",
      },
    ],
    breaks: 'announced-fit',
    unseenBy: ['announced-promptly'],
  },
  {
    name: 'announces while draining',
    edits: [
      {
        file: 'core/announce.ts',
        find: "if (before === undefined) return absent(prefix, 'withdraw', 'draining');",
        replace: '',
      },
    ],
    breaks: 'announced-fit',
    unseenBy: ['no-crash'],
  },
  {
    name: 'does not drain what it announces',
    edits: [
      {
        file: 'agent/agent.ts',
        find: 'this.#announcing.setDraining(this.#isDraining());',
        replace: '',
      },
    ],
    breaks: 'announced-promptly',
    unseenBy: ['announced-fit'],
  },
  {
    name: 'withdraws a moment later',
    edits: [
      {
        file: 'agent/agent.ts',
        find: 'this.#announcing.checkChanged(check);',
        replace: 'this.#deps.clock.after(60_000, () => this.#announcing.checkChanged(check));',
      },
    ],
    breaks: 'announced-promptly',
    unseenBy: ['announced-fit'],
  },
  {
    name: 'sets what is set already',
    edits: [
      {
        file: 'agent/announcing.ts',
        find: 'if (this.#last?.announcer === announcer && isSameSet(this.#last.all, all)) return;',
        replace: '',
      },
    ],
    breaks: 'announced-once',
  },
  {
    name: 'never watches the holders that it finds later',
    edits: [
      {
        file: 'agent/health-view.ts',
        find: 'if (this.#running.has(key)) continue;\n      this.#remote.add(key);',
        replace:
          'if (this.#remote.size > 0 || this.#running.has(key)) continue;\n      this.#remote.add(key);',
      },
    ],
    breaks: 'converges',
  },
  {
    name: 'forgets to poll again',
    edits: [
      {
        file: 'agent/route-loops.ts',
        find: 'this.#polls.requestAt(startedMs + pollMs * (0.9 + 0.2 * random()));',
        replace: 'if (!this.#isReady) this.#polls.requestAt(startedMs + pollMs + random());',
      },
    ],
    breaks: 'stays-alive',
    unseenBy: ['converges'],
  },
  {
    name: 'does not know its own interface again',
    edits: [
      {
        file: 'core/decide.ts',
        find: 'if (observed.interfaceId !== undefined) return own.interfaceIds.has(observed.interfaceId);',
        replace: 'if (observed.interfaceId !== undefined) return false;',
      },
    ],
    breaks: 'comes-to-rest',
    unseenBy: [
      'no-storm',
      'bounded-exchanges',
      'converges',
      'fit-to-take',
      'holder-suspect',
      'unfit-to-release',
    ],
  },
  {
    name: 'throws at a dead route',
    edits: [
      {
        file: 'core/decide.ts',
        find: "if (observed.state !== 'blackhole') return hold('already-held');",
        replace:
          "if (observed.state === 'blackhole') throw new Error('dead');\n  return hold('already-held');",
      },
    ],
    breaks: 'no-crash',
  },
];
