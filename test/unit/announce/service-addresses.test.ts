import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnnouncerEvent } from '../../../src/announce/events.ts';
import { ServiceAddresses } from '../../../src/announce/service-addresses.ts';
import type { Announcement } from '../../../src/core/index.ts';
import { attributes } from '../../support/announcements.ts';
import { FakeAnnouncer } from '../../support/fake-announcer.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { FakeInterface } from '../../support/fake-interface.ts';

const A = '10.0.0.1/32';
const B = '2001:db8::53/128';
const NET = '10.9.0.0/24';
const DELAY_MS = 1_000;

function announcements(...prefixes: readonly string[]): readonly Announcement[] {
  return prefixes.map((prefix) => ({ prefix, attributes: attributes() }));
}

function begin(prepare: (addresses: FakeInterface) => void = () => undefined, removeDelayMs = DELAY_MS) {
  const clock = new FakeClock();
  const addresses = new FakeInterface(clock);
  prepare(addresses);
  return run({ clock, addresses, removeDelayMs });
}

function run(given: {
  readonly clock: FakeClock;
  readonly addresses: FakeInterface;
  readonly removeDelayMs: number;
}) {
  const { clock, addresses, removeDelayMs } = given;
  const inner = new FakeAnnouncer(clock);
  const events: string[] = [];
  const onEvent = (event: AnnouncerEvent): void => {
    if (event.type === 'service-address') events.push(`${event.change} ${event.address}: ${event.why ?? ''}`);
    else events.push(event.type);
  };
  const outer = new ServiceAddresses(inner, {
    spec: { interface: 'dummy0', removeDelayMs },
    clock,
    random: () => 0.99999,
    onEvent,
    addresses,
  });
  const states = (): unknown => {
    return Object.fromEntries(outer.status().addresses.map(({ address, state }) => [address, state]));
  };
  return { clock, addresses, inner, outer, events, states };
}

describe('a prefix that is to be announced', () => {
  test('gets its address first, and is announced then', async () => {
    const { clock, addresses, inner, outer, events, states } = begin((each) => {
      each.takesMs = 10;
    });
    outer.set(announcements(A, NET));
    expect(inner.prefixes()).toEqual([NET]);
    await clock.advance(10);
    expect(addresses.calls).toEqual(['10 add 10.0.0.1/32']);
    expect(inner.prefixes()).toEqual([NET]);
    await clock.advance(10);
    expect(addresses.prefixes()).toEqual([A]);
    expect(inner.prefixes()).toEqual([A, NET]);
    expect(events).toEqual(['added 10.0.0.1: ']);
    expect(states()).toEqual({ '10.0.0.1': 'present' });
  });

  test('is handed on before `set` returns where its address is there already', async () => {
    const { inner, outer, addresses } = begin((each) => each.addForeign(A));
    await settle();
    outer.set(announcements(A));
    expect(inner.prefixes()).toEqual([A]);
    expect(addresses.calls).toEqual([]);
  });

  test('does not hold up others, nor changes of them', async () => {
    const { clock, inner, outer } = begin((each) => {
      each.addForeign(A);
      each.takesMs = 100;
    });
    await clock.advance(100);
    outer.set(announcements(A, B));
    expect(inner.prefixes()).toEqual([A]);
    outer.set([{ prefix: A, attributes: attributes({ med: 7 }) }, ...announcements(B)]);
    expect(inner.now()[0]?.attributes.med).toBe(7);
    await clock.advance(200);
    expect(inner.prefixes()).toEqual([A, B]);
    expect(inner.now()[0]?.attributes.med).toBe(7);
  });

  test('that is a network has no address of its own', async () => {
    const { addresses, inner, outer, clock } = begin();
    outer.set(announcements(NET, '2001:db8::/64'));
    expect(inner.prefixes()).toEqual([NET, '2001:db8::/64']);
    await clock.advance(60_000);
    expect(addresses.calls).toEqual([]);
    expect(addresses.looks).toBe(1);
  });
});

