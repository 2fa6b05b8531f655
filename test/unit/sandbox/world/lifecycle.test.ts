import { describe, expect, it } from 'vitest';
import { viewRoute, viewStatus, type World } from '../../../../src/sandbox/index.ts';
import { codeOf, startWorld } from '../fixture.ts';

const VIP = '192.168.1.1/32';

function routeState(world: World): string | undefined {
  const route = world
    .state()
    .routeTables.get('rtb-1')
    ?.routes.find((candidate) => candidate.destination.key === VIP);
  return route && viewRoute(world.state(), route).state;
}

function withRouteTo(target: string, extra = {}) {
  const started = startWorld(extra);
  started.world.createRoute({ tableId: 'rtb-1', destination: VIP, target });
  return started;
}

function statusOf(world: World, id: string) {
  const instance = world.state().instances.get(id);
  return instance && viewStatus(instance);
}

describe('a route to an interface', () => {
  it('is a blackhole while the instance is stopped, and active when it is back', () => {
    const { world } = withRouteTo('i-a');
    expect(routeState(world)).toBe('active');
    world.stop('i-a');
    expect(routeState(world)).toBe('blackhole');
    world.start('i-a');
    expect(routeState(world)).toBe('active');
  });

  it('is a blackhole for good once the instance is terminated', () => {
    const { world } = withRouteTo('i-a');
    world.terminate('i-a');
    expect(routeState(world)).toBe('blackhole');
    expect(world.state().interfaces.has('eni-a')).toBe(false);
    expect(codeOf(world.start('i-a'))).toBe('IncorrectInstanceState');
  });

  it('follows the interface from instance to instance', () => {
    const { world } = withRouteTo('eni-loose');
    expect(routeState(world)).toBe('blackhole');
    world.attachInterface({ interfaceId: 'eni-loose', instanceId: 'i-a', deviceIndex: 1 });
    expect(routeState(world)).toBe('active');
    world.detachInterface('eni-loose');
    expect(routeState(world)).toBe('blackhole');
    expect(codeOf(world.deleteInterface('eni-loose'))).toBe('ok');
    expect(routeState(world)).toBe('blackhole');
  });

  it('turns to a blackhole with its gateway too', () => {
    const { world } = withRouteTo('nat-1');
    world.removeGateway('nat-1');
    expect(routeState(world)).toBe('blackhole');
    world.addGateway('nat-1');
    expect(routeState(world)).toBe('active');
  });
});

describe('an instance', () => {
  it('passes through its states in the time that the scenario gives it', () => {
    const { world, clock } = withRouteTo('i-a', {
      timing: { stopMs: 100, startMs: 50, initializingMs: 200 },
    });
    const state = () => world.state().instances.get('i-a')?.state;
    world.stop('i-a');
    expect([state(), routeState(world)]).toEqual(['stopping', 'active']);
    expect(codeOf(world.start('i-a'))).toBe('IncorrectInstanceState');
    clock.advance(100);
    expect([state(), routeState(world)]).toEqual(['stopped', 'blackhole']);
    expect(statusOf(world, 'i-a')).toEqual({ system: 'not-applicable', instance: 'not-applicable' });
    world.start('i-a');
    expect(state()).toBe('pending');
    clock.advance(50);
    expect(statusOf(world, 'i-a')).toEqual({ system: 'initializing', instance: 'initializing' });
    clock.advance(200);
    expect(statusOf(world, 'i-a')).toEqual({ system: 'ok', instance: 'ok' });
    expect(world.journal(1).map((entry) => [entry.action, entry.from, entry.to])).toEqual([
      ['StopInstances', 'running', 'stopping'],
      ['StartInstances', undefined, undefined],
      ['StopInstances', 'stopping', 'stopped'],
      ['StartInstances', 'stopped', 'pending'],
      ['StartInstances', 'pending', 'running'],
    ]);
  });

  it('that is terminated while it stops does not end up stopped', () => {
    const { world, clock } = withRouteTo('i-a', { timing: { stopMs: 100, terminateMs: 10 } });
    world.stop('i-a');
    world.terminate('i-a');
    clock.advance(1000);
    expect(world.state().instances.get('i-a')?.state).toBe('terminated');
  });

  it('fails its instance check while it reboots, and keeps its routes', () => {
    const { world, clock } = withRouteTo('i-a', { timing: { rebootMs: 100 } });
    world.reboot('i-a');
    expect(statusOf(world, 'i-a')).toEqual({ system: 'ok', instance: 'impaired' });
    expect(routeState(world)).toBe('active');
    clock.advance(100);
    expect(statusOf(world, 'i-a')).toEqual({ system: 'ok', instance: 'ok' });
  });

  it('can be impaired and cleared', () => {
    const { world } = startWorld();
    world.impair('i-a', 'system');
    expect(statusOf(world, 'i-a')).toEqual({ system: 'impaired', instance: 'ok' });
    world.impair('i-a');
    expect(statusOf(world, 'i-a')).toEqual({ system: 'impaired', instance: 'impaired' });
    world.clear('i-a');
    expect(statusOf(world, 'i-a')).toEqual({ system: 'ok', instance: 'ok' });
    expect(codeOf(world.impair('i-none'))).toBe('InvalidInstanceID.NotFound');
  });

  it('leaves no timer behind when the world is closed', () => {
    const { world, clock } = withRouteTo('i-a', { timing: { stopMs: 100 } });
    world.stop('i-a');
    expect(clock.pending()).toBe(1);
    world.close();
    expect(clock.pending()).toBe(0);
  });
});

