import { describe, expect, it } from 'vitest';
import { nextDeadlineMs, retryAtMs } from '../../../src/bgp/peer-machine.ts';
import { type DrivenPeer, KEEPALIVE, openOf, peer, retryInSec, started, stateOf } from './machine-fixture.ts';

function stop(driven: DrivenPeer, subcode = 2): string[] {
  return driven.step({ type: 'stop', subcode, communication: 'bye' });
}

describe('stop', () => {
  const waiting = {
    Idle: () => peer(),
    Active: () => started({ isPassive: true }),
    Connect: () => started(),
  };

  it.each([
    ['Idle', []],
    ['Active', []],
    ['Connect', ['out:abort']],
  ] as const)('in %s ends nothing that anybody was told of: %j', (state, outputs) => {
    const driven = waiting[state]();
    expect(stateOf(driven)).toBe(state);
    expect(stop(driven)).toEqual(outputs);
    expect([stateOf(driven), nextDeadlineMs(driven.state)]).toEqual(['Idle', undefined]);
  });

  it.each(['OpenSent', 'OpenConfirm', 'Established'])('in %s says why, and closes', (state) => {
    const driven = started();
    driven.connected('outgoing');
    if (state !== 'OpenSent') driven.received('outgoing', openOf());
    if (state === 'Established') driven.received('outgoing', KEEPALIVE);
    const outputs = driven.outputs({ type: 'stop', subcode: 2, communication: 'bye' });
    const [sent, closed, ended] = outputs;
    expect(sent).toMatchObject({
      message: { errorCode: 6, errorSubcode: 2, data: Uint8Array.of(3, 0x62, 0x79, 0x65) },
    });
    expect(closed).toMatchObject({ type: 'close', isAbrupt: false });
    expect(ended).toMatchObject({
      wasEstablished: state === 'Established',
      end: { reason: 'administrative', detail: 'Cease/Administrative Shutdown: "bye"', errorCode: 6 },
    });
    expect(outputs).toHaveLength(3);
    expect([stateOf(driven), nextDeadlineMs(driven.state)]).toEqual(['Idle', undefined]);
  });

  it.each([
    [3, 0],
    [4, 4],
    [6, 0],
  ])('has a text with Administrative Shutdown and Reset only (RFC 9003 §2): subcode %d, %d bytes', (subcode, bytes) => {
    const driven = peer().establish();
    const [sent] = driven.outputs({ type: 'stop', subcode, communication: 'bye' });
    expect(sent?.type === 'send' && sent.message.type === 'notification' && sent.message.data.length).toBe(
      bytes,
    );
  });

  it('tells of one end where there are two connections', () => {
    const driven = started();
    driven.connected('outgoing');
    driven.connected('incoming');
    expect(stop(driven)).toEqual(['out:6/2', 'out:close', 'in:6/2', 'in:close', 'ended administrative']);
  });

  it('ends a wait for the next attempt, and its length', () => {
    const driven = started();
    driven.lost('outgoing', 'connect-failed');
    expect(stop(driven)).toEqual([]);
    expect(retryAtMs(driven.state)).toBeUndefined();
    driven.step({ type: 'start' });
    driven.lost('outgoing', 'connect-failed');
    expect(retryInSec(driven)).toBe(0.875);
  });

  it('has nothing to do the second time, as start has', () => {
    const driven = peer().establish();
    stop(driven);
    expect(stop(driven)).toEqual([]);
    expect(driven.step({ type: 'start' })).toEqual(['dial']);
    expect(driven.step({ type: 'start' })).toEqual([]);
  });

  it('lets nobody connect afterwards', () => {
    const driven = started();
    stop(driven);
    expect(driven.connected('incoming')).toEqual(['in:abort']);
    expect(driven.received('outgoing', KEEPALIVE)).toEqual([]);
    expect(driven.lost('outgoing')).toEqual([]);
  });
});
