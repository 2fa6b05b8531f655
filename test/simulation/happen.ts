import { assertNever } from '../../src/lib/assert-never.ts';
import type { NetworkInterface } from '../../src/sandbox/index.ts';
import type { Fleet } from './fleet.ts';
import { GATEWAY, instanceId, interfaceId, tableId } from './ids.ts';
import type { Condition } from './region.ts';
import type { Api, SimEvent } from './script.ts';

/** An armed crash that no call comes to happens after this all the same. */
const CRASH_WITHIN_MS = 20_000;
const MAX_GENERATION = 5;

/** Makes an event of the script happen, and sets the timer that heals it. */
export function happen(fleet: Fleet, event: SimEvent): void {
  const { clock, region, note } = fleet.options;
  const { world } = region;
  note?.('·', describeEvent(event));
  const heal = (forMs: number, run: () => void) =>
    clock.after(forMs, () => {
      note?.('·', `over: ${describeEvent(event)}`);
      run();
    });
  const downFor = (what: string, forMs: number, then: () => void = () => {}) => {
    fleet.down(what);
    heal(forMs, () => {
      fleet.up(what);
      then();
    });
  };
  const under = (condition: Condition, forMs: number) => {
    region.conditions.add(condition);
    heal(forMs, () => region.conditions.delete(condition));
  };
  switch (event.kind) {
    case 'service-down':
      downFor(`service ${event.agent}`, event.forMs);
      break;
    case 'service-lost':
      fleet.down(`service ${event.agent}`);
      break;
    case 'service-flaps':
      flap(fleet, event, clock.now() + event.forMs);
      break;
    case 'instance-stop':
      fleet.down(`host ${event.agent}`);
      fleet.kill(event.agent);
      world.stop(instanceId(event.agent));
      heal(event.forMs, () => bootAgain(fleet, event.agent));
      break;
    case 'reboot':
      world.reboot(instanceId(event.agent));
      fleet.kill(event.agent);
      fleet.down(`host ${event.agent}`);
      heal(event.forMs, () => bootAgain(fleet, event.agent));
      break;
    case 'impair':
      world.impair(instanceId(event.agent));
      heal(event.forMs, () => world.clear(instanceId(event.agent)));
      break;
    case 'crash':
      crash(fleet, event);
      break;
    case 'restart':
      void fleet.terminate(event.agent).then(() => {
        clock.after(event.forMs, () => fleet.start(event.agent));
      });
      break;
    case 'stall': {
      const process = fleet.process(event.agent);
      process?.stop();
      heal(event.forMs, () => process?.continue());
      break;
    }
    case 'cut':
      downFor(`path ${event.agent}>${event.to}`, event.forMs);
      break;
    case 'offline':
      under({ agent: event.agent, kind: 'trouble', api: '*', trouble: 'unreachable', share: 1 }, event.forMs);
      for (const other of fleet.setup.names) {
        downFor(`path ${event.agent}>${other}`, event.forMs);
        downFor(`path ${other}>${event.agent}`, event.forMs);
      }
      break;
    case 'isolate':
      for (const other of fleet.setup.names) {
        downFor(`path ${event.agent}>${other}`, event.forMs);
        downFor(`path ${other}>${event.agent}`, event.forMs);
      }
      break;
    case 'api': {
      const { agent, api, trouble, share } = event;
      under({ agent, kind: 'trouble', api, trouble, share }, event.forMs);
      break;
    }
    case 'stale':
      under({ agent: event.agent, kind: 'stale', maxMs: event.maxMs }, event.forMs);
      break;
    case 'slow':
      under({ agent: event.agent, kind: 'slow', addMs: event.addMs }, event.forMs);
      break;
    case 'tenants':
      useTokens(fleet, event.callsPerSec, clock.now() + event.forMs);
      break;
    case 'new-interface':
      changeInterface(fleet, event.agent);
      break;
    case 'source-dest-check': {
      const own = interfacesOf(fleet, event.agent).map((eni) => eni.id);
      for (const id of own) world.setInterfaceCheck(id, true);
      heal(event.forMs, () => {
        for (const id of own) world.setInterfaceCheck(id, false);
      });
      break;
    }
    case 'edit-route':
      editRoute(fleet, event);
      break;
    case 'untag': {
      const id = tableId(event.table);
      world.setTags(id, { type: 'private' });
      heal(event.forMs, () => world.setTags(id, { az: event.table, type: 'private' }));
      break;
    }
    case 'reload':
      fleet.reload(event.agent, event.variation);
      heal(event.forMs, () => fleet.reload(event.agent, undefined));
      break;
    case 'wall-clock':
      clock.stepWall(event.byMs);
      break;
    case 'drain':
      downFor(`drain ${event.agent}`, event.forMs);
      break;
    default:
      assertNever(event);
  }
}

