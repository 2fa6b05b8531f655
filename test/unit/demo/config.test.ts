import { expect, it } from 'vitest';
import { chooseAddresses } from '../../../demo/router/addresses.ts';
import { announcerConfig, PREFIX, routerConfig } from '../../../demo/router/config.ts';
import { agentConfig, STORY_TIMING } from '../../support/story/agent-config.ts';
import { loaded } from '../config/source.ts';

const ADDRESSES = chooseAddresses([], 3) ?? { router: '', zones: [] };

it('each zone announces the prefix by its own check, from its own address, with its own community', () => {
  const specs = [0, 1, 2].map((index) => {
    const story = agentConfig({ address: '127.0.1.10', port: 80, timing: STORY_TIMING });
    const { spec, warnings } = loaded(`${story}${announcerConfig(ADDRESSES, index)}`);
    expect(warnings).toEqual([]);
    return spec.announcer;
  });
  expect(specs.map((spec) => spec?.backend.speaker.routerId)).toEqual(ADDRESSES.zones);
  expect(specs.map((spec) => spec?.backend.speaker.peers[0]?.remoteAddress)).toEqual([
    '192.0.2.1',
    '192.0.2.1',
    '192.0.2.1',
  ]);
  expect(specs.map((spec) => spec?.routes.map(({ prefix }) => prefix))).toEqual([
    [PREFIX],
    [PREFIX],
    [PREFIX],
  ]);
  const own = { kind: 'check', name: 'service' };
  expect(specs.map((spec) => spec?.routes[0]?.health)).toEqual([own, own, own]);
});

it('the router has a session with each zone, and tells of changes from the first one on', () => {
  const text = routerConfig(ADDRESSES, ['a', 'b', 'c']);
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    expect(text).toContain(
      `protocol bgp zone_${name} {\n  local 192.0.2.1 as 64600;\n  neighbor ${ADDRESSES.zones[index]} as 64512;`,
    );
  }
  // It holds for the protocols that come after it.
  expect(text.indexOf('debug protocols { routes };')).toBeLessThan(text.indexOf('protocol bgp'));
});