describe('a prefix that is withdrawn', () => {
  test('is withdrawn at once, and loses its address after the delay', async () => {
    const { clock, addresses, inner, outer, events, states } = begin();
    outer.set(announcements(A, B));
    await clock.advance(0);
    outer.set(announcements(B));
    expect(inner.prefixes()).toEqual([B]);
    await clock.advance(DELAY_MS - 1);
    expect(addresses.prefixes()).toEqual([A, B]);
    await clock.advance(1);
    expect(addresses.prefixes()).toEqual([B]);
    expect(events.at(-1)).toBe('removed 10.0.0.1: ');
    expect(states()).toEqual({ '10.0.0.1': 'absent', '2001:db8::53': 'present' });
  });

  test('and wanted again within the delay keeps its address, and is announced at once', async () => {
    const { clock, addresses, inner, outer } = begin();
    outer.set(announcements(A));
    await clock.advance(0);
    for (let flap = 0; flap < 5; flap += 1) {
      outer.set([]);
      await clock.advance(DELAY_MS - 1);
      outer.set(announcements(A));
      expect(inner.prefixes()).toEqual([A]);
      await clock.advance(10 * DELAY_MS);
    }
    expect(addresses.calls).toEqual(['0 add 10.0.0.1/32']);
  });

  test('twice is not kept longer by the second time', async () => {
    const { clock, addresses, outer } = begin();
    outer.set(announcements(A));
    await clock.advance(0);
    outer.set([]);
    await clock.advance(DELAY_MS / 2);
    outer.set([]);
    await clock.advance(DELAY_MS / 2);
    expect(addresses.prefixes()).toEqual([]);
  });

  test('and wanted again while its address goes is announced only when that is there again', async () => {
    const { clock, addresses, inner, outer } = begin();
    outer.set(announcements(A));
    await clock.advance(0);
    outer.set([]);
    addresses.takesMs = 10;
    await clock.advance(DELAY_MS + 15);
    expect(addresses.calls.at(-1)).toBe('1010 remove 10.0.0.1/32');
    outer.set(announcements(A));
    expect(inner.prefixes()).toEqual([]);
    await clock.advance(40);
    expect(addresses.prefixes()).toEqual([A]);
    expect(inner.prefixes()).toEqual([A]);
  });

  test('while its address is being added loses it again', async () => {
    const { clock, addresses, inner, outer } = begin((each) => {
      each.takesMs = 10;
    });
    outer.set(announcements(A));
    await clock.advance(15);
    outer.set([]);
    await clock.advance(10);
    expect(addresses.prefixes()).toEqual([A]);
    expect(inner.prefixes()).toEqual([]);
    await clock.advance(DELAY_MS + 30);
    expect(addresses.prefixes()).toEqual([]);
  });
});

describe('an address of somebody else', () => {
  test('is used, called foreign, and never removed', async () => {
    const { clock, addresses, inner, outer, events, states } = begin((each) => each.addForeign(A));
    outer.set(announcements(A));
    await clock.advance(0);
    expect(inner.prefixes()).toEqual([A]);
    expect(states()).toEqual({ '10.0.0.1': 'foreign' });
    expect(events).toEqual(['found 10.0.0.1: it is not ours, and is never removed']);
    outer.set([]);
    await clock.advance(60_000);
    await outer.close('stop');
    expect(addresses.prefixes()).toEqual([A]);
    expect(addresses.calls).toEqual([]);
  });

  test('that came as ours was about to be added is found', async () => {
    const { clock, addresses, inner, outer, states } = begin((each) => {
      each.takesMs = 10;
    });
    outer.set(announcements(A));
    await clock.advance(15);
    addresses.addForeign(A);
    await clock.advance(30);
    expect(inner.prefixes()).toEqual([A]);
    expect(states()).toEqual({ '10.0.0.1': 'foreign' });
  });

  test('that took the place of ours is not removed', async () => {
    const { clock, addresses, outer } = begin();
    outer.set(announcements(A, B));
    await clock.advance(0);
    addresses.addForeign(A);
    outer.set([]);
    await clock.advance(60_000);
    expect(addresses.prefixes()).toEqual([A]);
  });

  test('that is no good yet, or a duplicate, is waited for', async () => {
    const { clock, addresses, inner, outer, events } = begin((each) => each.addForeign(B, false));
    outer.set(announcements(B));
    await clock.advance(20_000);
    expect(inner.prefixes()).toEqual([]);
    expect(events).toEqual([expect.stringMatching(/^failed 2001:db8::53: .*duplicate address detection/)]);
    addresses.addForeign(B);
    await clock.advance(5_000);
    expect(inner.prefixes()).toEqual([B]);
  });
});

