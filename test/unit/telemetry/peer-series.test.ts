import { beforeEach, describe, expect, it } from 'vitest';
import type { PeerStatus, SessionEnd } from '../../../src/bgp/index.ts';
import { MetricStore } from '../../../src/telemetry/metric-store.ts';
import { PeerSeries } from '../../../src/telemetry/peer-series.ts';
import { PeerTotals } from '../../../src/telemetry/peer-totals.ts';
import {
  establishedStatus as established,
  peerStatus as peer,
  SILENT,
} from '../../support/bgp/peer-status.ts';
import { samplesIn, valueIn } from '../../support/exposition.ts';

/** Unix time, in seconds, of monotonic 0. */
const EPOCH = 1_700_000_000;
const END: SessionEnd = {
  reason: 'notification-received',
  detail: 'Cease/Administrative Shutdown: "maintenance"',
  errorCode: 6,
  errorSubcode: 2,
  atMs: 4_000,
};
const LOST: SessionEnd = {
  reason: 'connection-lost',
  detail: 'the peer closed the connection',
  errorCode: undefined,
  errorSubcode: undefined,
  atMs: 5_000,
};

let store: MetricStore;
let totals: PeerTotals;
let series: PeerSeries;

beforeEach(() => {
  store = new MetricStore();
  totals = new PeerTotals();
  series = new PeerSeries(store, 'tgw-a', totals);
});

async function scrape(status: PeerStatus, shiftSeconds = 0): Promise<string> {
  series.show(status, (atMs) => EPOCH + atMs / 1_000 + shiftSeconds);
  return (await store.expose()).toString('utf8');
}

describe('what is shown of a BGP peer', () => {
  it('follows the states of RFC 4271, and knows since when a session is established', async () => {
    const states = async (status: PeerStatus) => {
      const text = await scrape(status);
      const on = samplesIn(text).flatMap(({ name, labels, value }) =>
        name === 'vpcast_bgp_peer_state' && value === 1 ? [labels.state] : [],
      );
      const one = (name: string) => valueIn(text, `vpcast_bgp_peer_${name}`);
      return [on, one('up'), one('established_timestamp_seconds'), one('hold_time_seconds')];
    };
    for (const state of ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm'] as const) {
      expect(await states(peer({ state }))).toEqual([[state], 0, undefined, undefined]);
    }
    expect(await states(established())).toEqual([['Established'], 1, EPOCH + 2.5, 9]);
    expect(await states(peer({ state: 'Active' }))).toEqual([['Active'], 0, undefined, undefined]);
  });

  it('has a point in time as one, whatever the clocks are rounded to, and follows a stepped wall clock', async () => {
    totals.countEnd(END, false);
    const since = async (shiftSeconds: number, establishedAtMs = 2_500) => {
      const text = await scrape(established({ establishedAtMs }), shiftSeconds);
      return ['established', 'last_end'].map((what) =>
        valueIn(text, `vpcast_bgp_peer_${what}_timestamp_seconds`),
      );
    };
    expect(await since(0)).toEqual([EPOCH + 2.5, EPOCH + 4]);
    expect(await since(0.001)).toEqual([EPOCH + 2.5, EPOCH + 4]);
    expect(await since(0, 2_600)).toEqual([EPOCH + 2.6, EPOCH + 4]);
    expect(await since(3_600)).toEqual([EPOCH + 3_602.5, EPOCH + 3_604]);
  });

  it('counts messages by direction and type, prefixes, withdrawals and errors', async () => {
    const status = established({
      received: { open: 1, update: 7, keepalive: 40, notification: 2, 'route-refresh': 3 },
      sent: { open: 4, update: 5, keepalive: 41, notification: 6, 'route-refresh': 0 },
      receivedPrefixes: 100,
      receivedWithdrawals: 10,
      receivedErrors: 1,
      sentPrefixes: 8,
      sentWithdrawals: 9,
      attempts: 3,
      outQueueBytes: 512,
      announced: new Set(['10.0.0.1/32', '10.0.0.2/32']),
      withheld: new Map([['2001:db8::1/128', 'family not agreed on']]),
    });
    const text = await scrape(status);
    const messages = samplesIn(text).filter(({ name }) => name === 'vpcast_bgp_peer_messages_total');
    const counts = messages.map(({ labels, value }) => `${labels.direction} ${labels.type} ${value}`);
    expect(counts.sort()).toEqual([
      'received keepalive 40',
      'received notification 2',
      'received open 1',
      'received route-refresh 3',
      'received update 7',
      'sent keepalive 41',
      'sent notification 6',
      'sent open 4',
      'sent route-refresh 0',
      'sent update 5',
    ]);
    const both = (name: string) =>
      (['received', 'sent'] as const).map((direction) => valueIn(text, name, { peer: 'tgw-a', direction }));
    expect(both('vpcast_bgp_peer_prefixes_total')).toEqual([100, 8]);
    expect(both('vpcast_bgp_peer_withdrawals_total')).toEqual([10, 9]);
    const one = (name: string) => valueIn(text, `vpcast_bgp_peer_${name}`);
    expect(
      ['update_errors_total', 'attempts', 'out_queue_bytes', 'prefixes_announced', 'prefixes_withheld'].map(
        one,
      ),
    ).toEqual([1, 3, 512, 2, 1]);
  });

  it('says why a session ended last, in one series, and counts ends by reason and flaps, from 0 on', async () => {
    const ends = (text: string, reason: string) => valueIn(text, 'vpcast_bgp_peer_ends_total', { reason });
    const flaps = (text: string) => valueIn(text, 'vpcast_bgp_peer_flaps_total');
    const last = (text: string) =>
      samplesIn(text).flatMap(({ name, labels, value }) =>
        name === 'vpcast_bgp_peer_last_end_timestamp_seconds' ? [[labels, value]] : [],
      );
    let text = await scrape(peer());
    expect([ends(text, 'connection-lost'), flaps(text), last(text)]).toEqual([0, 0, []]);
    totals.countEnd(LOST, false);
    totals.countEnd(LOST, false);
    totals.countEnd(END, true);
    text = await scrape(peer());
    expect([ends(text, 'notification-received'), ends(text, 'connection-lost'), flaps(text)]).toEqual([
      1, 2, 1,
    ]);
    const labels = { peer: 'tgw-a', reason: 'notification-received', code: '6', subcode: '2' };
    expect(last(text)).toEqual([[labels, EPOCH + 4]]);
    totals.countEnd(LOST, true);
    text = await scrape(peer());
    expect(last(text)).toEqual([
      [{ peer: 'tgw-a', reason: 'connection-lost', code: '', subcode: '' }, EPOCH + 5],
    ]);
  });
});

