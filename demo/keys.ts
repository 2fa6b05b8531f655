import type { StoryZone } from '../test/support/story/region.ts';
import type { SandboxRegion } from '../test/support/story/sandbox-region.ts';
import type { Stage } from '../test/support/story/stage.ts';

/** What a person can do to the VPC by a key. One thing at a time; a key that makes no sense now does nothing. */
export class Keys {
  readonly #stage: Stage;
  readonly #region: SandboxRegion;
  readonly #hasRouter: boolean;
  readonly #faults = new Map<'l' | 't', string>();
  #selected: StoryZone;
  #isBusy = false;

  constructor(stage: Stage, region: SandboxRegion, hasRouter: boolean) {
    this.#stage = stage;
    this.#region = region;
    this.#hasRouter = hasRouter;
    this.#selected = stage.zone('a');
  }

  /** The line that says what can be pressed. */
  legend(): string {
    const agents = this.#hasRouter ? ' · k kill agent · d drain agent' : '';
    return `zone ${this.#selected.name} (a b c choose) · s kill service · i stop instance${agents} · r bring back · l API latency 500 ms · t throttle · q quit`;
  }

  faults(): readonly string[] {
    const words = { l: 'latency 500 ms', t: 'throttling of 2 calls in 3' };
    return [...this.#faults.keys()].map((key) => words[key]);
  }

  async press(key: string): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await this.#do(key);
    } finally {
      this.#isBusy = false;
    }
  }

  async #do(key: string): Promise<void> {
    const zone = this.#selected;
    switch (key) {
      case 'a':
      case 'b':
      case 'c':
        this.#selected = this.#stage.zone(key);
        return;
      case 's':
        return await this.#stage.killService(zone);
      case 'i':
        await Promise.all([this.#stage.killService(zone), this.#stage.endAgent(zone, 'SIGKILL')]);
        return await this.#region.stopInstance(zone);
      case 'k':
        return void (this.#hasRouter && (await this.#stage.endAgent(zone, 'SIGKILL')));
      case 'd':
        return void (this.#hasRouter && (await this.#stage.endAgent(zone, 'SIGTERM')));
      case 'r':
        return await this.#bringBack(zone);
      case 'l':
      case 't':
        return this.#toggle(key);
    }
  }

  async #bringBack(zone: StoryZone): Promise<void> {
    const state = this.#region.sandbox.world.state().instances.get(zone.instanceId)?.state;
    if (state !== 'running') await this.#region.startInstance(zone);
    if (!this.#stage.isServiceUp(zone)) await this.#stage.startService(zone);
    if (!this.#stage.isAgentUp(zone)) await this.#stage.startAgent(zone);
  }

  #toggle(key: 'l' | 't'): void {
    const { faults } = this.#region.sandbox;
    const id = this.#faults.get(key);
    if (id !== undefined) {
      faults.remove(id);
      this.#faults.delete(key);
      return;
    }
    const throttling = {
      kind: 'error',
      code: 'RequestLimitExceeded',
      httpStatus: 503,
      probability: 2 / 3,
    } as const;
    const fault = key === 'l' ? ({ kind: 'latency', latencyMs: 500 } as const) : throttling;
    this.#faults.set(key, faults.add(fault));
  }
}