describe('after a crash', () => {
  test('what an earlier run left is ours again: wanted it stays, unwanted it goes', async () => {
    const { clock, addresses, inner, outer, events } = begin((each) => {
      each.found.set(A, { isMarked: true, isUsable: true });
      each.found.set(B, { isMarked: true, isUsable: true });
      each.addForeign('10.0.0.9/32');
    });
    await clock.advance(60_000);
    expect(addresses.calls).toEqual([]);
    outer.set(announcements(A));
    expect(inner.prefixes()).toEqual([A]);
    await clock.advance(DELAY_MS);
    expect(addresses.prefixes()).toEqual([A, '10.0.0.9/32']);
    expect(events).toEqual([
      'found 10.0.0.1: an earlier run has left it',
      'found 2001:db8::53: an earlier run has left it',
      'removed 2001:db8::53: ',
    ]);
    outer.set([]);
    await clock.advance(DELAY_MS);
    expect(addresses.prefixes()).toEqual(['10.0.0.9/32']);
  });

  test('what it left is found also where the first look takes longer than the first `set`', async () => {
    const { clock, addresses, outer } = begin((each) => {
      each.found.set(A, { isMarked: true, isUsable: true });
      each.takesMs = 50;
    });
    outer.set([]);
    await clock.advance(50 + DELAY_MS + 100);
    expect(addresses.prefixes()).toEqual([]);
  });

  test('on a kernel without marks what it left is foreign, while what this run added is ours', async () => {
    const before = begin((each) => {
      each.keepsMarks = false;
    });
    before.outer.set(announcements(A));
    await before.clock.advance(0);
    const after = run({ ...before, removeDelayMs: DELAY_MS });
    after.outer.set(announcements(A, B));
    await after.clock.advance(30_000);
    expect(after.states()).toEqual({ '10.0.0.1': 'foreign', '2001:db8::53': 'present' });
    after.outer.set([]);
    await after.clock.advance(DELAY_MS);
    expect(after.addresses.prefixes()).toEqual([A]);
  });
});

