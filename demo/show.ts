import type { AgentLogEvent } from '../test/support/story/agent-log.ts';
import { moveText } from '../test/support/story/moves.ts';
import type { SandboxRegion } from '../test/support/story/sandbox-region.ts';
import { playScene, type Scene, type SceneReport, STORY } from '../test/support/story/scenes.ts';
import type { Stage } from '../test/support/story/stage.ts';
import { Keys } from './keys.ts';
import type { Screen } from './screen.ts';
import { viewZones } from './view.ts';

const FRAME_MS = 100;

export interface ShowOptions {
  readonly stage: Stage;
  readonly region: SandboxRegion;
  readonly screen: Screen;
}

/** The story on the screen, and afterwards whatever a person makes of it. */
export class Show {
  readonly #keys: Keys;
  readonly #options: ShowOptions;
  readonly #steps: string[] = [];
  readonly #changes: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: ShowOptions) {
    this.#options = options;
    this.#keys = new Keys(options.stage, options.region);
  }

  /** Plays every step and resolves with them. Rejects with what went wrong with the first that did not come about. */
  async play(): Promise<readonly SceneReport[]> {
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    const reports: SceneReport[] = [];
    for (const scene of STORY) reports.push(await this.#step(scene));
    this.#isOver = true;
    return reports;
  }

  /** What an agent has just said, if it is a change of a route. */
  tell(event: AgentLogEvent): void {
    const isNews = ['route-changed', 'owner-reclaimed', 'api-failing', 'api-recovered'].includes(event.event);
    if (!isNews) return;
    const line = `${new Date(event.atMs).toISOString().slice(11, 23)} ${event.zone}: ${this.#named(event.message)}`;
    this.#changes.push(line);
    if (this.#isOver) this.#options.screen.say(line);
  }

  /** A key was pressed; while the story plays, none does anything. */
  async press(key: string): Promise<void> {
    if (this.#isOver) await this.#keys.press(key);
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#draw();
    this.#options.screen.close();
  }

  async #step(scene: Scene): Promise<SceneReport> {
    const { stage, screen } = this.#options;
    const at = this.#steps.push(`  … ${scene.title}`) - 1;
    try {
      const report = await playScene(stage, scene);
      this.#steps[at] = `  ✔ ${scene.title}: ${report.tookMs} ms`;
      screen.say(`✔ ${scene.title}: ${report.tookMs} ms`);
      for (const move of report.moves) screen.say(`    ${moveText(move)}`);
      for (const move of report.moves.slice(0, 2)) this.#changes.push(`  measured: ${moveText(move)}`);
      return report;
    } catch (error) {
      this.#steps[at] = `  ✘ ${scene.title}: not within ${scene.limitMs} ms`;
      throw new Error(`step "${scene.title}" did not happen`, { cause: error });
    }
  }

  #draw(): void {
    const { stage, region, screen } = this.#options;
    screen.draw({
      url: region.sandbox.url,
      zones: viewZones(stage, region),
      steps: this.#steps,
      changes: this.#changes,
      faults: this.#keys.faults(),
      keys: this.#isOver ? this.#keys.legend() : undefined,
    });
  }

  /** Names instead of ids. */
  #named(message: string): string {
    return this.#options.stage.region.zones.reduce(
      (text, zone) =>
        text.replaceAll(zone.tableId, `table ${zone.name}`).replaceAll(zone.interfaceId, zone.name),
      message,
    );
  }
}
