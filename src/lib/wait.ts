import type { Clock } from './clock.ts';

/** Resolves after `ms` on the clock. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** `passed` resolves to false after `ms`, unless it was cancelled: one side of a race. */
export function deadlineAfter(clock: Clock, ms: number): { readonly passed: Promise<false>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = clock.after(ms, () => resolve(false));
  return { passed: promise, cancel: () => timer.cancel() };
}
