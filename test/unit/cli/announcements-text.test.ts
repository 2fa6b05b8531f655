import { describe, expect, it } from 'vitest';
import type { PeerSpec } from '../../../src/bgp/index.ts';
import { announcementsJson, announcementsText } from '../../../src/cli/announcements-text.ts';
import { decideAnnouncements, type Health } from '../../../src/core/index.ts';
import { announcedRoute, announcerSpec } from '../../support/announcements.ts';

const ROUTES = [
  announcedRoute('10.0.0.128/32', 'web', { med: 50 }),
  announcedRoute('2001:db8::53/128', 'web'),
  announcedRoute('10.0.0.129/32', 'dns'),
  announcedRoute('10.0.0.130/32', 'new'),
];
const HEALTHS: Readonly<Record<string, Health>> = { web: 'healthy', dns: 'unhealthy' };

function peer(name: string, families: PeerSpec['families']): PeerSpec {
  return {
    name,
    remoteAddress: '10.0.0.252',
    remotePort: 179,
    remoteAsn: 65_001,
    localAddress: undefined,
    isPassive: false,
    holdTimeSec: 9,
    connectRetryMs: 1_000,
    families,
    hasExtendedNextHop: false,
    security: {
      password: 'not to be shown',
      tcpAo: undefined,
      hasGtsm: false,
      multihopTtl: undefined,
      device: undefined,
    },
    role: undefined,
    isRoleStrict: false,
    nextHop: { ipv4: undefined, ipv6: undefined },
  };
}

function specWith(...peers: readonly PeerSpec[]) {
  const speaker = { routerId: '10.0.0.1', localAsn: 65_000, listen: undefined, peers };
  return announcerSpec(ROUTES, { backend: { backend: 'embedded', speaker } });
}

const SPEC = specWith(peer('tgw-a', ['ipv4', 'ipv6']), peer('tgw-b', ['ipv4']));

const DECIDED = decideAnnouncements(ROUTES, {
  healthOf: (expression) =>
    expression.kind === 'check' ? (HEALTHS[expression.name] ?? 'unknown') : 'unknown',
  phase: { kind: 'serving' },
});

describe('the plan of an announcer', () => {
  it('says of each prefix whether it is announced, to whom, and why', () => {
    expect(announcementsText(SPEC, DECIDED, false)).toBe(
      [
        'announcer',
        '  + announce 10.0.0.128/32    to tgw-a, tgw-b  healthy',
        '  + announce 2001:db8::53/128 to tgw-a  healthy',
        '  - withdraw 10.0.0.129/32     unhealthy',
        '    hold     10.0.0.130/32     checks-unsettled',
        '',
        'Announced: 2 of 4 prefixes. What the peers have now is not known here: no session was opened.',
        '',
      ].join('\n'),
    );
  });

  it('says where a prefix goes to nobody, and colors for those who want it', () => {
    expect(announcementsText(specWith(peer('tgw-b', ['ipv4'])), DECIDED, false)).toContain(
      '2001:db8::53/128 to no peer  healthy',
    );
    expect(announcementsText(SPEC, DECIDED, true)).toContain('\u001b[32m  + announce');
  });

  it('is JSON for programs, without any secret', () => {
    const announcements = announcementsJson(SPEC, DECIDED);
    expect(announcements).toMatchObject([
      { prefix: '10.0.0.128/32', verdict: 'announce', peers: ['tgw-a', 'tgw-b'], attributes: { med: 50 } },
      { prefix: '2001:db8::53/128', peers: ['tgw-a'] },
      { prefix: '10.0.0.129/32', verdict: 'withdraw', reason: 'unhealthy', attributes: null },
      { prefix: '10.0.0.130/32', verdict: 'hold', reason: 'checks-unsettled', attributes: null },
    ]);
    expect(JSON.stringify(announcements)).not.toContain('not to be shown');
  });
});
