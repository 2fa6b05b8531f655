import type { Probe, ProbeOutcome } from './probe.ts';

/**
 * A probe whose code is loaded when it is made, and not with the program: what few configurations use does not delay
 * the start of all. Loading is no part of an attempt's time.
 */
export function lateProbe(load: () => Promise<Probe>): Probe {
  let loaded: Probe | undefined;
  let isClosed = false;
  const loading = load().then((probe) => {
    loaded = probe;
    return probe;
  });
  // Where it fails, each attempt says so; this one only keeps the failure from being nobody's.
  loading.catch(() => undefined);
  return {
    attempt(timeoutMs, signal): Promise<ProbeOutcome> {
      return loaded?.attempt(timeoutMs, signal) ?? loading.then((probe) => probe.attempt(timeoutMs, signal));
    },
    watch(onChange) {
      const begin = (probe: Probe): void => {
        if (!isClosed) probe.watch?.(onChange);
      };
      // A probe that can't watch is still asked at every slot.
      loading.then(begin).catch(() => undefined);
    },
    async close() {
      isClosed = true;
      const probe = await loading.catch(() => undefined);
      await probe?.close();
    },
  };
}