describe('where an address can’t be had', () => {
  test('its prefix is not announced, it is told once, and tried again at growing distances', async () => {
    const { clock, addresses, inner, outer, events, states } = begin((each) => {
      each.addError = 'EPERM';
    });
    outer.set(announcements(A, NET));
    await clock.advance(120_000);
    expect(inner.prefixes()).toEqual([NET]);
    expect(states()).toEqual({ '10.0.0.1': 'failed' });
    expect(outer.status().addresses[0]?.why).toMatch(/CAP_NET_ADMIN/);
    expect(events).toEqual([expect.stringMatching(/^failed 10\.0\.0\.1: .*CAP_NET_ADMIN/)]);
    const times = addresses.calls.map((call) => Number(call.split(' ')[0]));
    const gaps = times.slice(1).map((time, at) => Math.round((time - (times[at] ?? 0)) / 1_000));
    expect(gaps.slice(0, 5)).toEqual([1, 2, 4, 8, 16]);
    expect(Math.max(...gaps)).toBe(30);
    addresses.addError = undefined;
    await clock.advance(30_000);
    expect(inner.prefixes()).toEqual([A, NET]);
    expect(events.at(-1)).toBe('added 10.0.0.1: ');
    expect(outer.status().prefixes.map(({ prefix, isDesired }) => [prefix, isDesired])).toEqual([
      [A, true],
      [NET, true],
    ]);
  });

  test('its prefix is shown as wanted, and announced to nobody', async () => {
    const { clock, outer } = begin((each) => {
      each.addError = 'EPERM';
    });
    outer.set(announcements(A));
    await clock.advance(0);
    expect(outer.status().prefixes).toEqual([
      { prefix: A, isDesired: true, announcedTo: [], withheldFrom: {} },
    ]);
  });

  test.each([
    ['the interface is missing', { readError: 'ENODEV' }, /no network interface dummy0: ip link add/],
    ['the interface is down', { isEnabled: false }, /dummy0 is down: ip link set dummy0 up/],
    ['there is no netlink', { readError: 'unavailable' }, /on Linux only/],
  ])('since %s, it is added soon after that is mended', async (_name, spoil: Partial<FakeInterface>, why) => {
    const { clock, addresses, inner, outer, events } = begin((each) => Object.assign(each, spoil));
    outer.set(announcements(A));
    await clock.advance(20_000);
    expect(events).toEqual([expect.stringMatching(why)]);
    expect(addresses.calls).toEqual([]);
    expect(addresses.looks).toBeLessThan(8);
    addresses.readError = undefined;
    addresses.isEnabled = true;
    await clock.advance(5_000);
    expect(inner.prefixes()).toEqual([A]);
  });

  test('any more, its prefix is withdrawn with the next look', async () => {
    const { clock, addresses, inner, outer, events } = begin();
    outer.set(announcements(A));
    await clock.advance(0);
    addresses.isEnabled = false;
    await clock.advance(5_000);
    expect(inner.prefixes()).toEqual([]);
    addresses.isEnabled = true;
    await clock.advance(5_000);
    expect(inner.prefixes()).toEqual([A]);
    expect(events).toEqual([
      'added 10.0.0.1: ',
      'failed 10.0.0.1: network interface dummy0 is down: ip link set dummy0 up',
    ]);
  });

  test('any more since somebody took it away, it is added again and stays announced', async () => {
    const { clock, addresses, inner, outer, events } = begin();
    outer.set(announcements(A));
    await clock.advance(0);
    addresses.found.clear();
    const before = inner.told.length;
    await clock.advance(5_000);
    expect(addresses.prefixes()).toEqual([A]);
    expect(inner.told.length).toBe(before);
    expect(events.slice(1)).toEqual(['removed 10.0.0.1: somebody else removed it', 'added 10.0.0.1: ']);
  });

  test('a look that fails once withdraws nothing', async () => {
    const { clock, addresses, inner, outer } = begin();
    outer.set(announcements(A));
    await clock.advance(0);
    addresses.readError = 'ENOBUFS';
    await clock.advance(15_000);
    expect(inner.prefixes()).toEqual([A]);
  });

  test('one that can’t be removed is tried again, and is announced at once when wanted', async () => {
    const { clock, addresses, inner, outer, states, events } = begin();
    outer.set(announcements(A));
    await clock.advance(0);
    addresses.removeError = 'EPERM';
    outer.set([]);
    await clock.advance(120_000);
    expect(states()).toEqual({ '10.0.0.1': 'failed' });
    expect(addresses.calls.length).toBeLessThan(15);
    expect(events.filter((each) => each.startsWith('failed'))).toHaveLength(1);
    outer.set(announcements(A));
    await clock.advance(0);
    expect(inner.prefixes()).toEqual([A]);
    expect(states()).toEqual({ '10.0.0.1': 'present' });
  });
});

