import { beforeEach, describe, expect, it } from 'vitest';
import type { AgentEvent, AgentSnapshot } from '../../../src/agent/index.ts';
import type { AnnouncerStatus, PrefixStatus, ServiceAddressStatus } from '../../../src/announce/index.ts';
import type { PeerStatus, SessionEnd } from '../../../src/bgp/index.ts';
import { AnnouncerSeries, type ShownAnnouncer } from '../../../src/telemetry/announcer-series.ts';
import { MetricStore } from '../../../src/telemetry/metric-store.ts';
import { METRICS } from '../../../src/telemetry/metric-table.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';
import { establishedStatus as established, peerStatus as peer } from '../../support/bgp/peer-status.ts';
import { samplesIn, typesIn, valueIn } from '../../support/exposition.ts';

/** Unix time, in seconds, of monotonic 0. */
const EPOCH = 1_700_000_000;
const toUnixSeconds = (atMs: number): number => EPOCH + atMs / 1_000;

const END: SessionEnd = {
  reason: 'notification-received',
  detail: 'Cease/Administrative Shutdown: "maintenance"',
  errorCode: 6,
  errorSubcode: 2,
  atMs: 4_000,
};

let store: MetricStore;
let series: AnnouncerSeries;

beforeEach(() => {
  store = new MetricStore();
  series = new AnnouncerSeries(store);
});

async function scrape(shown: ShownAnnouncer | undefined, clock = toUnixSeconds): Promise<string> {
  await series.show(shown, clock);
  return exposed();
}

async function exposed(): Promise<string> {
  return (await store.expose()).toString('utf8');
}

function prefixStatus(prefix: string, over: Partial<PrefixStatus> = {}): PrefixStatus {
  return { prefix, isDesired: true, announcedTo: [], withheldFrom: {}, ...over };
}

function shown(
  peers: readonly PeerStatus[],
  { prefixes = [], addresses = [] }: Partial<Pick<AnnouncerStatus, 'prefixes' | 'addresses'>> = {},
): ShownAnnouncer {
  const speaker = { routerId: '10.3.3.3', localAsn: 65_999, peers };
  return { status: { backend: 'embedded', speaker, prefixes, addresses }, prefixes: [] };
}

function withPrefixes(
  decided: ShownAnnouncer['prefixes'],
  statuses: readonly PrefixStatus[],
): ShownAnnouncer {
  return { ...shown([], { prefixes: statuses }), prefixes: decided };
}

describe('metrics of BGP peers', () => {
  it('tell who speaks with whom', async () => {
    const peers = [
      peer(),
      peer({ name: 'rr', isIbgp: true, hasPassword: true, remoteAddress: 'fe80::1%eth0' }),
    ];
    const text = await scrape(shown(peers));
    const infos = samplesIn(text).filter(({ name }) => name === 'vpcast_bgp_peer_info');
    expect(infos.map(({ labels }) => labels)).toEqual([
      { peer: 'tgw-a', address: '10.0.0.252', asn: '4200000001', session: 'ebgp', password: 'no' },
      { peer: 'rr', address: 'fe80::1%eth0', asn: '4200000001', session: 'ibgp', password: 'yes' },
    ]);
    expect(valueIn(text, 'vpcast_bgp_info', { router: '10.3.3.3', asn: '65999', backend: 'embedded' })).toBe(
      1,
    );
    expect(valueIn(text, 'vpcast_bgp_peers')).toBe(2);
  });

  it('go with the peer, all of them, and go on where it comes back', async () => {
    const other = established({ name: 'old', sentPrefixes: 7 });
    series.countEnd('old', END, true);
    await scrape(shown([peer(), other]));
    const after = await scrape(shown([peer()]));
    expect(samplesIn(after).filter(({ labels }) => labels.peer === 'old')).toEqual([]);
    expect(samplesIn(after).filter(({ labels }) => labels.peer === 'tgw-a').length).toBeGreaterThan(30);
    const back = await scrape(shown([peer(), { ...other, sentPrefixes: 1 }]));
    expect(valueIn(back, 'vpcast_bgp_peer_prefixes_total', { peer: 'old', direction: 'sent' })).toBe(8);
    expect(valueIn(back, 'vpcast_bgp_peer_ends_total', { peer: 'old', reason: END.reason })).toBe(1);
  });

  it('show the address of a peer as it is now, and only that', async () => {
    await scrape(shown([peer()]));
    const text = await scrape(shown([peer({ remoteAddress: '10.0.0.253' })]));
    expect(valueIn(text, 'vpcast_bgp_peer_info', { peer: 'tgw-a' })).toBe(1);
    expect(valueIn(text, 'vpcast_bgp_peer_info', { address: '10.0.0.253' })).toBe(1);
  });
});

