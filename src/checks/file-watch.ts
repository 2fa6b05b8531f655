import { type FSWatcher, watch } from 'node:fs';
import { readlink, realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

/** A directory to watch, and the name in it that matters; undefined: any. */
interface Place {
  readonly directory: string;
  /** Device and number: another directory may have come to that path. */
  readonly identity: string;
  readonly name: string | undefined;
}

/** As many symbolic links as the kernel follows (path_resolution(7)). */
const MOST_LINKS = 40;
/** What goes on being changed under our eyes is looked at again at the next refresh. */
const MOST_ROUNDS = 5;

/**
 * File systems (statfs(2)) on which others change files without this kernel's knowing, or whose look-ups can hang for
 * ever; inotify's own look-up would be made in the event loop.
 */
const REMOTE_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
  0x65735546, // FUSE
  0x01021997, // 9P
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x6b414653, // AFS of the kernel
  0x0bd00bd0, // Lustre
]);

/**
 * Hears of changes at a path (inotify(7)): of the file itself, of its being replaced, and, while directories on the way
 * to it are missing, of their being made. Symbolic links at the end of the path are followed. Which directories those
 * are is found anew at each `refresh`: what happens further up is not heard of.
 */
export class FileWatch {
  readonly #path: string;
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #isClosed = false;

  constructor(path: string, onChange: () => void) {
    this.#path = resolve(path);
    this.#onChange = onChange;
  }

  /**
   * Watches what now is to be watched, and calls `onChange` where that is new, as things may have changed before. Never
   * rejects: what can't be watched is not.
   */
  async refresh(): Promise<void> {
    let isNew = false;
    for (let round = 1; round <= MOST_ROUNDS; round += 1) {
      const places = await placesOf(this.#path).catch(() => undefined);
      if (this.#isClosed) return;
      if (places === undefined) continue;
      const opened = this.#take(places);
      isNew ||= opened === 'some';
      if (opened === 'none-missing') break;
    }
    if (isNew) this.#onChange();
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const key of [...this.#watchers.keys()]) this.#drop(key);
  }

  #drop(key: string): void {
    this.#watchers.get(key)?.close();
    this.#watchers.delete(key);
  }

  /** What is not watched any longer is let go only when the rest is: what came between shows in the next round. */
  #take(places: readonly Place[]): 'none-missing' | 'some' | 'none' {
    const wanted = new Map(places.map((place) => [keyOf(place), place]));
    const missing = [...wanted].filter(([key]) => !this.#watchers.has(key));
    for (const [key, place] of missing) this.#open(key, place);
    const opened = missing.filter(([key]) => this.#watchers.has(key));
    if (opened.length === missing.length) {
      for (const key of [...this.#watchers.keys()]) if (!wanted.has(key)) this.#drop(key);
    }
    if (missing.length === 0) return 'none-missing';
    return opened.length > 0 ? 'some' : 'none';
  }

  #open(key: string, { directory, name }: Place): void {
    const self = basename(directory);
    try {
      const watcher = watch(directory, { persistent: false }, (_event, changed) => {
        if (this.#watchers.get(key) !== watcher) return;
        // Its own name: the directory was moved or removed, after which nothing more is heard of what is in it.
        if (changed === self) this.#drop(key);
        if (name === undefined || changed === null || changed === name || changed === self) this.#onChange();
      });
      watcher.on('error', () => {
        if (this.#watchers.get(key) === watcher) this.#drop(key);
      });
      this.#watchers.set(key, watcher);
    } catch {
      // Gone again, not permitted, or out of inotify watches: the cadence is still there.
    }
  }
}

function keyOf({ directory, identity, name }: Place): string {
  return `${directory}\0${identity}\0${name ?? ''}`;
}

/** Where changes of what is at the path can be seen. */
async function placesOf(path: string, links = 0): Promise<readonly Place[]> {
  const { directory, name, isParent } = await nearestDirectory(path);
  const { dev, ino } = await stat(directory, { bigint: true });
  const { type } = await statfs(directory);
  const identity = `${dev}:${ino}`;
  const target = isParent && links < MOST_LINKS ? await readlink(path).catch(() => undefined) : undefined;
  const isRemote = REMOTE_FILE_SYSTEMS.has(type);
  // A link is often swung by way of a second one beside it, so that its own name never changes.
  const own = { directory, identity, name: target === undefined ? name : undefined };
  const beyond =
    target === undefined ? [] : await placesOf(resolve(await realpath(directory), target), links + 1);
  return isRemote ? beyond : [own, ...beyond];
}

/** The parent directory, or while that is missing the nearest one that is there, and what is to appear in it. */
async function nearestDirectory(path: string) {
  let [directory, name] = [dirname(path), basename(path)];
  for (let isParent = true; ; isParent = false) {
    const isThere = await stat(directory).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isThere || directory === dirname(directory)) return { directory, name, isParent };
    [directory, name] = [dirname(directory), basename(directory)];
  }
}
