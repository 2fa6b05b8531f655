import { destinationKey, type RouteAction, type RouteHookName, type RouteHooks } from '../core/index.ts';
import type { AgentDeps } from './deps.ts';

/** How long a finished before-hook stands for the action that it was run for. */
const STANDS_MS = 15_000;

/** So many before-hooks run at once; the others wait, the most urgent first. */
const MAX_RUNNING = 8;

/** EC2's verb → the word in the hooks' names. */
const VERBS = { create: 'add', replace: 'replace', delete: 'delete' } as const;

interface BeforeHook {
  readonly signature: string;
  /** Undefined while it runs. */
  readonly doneAtMs: number | undefined;
}

/**
 * Runs the operator's commands around a change. A before-hook delays its own route only: it runs beside the loop,
 * and the route is decided anew when it is done. Its failure is told and counted, and stops nothing.
 */
export class RouteHooksRunner {
  readonly #deps: AgentDeps;
  readonly #onDone: () => void;
  readonly #before = new Map<string, BeforeHook>();
  /** The end of each route's after-hooks so far: they run one after the other. */
  readonly #after = new Map<string, Promise<void>>();
  #running = 0;

  constructor(deps: AgentDeps, onDone: () => void) {
    this.#deps = deps;
    this.#onDone = onDone;
  }

  /** True while the action's before-hook runs. */
  isRunningFor(action: RouteAction): boolean {
    const known = this.#before.get(action.key);
    return known !== undefined && known.doneAtMs === undefined && known.signature === signatureOf(action);
  }

  /** True when the action may be carried out now; otherwise its before-hook is running, and `onDone` will be called. */
  isCleared(action: RouteAction, hooks: RouteHooks): boolean {
    const name: RouteHookName = `run_before_${VERBS[action.kind]}_route`;
    const argv = hooks[name];
    if (argv === undefined) return true;
    const signature = signatureOf(action);
    const known = this.#before.get(action.key);
    if (known?.signature === signature) {
      if (known.doneAtMs === undefined) return false;
      if (this.#deps.clock.now() - known.doneAtMs <= STANDS_MS) return true;
    }
    if (this.#running >= MAX_RUNNING) return false;
    this.#running += 1;
    this.#before.set(action.key, { signature, doneAtMs: undefined });
    void this.#run(name, argv, action).then(() => {
      this.#running -= 1;
      const isCurrent = this.#before.get(action.key)?.signature === signature;
      if (isCurrent) this.#before.set(action.key, { signature, doneAtMs: this.#deps.clock.now() });
      this.#onDone();
    });
    return false;
  }

  /** Forgets the before-hook and runs the after-hook, which nobody waits for. */
  carriedOut(action: RouteAction, hooks: RouteHooks): void {
    this.#before.delete(action.key);
    const name: RouteHookName = `run_after_${VERBS[action.kind]}_route`;
    const argv = hooks[name];
    if (argv === undefined) return;
    const earlier = this.#after.get(action.key) ?? Promise.resolve();
    const ended = earlier
      .then(() => this.#run(name, argv, action))
      .then(() => {
        if (this.#after.get(action.key) === ended) this.#after.delete(action.key);
      });
    this.#after.set(action.key, ended);
  }

  /** Forgets routes that are not managed any more. */
  forgetOthers(isManaged: (key: string) => boolean): void {
    for (const [key, hook] of this.#before) {
      if (!isManaged(key) && hook.doneAtMs !== undefined) this.#before.delete(key);
    }
  }

  async #run(hook: RouteHookName, argv: readonly string[], action: RouteAction): Promise<void> {
    try {
      const failure = await this.#deps.runHook(argv, { VPCAST_HOOK: hook, ...this.#variables(action) });
      this.#deps.report({ type: 'hook', hook, subject: action.key, failure });
    } catch (error) {
      this.#deps.report({ type: 'crash', where: hook, error });
    }
  }

  #variables(action: RouteAction): Record<string, string> {
    const { instanceId, region, vpcId } = this.#deps.identity();
    return {
      VPCAST_ROUTE_TABLE_ID: action.tableId,
      VPCAST_DESTINATION: destinationKey(action.destination),
      VPCAST_ACTION: action.kind,
      VPCAST_REASON: action.reason,
      VPCAST_FROM: action.from?.id ?? '',
      VPCAST_TO: action.to?.id ?? '',
      VPCAST_INSTANCE_ID: instanceId,
      VPCAST_REGION: region,
      VPCAST_VPC_ID: vpcId,
    };
  }
}

function signatureOf(action: RouteAction): string {
  return `${action.kind} ${action.from?.id ?? ''} ${action.to?.id ?? ''}`;
}
