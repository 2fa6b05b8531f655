import { describe, expect, test } from 'vitest';
import { Shared } from '../../../src/lib/shared.ts';

function rooms() {
  const closed: string[] = [];
  let made = 0;
  const shared = new Shared<{ readonly name: string; close(): Promise<void> }>();
  const take = (key: string) =>
    shared.take(key, () => {
      made += 1;
      const name = `${key}${made}`;
      return { name, close: async () => void closed.push(name) };
    });
  return { take, closed };
}

describe('what is shared', () => {
  test('is made once for each key', () => {
    const { take } = rooms();
    expect(['a', 'a', 'b'].map((key) => take(key).value.name)).toEqual(['a1', 'a1', 'b2']);
  });

  test('is closed when its last user has closed, however often each of them does', async () => {
    const { take, closed } = rooms();
    const [first, second] = [take('a'), take('a')];
    await first.close();
    await first.close();
    expect(closed).toEqual([]);
    await second.close();
    await second.close();
    expect(closed).toEqual(['a1']);
  });

  test('is made anew after it was closed', async () => {
    const { take } = rooms();
    await take('a').close();
    expect(take('a').value.name).toBe('a2');
  });
});
