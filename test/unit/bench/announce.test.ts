import { describe, expect, it } from 'vitest';
import { fileCheck, ownConfig } from '../../../bench/announce/own-config.ts';
import { bytesField, numberField } from '../../../bench/announce/protobuf.ts';
import { announcement, withdrawal } from '../../../bench/announce/wire.ts';
import { loadConfig } from '../../../src/config/index.ts';

describe('the bench of announcers', () => {
  it('has a configuration of as many peers and prefixes as it says', () => {
    const text = ownConfig({
      localAddress: '10.77.1.10',
      asn: 65_010,
      peerAsn: 65_000,
      peerAddresses: ['10.77.1.1', '10.77.1.2'],
      routes: [
        { prefix: '10.200.0.1/32', healthcheck: 'service', communities: ['65010:1'], med: 1 },
        { prefix: 'fd77:200::1/128', healthcheck: 'service', next_hop: 'fd77:1::a' },
      ],
      checks: { service: fileCheck('/nonexistent', '100ms') },
      holdTime: '3s',
    });
    const loaded = loadConfig({ text, file: 'bench.yaml', variables: { env: {} }, readFile: () => '' });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.warnings).toEqual([]);
    expect(loaded.spec.announcer?.routes).toHaveLength(2);
    expect(loaded.spec.announcer?.backend.speaker.peers).toHaveLength(2);
    expect(loaded.spec.announcer?.backend.speaker.peers[0]?.holdTimeSec).toBe(3);
  });

  it('writes fields of Protocol Buffers as their specification shows them', () => {
    // https://protobuf.dev/programming-guides/encoding/: field 1 is 150; field 2 is "testing".
    expect(numberField(1, 150).toString('hex')).toBe('089601');
    expect(bytesField(2, 'testing').toString('hex')).toBe('120774657374696e67');
  });

  it('has two UPDATEs of one prefix that are a peer’s own bytes', () => {
    const marker = 'f'.repeat(32);
    const hop = { asn: 65_011, nextHop: '10.77.1.1' };
    expect(withdrawal('10.200.0.1/32').toString('hex')).toBe(`${marker}001c02000520${'0ac80001'}0000`);
    expect(announcement('10.200.0.1/32', hop).toString('hex')).toBe(
      `${marker}0030020000${'0014'}40010100${'40020602010000fdf3'}${'4003040a4d0101'}20${'0ac80001'}`,
    );
  });
});