describe('metrics of prefixes', () => {
  const announce = { verdict: 'announce', reason: 'healthy', isAnnounced: true } as const;
  const withdraw = { verdict: 'withdraw', reason: 'unhealthy', isAnnounced: false } as const;

  it('tell what is desired from what is', async () => {
    const decided = [
      { prefix: '10.0.0.1/32', ...announce },
      { prefix: '10.0.0.2/32', ...announce },
      { prefix: '10.0.0.3/32', ...withdraw },
      { prefix: '10.0.0.4/32', ...announce },
    ];
    const statuses = [
      prefixStatus('10.0.0.1/32', { announcedTo: ['a', 'b'] }),
      prefixStatus('10.0.0.2/32', { withheldFrom: { a: 'no next hop' } }),
      // Out of the configuration, and still with one peer.
      prefixStatus('10.0.0.9/32', { isDesired: false, announcedTo: ['a'] }),
    ];
    const text = await scrape(withPrefixes(decided, statuses));
    const of = (prefix: string) =>
      ['desired', 'peers', 'withheld'].map((name) =>
        valueIn(text, `vpcast_announcement_${name}`, { prefix }),
      );
    expect(of('10.0.0.1/32')).toEqual([1, 2, 0]);
    expect(of('10.0.0.2/32')).toEqual([1, 0, 1]);
    expect(of('10.0.0.3/32')).toEqual([0, 0, 0]);
    // The backend has not taken it yet.
    expect(of('10.0.0.4/32')).toEqual([1, 0, 0]);
    expect(of('10.0.0.9/32')).toEqual([0, 1, 0]);
    expect(valueIn(text, 'vpcast_announcements', { verdict: 'announce', reason: 'healthy' })).toBe(3);
    expect(valueIn(text, 'vpcast_announcements', { verdict: 'withdraw', reason: 'unhealthy' })).toBe(1);
  });

  it('count changes both ways, and go with the prefix', async () => {
    series.countTransition('10.0.0.1/32', true);
    series.countTransition('10.0.0.1/32', false);
    series.countTransition('10.0.0.1/32', true);
    const text = await scrape(withPrefixes([{ prefix: '10.0.0.1/32', ...announce }], []));
    const count = (to: string) => valueIn(text, 'vpcast_announcement_transitions_total', { to });
    expect([count('announced'), count('withdrawn')]).toEqual([2, 1]);
    const after = await scrape(withPrefixes([], []));
    expect(samplesIn(after).filter(({ labels }) => 'prefix' in labels)).toEqual([]);
    expect(valueIn(after, 'vpcast_announcements')).toBeUndefined();
    const back = await scrape(withPrefixes([{ prefix: '10.0.0.1/32', ...announce }], []));
    expect(valueIn(back, 'vpcast_announcement_transitions_total', { to: 'announced' })).toBe(2);
  });
});

describe('metrics of service addresses', () => {
  const address = (text: string, state: ServiceAddressStatus['state']): ServiceAddressStatus => {
    return { address: text, interface: 'lo', state, why: undefined };
  };

  it('count them by state, and tell which are there', async () => {
    const addresses = [
      address('10.0.0.1', 'present'),
      address('10.0.0.2', 'foreign'),
      address('10.0.0.3', 'failed'),
      address('10.0.0.4', 'absent'),
      address('10.0.0.5', 'absent'),
    ];
    const text = await scrape(shown([], { addresses }));
    const counted = ['present', 'foreign', 'failed', 'absent'].map((state) =>
      valueIn(text, 'vpcast_service_addresses', { interface: 'lo', state }),
    );
    expect(counted).toEqual([1, 1, 1, 2]);
    const there = addresses.map((each) =>
      valueIn(text, 'vpcast_service_address_present', { address: each.address, interface: 'lo' }),
    );
    expect(there).toEqual([1, 1, 0, 0, 0]);
    expect(samplesIn(await scrape(shown([]))).filter(({ labels }) => 'address' in labels)).toEqual([]);
  });
});