describe('an interface', () => {
  it('shares its source/dest flag with the instance that it alone is attached to', () => {
    const { world } = startWorld();
    const flag = () => world.state().interfaces.get('eni-b')?.sourceDestCheck;
    expect(flag()).toBe(true);
    expect(codeOf(world.setInstanceCheck('i-b', false))).toBe('ok');
    expect(flag()).toBe(false);
    expect(codeOf(world.setInterfaceCheck('eni-b', true))).toBe('ok');
    expect(flag()).toBe(true);
    expect(codeOf(world.setInstanceCheck('i-two', false))).toBe('InvalidInstanceID');
  });

  it.each([
    [
      'an interface in use',
      { interfaceId: 'eni-b', instanceId: 'i-a', deviceIndex: 1 },
      'InvalidNetworkInterface.InUse',
    ],
    [
      'a taken index',
      { interfaceId: 'eni-loose', instanceId: 'i-a', deviceIndex: 0 },
      'InvalidParameterValue',
    ],
    [
      'another zone',
      { interfaceId: 'eni-loose', instanceId: 'i-b', deviceIndex: 1 },
      'InvalidParameterCombination',
    ],
    [
      'an unknown instance',
      { interfaceId: 'eni-loose', instanceId: 'i-none', deviceIndex: 1 },
      'InvalidInstanceID.NotFound',
    ],
  ])('is not attached: %s', (_, request, code) => {
    expect(codeOf(startWorld().world.attachInterface(request))).toBe(code);
  });

  it('that is primary comes off only by force', () => {
    const { world } = startWorld();
    expect(codeOf(world.detachInterface('eni-a'))).toBe('OperationNotPermitted');
    expect(codeOf(world.detachInterface('eni-a', { force: true }))).toBe('ok');
  });
});

describe('the past', () => {
  it('can be looked at for ten seconds', () => {
    const { world, clock } = startWorld();
    const tableAgo = (ageMs: number) => world.stateAgo(ageMs).routeTables.get('rtb-1')?.routes.length;
    world.createRoute({ tableId: 'rtb-1', destination: VIP, target: 'eni-a' });
    clock.advance(4000);
    world.deleteRoute({ tableId: 'rtb-1', destination: VIP });
    clock.advance(1000);
    expect([tableAgo(0), tableAgo(1000), tableAgo(1001), tableAgo(5001)]).toEqual([2, 2, 3, 2]);
    clock.advance(60_000);
    expect(tableAgo(60_000)).toBe(2);
  });

  it('stays bounded under a storm of changes, and right to 20 ms', () => {
    const { world, clock } = startWorld();
    world.createRoute({ tableId: 'rtb-1', destination: VIP, target: 'eni-a' });
    for (let step = 0; step < 20_000; step += 1) {
      clock.advance(1);
      world.replaceRoute({ tableId: 'rtb-1', destination: VIP, target: step % 2 === 0 ? 'eni-a' : 'eni-b' });
      if (step === 14_999) world.setTags('rtb-1', { mark: 'yes' });
    }
    const marked = (ageMs: number) => world.stateAgo(ageMs).routeTables.get('rtb-1')?.tags.mark;
    expect(marked(4980)).toBe('yes');
    expect(marked(5021)).toBeUndefined();
    expect(world.journal().length).toBe(10_000);
  });
});
