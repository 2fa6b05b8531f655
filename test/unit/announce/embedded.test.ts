import { afterEach, describe, expect, it } from 'vitest';
import { EmbeddedAnnouncer } from '../../../src/announce/index.ts';
import type { AnnouncementAttributes } from '../../../src/core/index.ts';
import { attributes } from '../../support/announcements.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const speaker = { routerId: '192.0.2.9', localAsn: 65_999, listen: undefined, peers: [] };
let announcer: EmbeddedAnnouncer | undefined;

afterEach(() => announcer?.close('the test is over'));

describe('the embedded announcer', () => {
  it('looks again at none of many prefixes that stay as they were when one of them goes', () => {
    announcer = new EmbeddedAnnouncer(speaker, {
      clock: new FakeClock(),
      random: () => 0,
      onEvent: () => undefined,
    });
    let looks = 0;
    const all = Array.from({ length: 500 }, (_, n) => {
      const counted: AnnouncementAttributes = Object.defineProperty(attributes(), 'med', {
        enumerable: true,
        get: () => {
          looks += 1;
          return undefined;
        },
      });
      return { prefix: `10.1.${n >> 8}.${n & 255}/32`, attributes: counted };
    });
    announcer.set(all);
    expect(looks).toBeGreaterThanOrEqual(500);
    looks = 0;
    announcer.set(all.slice(1).map((each) => ({ ...each })));
    expect(looks).toBe(0);
    expect(announcer.status().prefixes).toHaveLength(499);
  });
});
