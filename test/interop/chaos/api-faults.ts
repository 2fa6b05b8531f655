import { assertNever } from '../../../src/lib/assert-never.ts';
import type { FaultEffect, FaultScope } from '../../../src/sandbox/index.ts';
import type { Undo } from './faults.ts';
import type { Fleet } from './fleet.ts';
import type { FaultKind } from './kinds.ts';
import type { Fault } from './schedule.ts';

type ApiFaultKind = Extract<FaultKind, `api-${string}`>;

const MUTATIONS = ['CreateRoute', 'ReplaceRoute', 'DeleteRoute'];
const READS = ['DescribeRouteTables'];

export function isApiFault(kind: FaultKind): kind is ApiFaultKind {
  return kind.startsWith('api-');
}

/** Something is wrong with EC2's API, for one caller or for all. */
export function beginApiFault(fleet: Fleet, fault: Fault & { readonly kind: ApiFaultKind }): Undo {
  const { sandbox, spans, nodes } = fleet;
  if (fault.kind === 'api-throttle') return throttle(fleet, fault.size);
  const isForAll = fault.choice < 0.4;
  const struck = isForAll ? nodes : nodes.filter((node) => node.facts.index === fault.node);
  const ends = struck.map(({ facts }) => spans.open(`${fault.kind} ${facts.index}`, severity(fault)));
  const id = sandbox.faults.add({
    ...effectOf(fault),
    ...scopeOf(fault),
    ...(isForAll ? {} : { accessKeyIds: struck.map(({ facts }) => facts.accessKeyId) }),
  });
  return () => {
    sandbox.faults.remove(id);
    for (const end of ends) end();
  };
}

/** AWS's own buckets, or much smaller ones: five agents do not empty the former. */
function throttle({ sandbox }: Fleet, size: number): Undo {
  const mutating = { capacity: 3, refillPerSec: 0.5 };
  const describe = { capacity: 6, refillPerSec: 3 };
  sandbox.faults.throttle(size < 0.3 ? true : { mutating, describe, unfiltered: describe });
  return () => sandbox.faults.throttle(false);
}

function effectOf({ kind, size }: Fault & { readonly kind: ApiFaultKind }): FaultEffect {
  switch (kind) {
    case 'api-latency':
      return { kind: 'latency', latencyMs: severity({ kind, size }), jitterMs: 200 };
    case 'api-error':
      return size < 0.5 ? { kind: 'error' } : { kind: 'error', code: 'Unavailable', httpStatus: 503 };
    case 'api-reset':
      return { kind: 'reset' };
    case 'api-lost-answer':
      return { kind: 'lose-answer' };
    case 'api-stuck':
      return { kind: 'stuck' };
    case 'api-stale':
      return { kind: 'stale', ageMs: severity({ kind, size }) };
    case 'api-unreachable':
      return { kind: 'unreachable' };
    case 'api-deny':
      return { kind: 'deny' };
    case 'api-throttle':
      throw new TypeError('throttling is no fault of single calls');
    default:
      return assertNever(kind);
  }
}

/** Ms of delay or of age, where the kind has one. */
function severity({ kind, size }: Pick<Fault, 'kind' | 'size'>): number {
  if (kind === 'api-latency') return Math.round(20 + size ** 2 * 2_000);
  if (kind === 'api-stale') return Math.round(200 + size * 9_800);
  return 0;
}

/** A replica that lags answers some of the reads, not all. */
function scopeOf({ kind, size, choice }: Fault): FaultScope {
  const probability = size < 0.4 ? 1 : 0.5;
  if (kind === 'api-stale') return { probability };
  if (kind === 'api-lost-answer' || kind === 'api-deny') return { probability, actions: MUTATIONS };
  const actions = [undefined, MUTATIONS, READS][Math.floor((choice % 0.2) * 15)];
  return actions === undefined ? { probability } : { probability, actions };
}
