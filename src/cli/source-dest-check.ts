import { type AgentDeps, type AgentSpec, chooseInterface } from '../agent/index.ts';
import type { ReadSourceDestCheck } from '../checks/index.ts';
import type { Clock } from '../lib/clock.ts';

export interface SourceDestCheckOptions {
  /** The one in force: a reload may name other interfaces. */
  readonly spec: () => AgentSpec;
  readonly instanceId: string;
  readonly describeInterfaces: AgentDeps['describeInterfaces'];
  readonly clock: Clock;
}

/** What EC2 said is believed for so long, and EC2 is not asked more often, whatever it answers. */
const ASK_EVERY_MS = 30_000;

/**
 * Reads whether the source/dest check is on, on any interface of this instance that routes point at, for all nat checks
 * together: by EC2 DescribeNetworkInterfaces, once in 30 s at most, and only when asked for. What is known is given at
 * once, while it is asked anew; where EC2 does not answer, what it said last stays, until a reload. Without routes it
 * gives undefined, and asks nobody.
 */
export function sourceDestCheckReader(options: SourceDestCheckOptions): ReadSourceDestCheck {
  const { clock } = options;
  let spec: AgentSpec | undefined;
  let known: boolean | undefined;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  const askAgain = async (about: AgentSpec): Promise<void> => {
    try {
      const said = await ask(about, options);
      if (about === spec) known = said ?? known;
    } finally {
      if (about === spec) asking = undefined;
    }
  };
  return async () => {
    const inForce = options.spec();
    if (inForce.tableGroups.length === 0) return undefined;
    if (spec !== inForce) {
      [spec, known, asking, askedAtMs] = [inForce, undefined, undefined, Number.NEGATIVE_INFINITY];
    }
    if (asking === undefined && clock.now() - askedAtMs >= ASK_EVERY_MS) {
      askedAtMs = clock.now();
      asking = askAgain(inForce);
      // Whoever waits hears of a bug; this keeps it from being nobody's where none does.
      asking.catch(() => undefined);
    }
    if (known === undefined) await asking;
    return known;
  };
}

/** undefined: EC2 does not say. The call has the time that calls of EC2 have, however long the attempt that began it. */
async function ask(
  spec: AgentSpec,
  { instanceId, describeInterfaces }: SourceDestCheckOptions,
): Promise<boolean | undefined> {
  const targets = spec.tableGroups.flatMap((group) => group.routes.map((route) => route.target));
  const own = targets.filter((target) => target.instance === 'SELF' || target.instance === instanceId);
  const query = { by: 'instance', ids: [instanceId], roleArn: undefined } as const;
  const answer = await describeInterfaces(query, AbortSignal.timeout(ASK_EVERY_MS));
  if (!answer.ok) return undefined;
  const chosen = own.flatMap((target) => chooseInterface(target, answer.interfaces) ?? []);
  return chosen.length === 0 ? undefined : chosen.some((facts) => facts.sourceDestCheck);
}
