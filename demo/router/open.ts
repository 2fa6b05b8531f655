import { findMeans, missingLine } from './needs.ts';
import { BgpRouter, type RouterOptions } from './router.ts';

/** A router, or why there is none: a line. */
export type RouterOrNot =
  | { readonly router: BgpRouter; readonly why: undefined }
  | { readonly router: undefined; readonly why: string };

/** The demo goes on without a router: nothing that can go wrong with one is an error. */
export async function openRouter(options: Omit<RouterOptions, 'daemon'>): Promise<RouterOrNot> {
  const means = await findMeans();
  if (!means.isThere) return { router: undefined, why: missingLine(means.missing) };
  try {
    return { router: await BgpRouter.open({ ...options, daemon: means.daemon }), why: undefined };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { router: undefined, why: `without its BGP part: ${text.trim().split('\n').join('; ')}` };
  }
}
