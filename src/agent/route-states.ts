import { type Decision, EMPTY_MEMORY, type RouteMemory } from '../core/index.ts';

/** What is kept of a managed route from read to read. */
export interface RouteState {
  memory: RouteMemory;
  /** The decision that was told last, and the holder that was told with it. */
  told: Decision | undefined;
  toldHolder: string | undefined;
}

/** The state of every managed route, by its key: it outlives reads and reloads. */
export class RouteStates {
  readonly #states = new Map<string, RouteState>();

  /** Always the same object for a key, until the key is forgotten. */
  of(key: string): RouteState {
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = { memory: EMPTY_MEMORY, told: undefined, toldHolder: undefined };
    this.#states.set(key, state);
    return state;
  }

  memory(key: string): RouteMemory {
    return this.#states.get(key)?.memory ?? EMPTY_MEMORY;
  }

  /** Forgets routes that are not managed any more. `managed` have a state each. */
  forgetOthers(managed: { readonly size: number; has(key: string): boolean }): void {
    if (this.#states.size === managed.size) return;
    for (const key of this.#states.keys()) if (!managed.has(key)) this.#states.delete(key);
  }
}
