import type { AgentDeps, AgentEvent } from '../../src/agent/index.ts';
import type { CheckSpec, Probe, ProbeOutcome } from '../../src/checks/index.ts';
import { destinationKey, type RouteAction } from '../../src/core/index.ts';
import { type Fleet, type Member, outcomeOf } from './fleet.ts';
import { instanceId, VPC } from './ids.ts';
import { randomOf } from './random.ts';
import { type Answer, readInterface, readStatus, readTables, type Seen } from './region.ts';
import type { Api } from './script.ts';
import type { ToldCheck } from './told.ts';

const APIS = {
  create: 'CreateRoute',
  replace: 'ReplaceRoute',
  delete: 'DeleteRoute',
} as const satisfies Record<RouteAction['kind'], Api>;

/** Everything that an agent calls, in the simulated region; each answer is noted down as told. */
export function agentDeps(fleet: Fleet, member: Member, report: (event: AgentEvent) => void): AgentDeps {
  const { process, told } = member;
  const { region, script, clock } = fleet.options;
  const self = instanceId(process.name);
  const ask = <Value>(api: Api, signal: AbortSignal, run: (seen: Seen) => Value) =>
    region.call({ process, api, signal, run: (seen) => ({ ok: true, value: run(seen) }) });
  return {
    clock: process.clock,
    random: randomOf(script.seed, process.label, 'agent'),
    identity: () => ({ instanceId: self, vpcId: VPC, region: 'eu-west-1' }),
    tables: {
      async describe(query, signal) {
        const sentAtMs = clock.now();
        const answer = await ask('DescribeRouteTables', signal, (seen) => ({
          viewAtMs: seen.atMs,
          tables: readTables(seen, query.ids),
        }));
        if (!answer.ok) return answer;
        const { viewAtMs, tables } = answer.value;
        for (const table of tables) told.read({ sentAtMs, viewAtMs, toldAtMs: clock.now(), table });
        return { ok: true, tables: tables.map((table) => ({ ...table, readAtMs: sentAtMs })) };
      },
      apply: (action, signal) => apply(fleet, member, { action, signal }),
    },
    async describeInterfaces(query, signal) {
      const answer = await ask('DescribeNetworkInterfaces', signal, ({ state }) =>
        [...state.interfaces.values()].filter((eni) =>
          query.by === 'interface'
            ? query.ids.includes(eni.id)
            : query.ids.includes(eni.attachment?.instanceId ?? ''),
        ),
      );
      if (!answer.ok) return answer;
      const interfaces = answer.value.map(readInterface);
      if (query.by === 'instance') {
        const own = interfaces.filter((facts) => facts.instanceId === self);
        for (const facts of own) told.interface(facts, clock.now());
      }
      return { ok: true, interfaces };
    },
    disableSourceDestCheck: async () => ({ ok: true }),
    async describeInstanceStatus(ids, signal) {
      const sentAtMs = clock.now();
      const answer = await ask(
        'DescribeInstanceStatus',
        signal,
        ({ state }) => new Map(ids.map((id) => [id, readStatus(state.instances.get(id))])),
      );
      if (!answer.ok) return answer;
      for (const [id, status] of answer.value) told.statuses.set(id, { status, sentAtMs });
      return { ok: true, statuses: answer.value };
    },
    readOwnInterfaceIds: async () => {
      const all = [...region.world.state().interfaces.values()];
      return all.filter((eni) => eni.attachment?.instanceId === self).map((eni) => eni.id);
    },
    readDrainSignals: async (wanted) => {
      const isOn = fleet.isDraining(process.name);
      if (isOn !== told.drain.isOn) told.drain = { isOn, atMs: clock.now() };
      return isOn ? wanted.filter((signal) => signal === 'spot') : [];
    },
    makeProbe: (spec) => makeProbe(fleet, member, spec),
    announcer: () => member.announcer,
    runHook: async () => undefined,
    report,
  };
}

async function apply(
  fleet: Fleet,
  { process, told, spec, isReleasing }: Member,
  { action, signal }: { action: RouteAction; signal: AbortSignal },
): Promise<Answer<undefined>> {
  const { region, judge, note } = fleet.options;
  const actor = { name: process.name, label: process.label, told, spec, isReleasing };
  judge.sent(actor, action);
  const destination = destinationKey(action.destination);
  const key = { tableId: action.tableId, destination };
  let isTaken = false;
  const answer = await region.call({
    process,
    api: APIS[action.kind],
    signal,
    run: () => {
      const { world } = region;
      const before = world.targetOf(action.tableId, destination);
      const target = action.to?.id ?? '';
      const result =
        action.kind === 'delete'
          ? world.deleteRoute(key)
          : action.kind === 'create'
            ? world.createRoute({ ...key, target })
            : world.replaceRoute({ ...key, target });
      const how = result.ok ? 'ok' : result.error.code;
      note?.(
        process.label,
        `EC2: ${action.kind} ${action.key} ${before ?? 'none'} → ${action.to?.id ?? 'none'} (${action.reason}): ${how}`,
      );
      fleet.options.changed(result.ok);
      if (result.ok) judge.executed(actor, action, before);
      isTaken = result.ok && action.to !== undefined;
      return result;
    },
  });
  if (isTaken && !answer.ok) judge.unanswered(actor, action);
  return answer;
}

function makeProbe(fleet: Fleet, { process, told, announcer }: Member, spec: CheckSpec): Probe {
  const check: ToldCheck = told.watch(spec, spec.destination);
  const { clock } = fleet.options;
  const tell = (outcome: ProbeOutcome): ProbeOutcome => {
    check.tell(outcome.ok, clock.now());
    return outcome;
  };
  return {
    async attempt(timeoutMs, signal) {
      announcer.look();
      const found = fleet.probe(process.name, spec.destination);
      if (found !== 'timeout') return tell(outcomeOf(found, 0));
      return new Promise((resolve) => {
        const end = (): void => {
          timer.cancel();
          signal.removeEventListener('abort', end);
          resolve(tell(outcomeOf('timeout', timeoutMs)));
        };
        const timer = process.clock.after(timeoutMs, end);
        signal.addEventListener('abort', end, { once: true });
      });
    },
    close: async () => {
      check.isOpen = false;
    },
  };
}