describe('the counters of a BGP peer', () => {
  const at = (sentPrefixes: number, open: number, lastEnd?: SessionEnd): PeerStatus =>
    established({ sentPrefixes, sent: { ...SILENT, open }, lastEnd });
  const counted = async (status: PeerStatus) => {
    const text = await scrape(status);
    return [
      valueIn(text, 'vpcast_bgp_peer_prefixes_total', { direction: 'sent' }),
      valueIn(text, 'vpcast_bgp_peer_messages_total', { direction: 'sent', type: 'open' }),
    ];
  };
  const reloaded: SessionEnd = { ...END, reason: 'administrative' };

  it('go on where a session with lower totals stands in the place of the last one', async () => {
    expect(await counted(at(500, 3))).toEqual([500, 3]);
    expect(await counted(at(510, 3))).toEqual([510, 3]);
    // All totals are another session's as soon as one of them says so, also what is more than before.
    expect(await counted(at(600, 1))).toEqual([1_110, 4]);
    expect(await counted(at(600, 2))).toEqual([1_110, 5]);
  });

  it('go on where a reload has begun the session anew, also if it has come as far as the last one', async () => {
    expect(await counted(at(500, 1))).toEqual([500, 1]);
    totals.countEnd(reloaded, true);
    expect(await counted(at(500, 1))).toEqual([1_000, 2]);
    expect(await counted(at(500, 1))).toEqual([1_000, 2]);
    expect(await counted(at(501, 1))).toEqual([1_001, 2]);
  });

  it('count nothing twice of a session that was ended for good', async () => {
    expect(await counted(at(500, 1))).toEqual([500, 1]);
    totals.countEnd(reloaded, true);
    expect(await counted(at(500, 1, reloaded))).toEqual([500, 1]);
    expect(await counted(at(500, 1, reloaded))).toEqual([500, 1]);
  });
});
