import { describe, expect, it } from 'vitest';
import {
  type AwsCredentials,
  type CredentialSource,
  createCredentialCache,
} from '../../../src/aws/credentials.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const HOUR_MS = 3_600_000;

/** Sources whose fetches are answered by hand, in order. */
function harness(api?: string) {
  const clock = new FakeClock();
  const fetches: PromiseWithResolvers<AwsCredentials>[] = [];
  let opened = 0;
  const open = (): CredentialSource => {
    opened += 1;
    return () => {
      const fetch = Promise.withResolvers<AwsCredentials>();
      fetches.push(fetch);
      return fetch.promise;
    };
  };
  const cache = createCredentialCache({ open, clock, timeoutMs: 1_000, api });
  const key = (name: string, lifeMs?: number): AwsCredentials => ({
    accessKeyId: name,
    secretAccessKey: 's',
    expiration: lifeMs === undefined ? undefined : new Date(clock.wallNow() + lifeMs),
  });
  return { clock, fetches, cache, key, opened: () => opened };
}

describe('kept credentials', () => {
  it('are fetched once for callers that come together', async () => {
    const { cache, fetches, key } = harness();
    const both = Promise.all([cache.get(), cache.get()]);
    fetches[0]?.resolve(key('A'));
    expect((await both).map((credentials) => credentials.accessKeyId)).toEqual(['A', 'A']);
    expect(fetches).toHaveLength(1);
  });

  it('that never expire are not fetched again', async () => {
    const { cache, fetches, key, clock } = harness();
    const first = cache.get();
    fetches[0]?.resolve(key('A'));
    await first;
    await clock.advance(1_000 * HOUR_MS);
    expect((await cache.get()).accessKeyId).toBe('A');
    expect(fetches).toHaveLength(1);
  });

  it('are renewed beside the calls while they are still good', async () => {
    const { cache, fetches, key, clock } = harness();
    const first = cache.get();
    fetches[0]?.resolve(key('A', HOUR_MS));
    await first;
    await clock.advance(HOUR_MS - 240_000);
    expect((await cache.get()).accessKeyId).toBe('A');
    expect(fetches).toHaveLength(2);
    fetches[1]?.resolve(key('B', HOUR_MS));
    await clock.advance(1);
    expect((await cache.get()).accessKeyId).toBe('B');
  });

  it('serve on while their renewal fails, and the failure is nobody’s', async () => {
    const { cache, fetches, key, clock } = harness();
    const first = cache.get();
    fetches[0]?.resolve(key('A', HOUR_MS));
    await first;
    await clock.advance(HOUR_MS - 240_000);
    await cache.get();
    fetches[1]?.reject(new Error('no IMDS'));
    await clock.advance(1);
    expect((await cache.get()).accessKeyId).toBe('A');
    expect(fetches).toHaveLength(3);
  });

  it('are waited for once the old ones are about to end', async () => {
    const { cache, fetches, key, clock } = harness();
    const first = cache.get();
    fetches[0]?.resolve(key('A', HOUR_MS));
    await first;
    await clock.advance(HOUR_MS - 5_000);
    const second = cache.get();
    fetches[1]?.resolve(key('B', HOUR_MS));
    expect((await second).accessKeyId).toBe('B');
  });
});

describe('a fetch that hangs', () => {
  it('fails in time, and the next one is made anew rather than joined to it', async () => {
    const { cache, fetches, key, clock, opened } = harness();
    const first = expect(cache.get()).rejects.toMatchObject({
      code: 'credentials',
      cause: { code: 'timeout' },
    });
    await clock.advance(1_000);
    await first;
    const second = cache.get();
    fetches[1]?.resolve(key('B'));
    expect((await second).accessKeyId).toBe('B');
    expect(opened()).toBe(2);
  });
});

describe('a fetch that fails', () => {
  it('names the API that it went to', async () => {
    const { cache, fetches } = harness('AssumeRole');
    const first = cache.get();
    const cause = new Error('not allowed');
    fetches[0]?.reject(cause);
    await expect(first).rejects.toMatchObject({ code: 'credentials', facts: { api: 'AssumeRole' }, cause });
  });
});

describe('credentials that AWS refused', () => {
  it('are fetched anew', async () => {
    const { cache, fetches, key } = harness();
    const first = cache.get();
    fetches[0]?.resolve(key('A'));
    await first;
    cache.invalidate();
    const second = cache.get();
    fetches[1]?.resolve(key('B'));
    expect((await second).accessKeyId).toBe('B');
  });
});