export function describeEvent(event: SimEvent): string {
  const { kind, atMs: _, ...facts } = event;
  const told = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  return [kind, ...told].join(', ');
}

function flap(fleet: Fleet, event: SimEvent & { kind: 'service-flaps' }, untilMs: number): void {
  const { clock } = fleet.options;
  if (clock.now() >= untilMs) return;
  fleet.down(`service ${event.agent}`);
  clock.after(event.periodMs / 2, () => fleet.up(`service ${event.agent}`));
  clock.after(event.periodMs, () => flap(fleet, event, untilMs));
}

/** An instance can be started only once it has stopped. */
function bootAgain(fleet: Fleet, name: string): void {
  const { clock, region } = fleet.options;
  fleet.up(`host ${name}`);
  if (!fleet.isUp(`host ${name}`)) return;
  const boot = (): void => {
    if (!fleet.isUp(`host ${name}`)) return;
    region.world.start(instanceId(name));
    const state = region.world.state().instances.get(instanceId(name))?.state;
    if (state === 'running') fleet.start(name);
    else clock.after(500, boot);
  };
  boot();
}

function crash(fleet: Fleet, event: SimEvent & { kind: 'crash' }): void {
  const { agent, point, forMs } = event;
  const { clock } = fleet.options;
  const process = fleet.process(agent);
  if (process === undefined) return;
  const end = (): void => {
    if (!process.isAlive) return;
    fleet.kill(agent);
    fleet.down(`agent ${agent}`);
    clock.after(forMs, () => {
      fleet.up(`agent ${agent}`);
      fleet.start(agent);
    });
  };
  if (point === 'now') {
    end();
    return;
  }
  process.crashAt(point, end);
  clock.after(Math.min(CRASH_WITHIN_MS, forMs), end);
}

function useTokens(fleet: Fleet, callsPerSec: number, untilMs: number): void {
  const { clock, region } = fleet.options;
  const apis: readonly Api[] = ['DescribeRouteTables', 'ReplaceRoute', 'CreateRoute', 'DeleteRoute'];
  for (const api of apis) {
    for (let call = 0; call < callsPerSec; call += 1) region.takeToken(api);
  }
  if (clock.now() < untilMs) clock.after(1_000, () => useTokens(fleet, callsPerSec, untilMs));
}

/** Attaches the next interface in place of the present one, which is then deleted. */
function changeInterface(fleet: Fleet, name: string): void {
  const { world } = fleet.options.region;
  const own = interfacesOf(fleet, name);
  const generation = Math.max(0, ...own.map((eni) => Number(eni.id.slice(`eni-${name}`.length)))) + 1;
  if (generation > MAX_GENERATION || world.state().instances.get(instanceId(name))?.state !== 'running')
    return;
  for (const eni of own) {
    world.detachInterface(eni.id, { force: true });
    world.deleteInterface(eni.id);
  }
  const request = {
    interfaceId: interfaceId(name, generation),
    instanceId: instanceId(name),
    deviceIndex: 0,
  };
  world.attachInterface(request);
}

function interfacesOf(fleet: Fleet, name: string): readonly NetworkInterface[] {
  const all = [...fleet.options.region.world.state().interfaces.values()];
  return all.filter((eni) => eni.attachment?.instanceId === instanceId(name));
}

function editRoute(fleet: Fleet, event: SimEvent & { kind: 'edit-route' }): void {
  const { world } = fleet.options.region;
  const destination = fleet.setup.routes[event.route]?.cidr;
  if (destination === undefined) return;
  const key = { tableId: tableId(event.table), destination };
  if (event.to === 'none') {
    world.deleteRoute(key);
    return;
  }
  const target = event.to === 'gateway' ? GATEWAY : interfacesOf(fleet, event.to)[0]?.id;
  if (target === undefined) return;
  const replaced = world.replaceRoute({ ...key, target });
  if (!replaced.ok) world.createRoute({ ...key, target });
}
