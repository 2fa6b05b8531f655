import type { CheckSpec } from '../../src/checks/index.ts';
import { DATAGRAM_KINDS } from './datagram-kinds.ts';
import { COSTS, type ProbeKind, type Targets } from './kind.ts';
import { LOCAL_KINDS } from './local-kinds.ts';
import { SERVICE_KINDS } from './service-kinds.ts';
import { STREAM_KINDS } from './stream-kinds.ts';

const TABLE = { ...STREAM_KINDS, ...DATAGRAM_KINDS, ...SERVICE_KINDS, ...LOCAL_KINDS } as const;

export type Kind = keyof typeof TABLE;

/** Every kind of probe that is measured, by its name. */
export const KINDS: Readonly<Record<Kind, ProbeKind>> = TABLE;
const NAMES = Object.keys(TABLE) as readonly Kind[];

/** A check of that kind as a configuration would give it. */
export function checkOf(kind: Kind, targets: Targets): CheckSpec {
  const { cost, spec } = KINDS[kind];
  return {
    name: kind,
    destination: targets.address,
    probe: spec(targets),
    rise: 2,
    fall: 3,
    everyMs: COSTS[cost].everyMs,
    timeoutMs: 1_000,
    tries: 1,
    triesIntervalMs: 0,
    runOnHealthy: undefined,
    runOnUnhealthy: undefined,
  };
}

/** All kinds that this host has, or those named in `chosen` (`dns,ntp`); throws where there is no such kind. */
export function chosenKinds(chosen: string | undefined, say: (line: string) => void): readonly Kind[] {
  const wanted = (chosen ?? '').split(',').filter((name) => name !== '');
  const strange = wanted.find((name) => !(NAMES as readonly string[]).includes(name));
  if (strange !== undefined) throw new Error(`there is no kind ${strange}; one of: ${NAMES.join(', ')}`);
  return NAMES.filter((name) => {
    if (wanted.length > 0 && !wanted.includes(name)) return false;
    const obstacle = KINDS[name].obstacle?.();
    if (obstacle !== undefined) say(`${name} is left out: ${obstacle}`);
    return obstacle === undefined;
  });
}
