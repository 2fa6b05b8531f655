export interface Closeable {
  close(): Promise<void>;
}

/** One user's part in something that is shared. Close it when it is not needed any longer; idempotent. */
export interface Share<T> {
  readonly value: T;
  close(): Promise<void>;
}

/** What several use together: made for the first who asks by a key, closed after the last. */
export class Shared<T extends Closeable> {
  readonly #entries = new Map<string, { readonly value: T; users: number }>();

  take(key: string, make: () => T): Share<T> {
    const entry = this.#entries.get(key) ?? { value: make(), users: 0 };
    this.#entries.set(key, entry);
    entry.users += 1;
    let isClosed = false;
    return {
      value: entry.value,
      close: async () => {
        if (isClosed) return;
        isClosed = true;
        entry.users -= 1;
        if (entry.users > 0) return;
        this.#entries.delete(key);
        await entry.value.close();
      },
    };
  }
}