describe('metrics of the announcer', () => {
  const OWN = Object.keys(METRICS).filter((name) => {
    return /^vpcast_(bgp_(?!connections)|announcement|service_address)/.test(name);
  });

  it('are all shown by a full status, each with its type and the labels of the table', async () => {
    series.countTransition('10.0.0.1/32', true);
    series.countEnd('tgw-a', END, true);
    const full: ShownAnnouncer = {
      ...shown([established()], {
        prefixes: [prefixStatus('10.0.0.1/32', { announcedTo: ['tgw-a'] })],
        addresses: [{ address: '10.0.0.1', interface: 'lo', state: 'present', why: undefined }],
      }),
      prefixes: [{ prefix: '10.0.0.1/32', verdict: 'announce', reason: 'healthy', isAnnounced: true }],
    };
    const text = await scrape(full);
    expect([...typesIn(text).keys()].sort()).toEqual([...OWN].sort());
    for (const [name, { type, labels }] of Object.entries(METRICS)) {
      const own = samplesIn(text).filter((sample) => sample.name === name);
      if (own.length === 0) continue;
      expect([name, typesIn(text).get(name)]).toEqual([name, type]);
      for (const sample of own) expect(Object.keys(sample.labels)).toEqual([...labels]);
    }
  });

  it('come by the agent: what is at the scrape, and what has happened', async () => {
    const clock = { now: () => 5_000, wallNow: () => EPOCH * 1_000 };
    const readProcess = () => ({ cpuSeconds: 1, residentBytes: 1, startedAtSeconds: 1, openFiles: 1 });
    const metrics = new Metrics({ version: '1', clock, readProcess });
    const rest = { notReady: undefined, checks: [], health: [], groups: [], routes: [], drainSignals: [] };
    const whole = async ({ announcer }: Pick<AgentSnapshot, 'announcer'>) =>
      (await metrics.expose({ ...rest, announcer })).body.toString('utf8');
    const state = { type: 'peer-state', peer: 'a', address: '10.0.0.252', retryInMs: 1_000 } as const;
    const decided = { type: 'announcement', prefix: '10.9.9.9/32', previous: undefined } as const;
    const events: readonly AgentEvent[] = [
      { ...state, from: 'Idle', to: 'Connect', end: undefined },
      { ...state, from: 'Connect', to: 'Established', end: undefined },
      { ...state, from: 'Established', to: 'Active', end: END },
      { ...state, from: 'Active', to: 'Active', end: END },
      { ...decided, verdict: 'announce', reason: 'healthy', wasAnnounced: false, isAnnounced: true },
      { ...decided, verdict: 'announce', reason: 'draining', wasAnnounced: true, isAnnounced: true },
    ];
    for (const event of events) metrics.observe(event);
    metrics.observe({ type: 'bgp-connection-refused', address: '10.0.0.9', why: 'unknown', count: 3 });
    const speaker = {
      routerId: '10.3.3.3',
      localAsn: 65_999,
      peers: [peer({ name: 'a', state: 'Active' })],
    };
    const status = { backend: 'embedded', speaker, prefixes: [], addresses: [] } as const;
    const prefix = { prefix: '10.9.9.9/32', verdict: 'announce', reason: 'draining' } as const;
    const prefixes = [{ ...prefix, isAnnounced: true, attributes: undefined, entry: undefined }];
    const text = await whole({ announcer: { status, prefixes } });
    const ended = valueIn(text, 'vpcast_bgp_peer_ends_total', { peer: 'a', reason: END.reason });
    expect([ended, valueIn(text, 'vpcast_bgp_peer_flaps_total')]).toEqual([2, 1]);
    expect(valueIn(text, 'vpcast_bgp_peer_state', { state: 'Active' })).toBe(1);
    expect(valueIn(text, 'vpcast_bgp_connections_refused_total')).toBe(3);
    // A second ago by the monotonic clock.
    expect(valueIn(text, 'vpcast_bgp_peer_last_end_timestamp_seconds')).toBe(EPOCH - 1);
    // Other attributes are no transition.
    expect(valueIn(text, 'vpcast_announcement_transitions_total', { to: 'announced' })).toBe(1);
    expect(valueIn(await whole({ announcer: undefined }), 'vpcast_bgp_peers')).toBeUndefined();
  });

  it('are gone with it: without an announcer there is none of them', async () => {
    await scrape(
      withPrefixes(
        [{ prefix: '10.0.0.1/32', verdict: 'hold', reason: 'checks-unsettled', isAnnounced: false }],
        [],
      ),
    );
    await scrape(shown([established()]));
    expect(await scrape(undefined)).toBe('');
  });

  it('are a few thousand series at 500 prefixes and 8 peers, and let other work go on between', async () => {
    const prefixes = Array.from({ length: 500 }, (_, at) => `10.1.${at >> 8}.${at & 255}/32`);
    const peers = Array.from({ length: 8 }, (_, at) =>
      established({ name: `peer-${at}`, announced: new Set(prefixes) }),
    );
    const names = peers.map(({ name }) => name);
    const status = shown(peers, {
      prefixes: prefixes.map((each) => prefixStatus(each, { announcedTo: names })),
    });
    const decided = prefixes.map((prefix) => {
      return { prefix, verdict: 'announce', reason: 'healthy', isAnnounced: true } as const;
    });
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    const text = await scrape({ ...status, prefixes: decided });
    isDone = true;
    const samples = samplesIn(text);
    expect(samples.length).toBeLessThan(500 * 5 + 8 * 45 + 20);
    expect(samples.filter(({ labels }) => 'prefix' in labels && 'peer' in labels)).toEqual([]);
    expect(turns).toBeGreaterThan(2);
  });
});