describe('a close', () => {
  test('withdraws, waits for the delay, and removes its addresses', async () => {
    const { clock, addresses, inner, outer } = begin((each) => each.addForeign(B));
    outer.set(announcements(A, B));
    await clock.advance(0);
    inner.closeMs = 20;
    const closed = outer.close('bye');
    expect(inner.closedWhy).toBe('bye');
    await clock.advance(DELAY_MS - 1);
    expect(addresses.prefixes()).toEqual([B, A]);
    await clock.advance(1);
    expect(await closed).toBe(true);
    expect(addresses.prefixes()).toEqual([B]);
    expect(outer.close('again')).toBe(outer.close('once more'));
    outer.set(announcements(A));
    await clock.advance(60_000);
    expect(addresses.prefixes()).toEqual([B]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('without addresses of its own takes no time', async () => {
    const { clock, outer } = begin((each) => each.addForeign(A));
    outer.set(announcements(A, NET));
    await clock.advance(0);
    expect(await outer.close('bye')).toBe(true);
    expect(clock.now()).toBe(0);
  });

  test('is over within two seconds, whatever the delay is and the kernel does', async () => {
    const { clock, addresses, outer } = begin(undefined, 60_000);
    outer.set(announcements(A));
    await clock.advance(0);
    let isClosed = false;
    const closed = outer.close('bye').then(() => {
      isClosed = true;
    });
    addresses.takesMs = 3_600_000;
    await clock.advance(2_000);
    expect(isClosed).toBe(true);
    await closed;
  });

  test('while an address is being added removes that too', async () => {
    const { clock, addresses, outer } = begin((each) => {
      each.takesMs = 100;
    });
    outer.set(announcements(A));
    await clock.advance(150);
    const closed = outer.close('bye');
    await clock.advance(2_000);
    await closed;
    expect(addresses.prefixes()).toEqual([]);
  });
});

test('whatever is wanted, failing and taken away in whatever order: nothing is announced without its address', async () => {
  const step = fc.oneof(
    fc.subarray([A, B, '10.0.0.2/32', NET]).map((prefixes) => ({ set: prefixes })),
    fc.constantFrom('EPERM', 'EINVAL', undefined).map((addError) => ({ addError })),
    fc.constantFrom('EPERM', undefined).map((removeError) => ({ removeError })),
    fc.constantFrom(A, B).map((foreign) => ({ foreign })),
    fc.integer({ min: 0, max: 30 }).map((takesMs) => ({ takesMs })),
    fc.integer({ min: 0, max: 3_000 }).map((advanceMs) => ({ advanceMs })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, addresses, inner, outer } = begin();
      const foreign = new Set<string>();
      let wanted: readonly string[] = [];
      inner.set = (all) => {
        inner.told.push({ atMs: clock.now(), all });
        const hosts = all.map(({ prefix }) => prefix).filter((prefix) => prefix !== NET);
        for (const prefix of hosts) expect(addresses.prefixes()).toContain(prefix);
      };
      for (const each of steps) {
        if ('set' in each) {
          wanted = each.set;
          outer.set(announcements(...wanted));
        } else if ('foreign' in each) {
          if (!addresses.found.has(each.foreign)) {
            addresses.addForeign(each.foreign);
            foreign.add(each.foreign);
          }
        } else if ('advanceMs' in each) await clock.advance(each.advanceMs);
        else Object.assign(addresses, each);
        for (const prefix of foreign) expect(addresses.prefixes()).toContain(prefix);
      }
      Object.assign(addresses, { addError: undefined, removeError: undefined, takesMs: 0 });
      await clock.advance(120_000);
      expect(new Set(inner.prefixes())).toEqual(new Set(wanted));
      const hosts = wanted.filter((prefix) => prefix !== NET);
      expect(new Set(addresses.prefixes())).toEqual(new Set([...hosts, ...foreign]));
    }),
    { seed: 5, numRuns: 150 },
  );
});
