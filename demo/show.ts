import type { AgentLogEvent } from '../test/support/story/agent-log.ts';
import { type Moment, moveText, now } from '../test/support/story/moves.ts';
import type { SandboxRegion } from '../test/support/story/sandbox-region.ts';
import { playScene, type Scene, type SceneReport, STORY } from '../test/support/story/scenes.ts';
import type { Stage } from '../test/support/story/stage.ts';
import { Keys } from './keys.ts';
import type { PathChange } from './router/paths.ts';
import { type RouterReport, reportText } from './router/report.ts';
import { ROUTER_STORY } from './router/scenes.ts';
import type { RouterWatch } from './router/watch.ts';
import type { Screen } from './screen.ts';
import { viewZones } from './view.ts';

const FRAME_MS = 100;

export interface ShowOptions {
  readonly stage: Stage;
  readonly region: SandboxRegion;
  readonly screen: Screen;
  readonly router: RouterWatch | undefined;
  /** Why there is no router. */
  readonly why: string | undefined;
}

/** A scene that came about, and what the router saw of it, where there is one. */
export interface StepReport extends SceneReport {
  readonly router?: RouterReport;
}

/** The story on the screen, and afterwards whatever a person makes of it. */
export class Show {
  readonly #keys: Keys;
  readonly #options: ShowOptions;
  readonly #steps: string[] = [];
  readonly #changes: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #isClosed = false;

  constructor(options: ShowOptions) {
    this.#options = options;
    this.#keys = new Keys(options.stage, options.region, options.router !== undefined);
  }

  /** Plays every step and resolves with them. Rejects with what went wrong with the first that did not come about. */
  async play(): Promise<readonly StepReport[]> {
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    const reports: StepReport[] = [];
    const more = this.#options.router === undefined ? [] : ROUTER_STORY;
    for (const scene of [...STORY, ...more]) reports.push(await this.#step(scene));
    this.#isOver = true;
    return reports;
  }

  /** What an agent has just said, if it is a change of a route. */
  tell(event: AgentLogEvent): void {
    const isNews = ['route-changed', 'owner-reclaimed', 'api-failing', 'api-recovered'].includes(event.event);
    if (!isNews) return;
    this.#change(event.atMs, `${event.zone}: ${this.#named(event.message)}`);
  }

  /** What has just become of a path in the router's table. */
  tellPath({ zone, kind, atMs }: PathChange): void {
    const words = { came: 'is here', drains: 'drains (GRACEFUL_SHUTDOWN)', gone: 'is gone' };
    this.#change(atMs, `router: the path of zone ${zone} ${words[kind]}`);
  }

  /** A key was pressed; while the story plays, none does anything. */
  async press(key: string): Promise<void> {
    if (this.#isOver) await this.#keys.press(key);
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#draw();
    this.#options.screen.close();
  }

  async #step(scene: Scene): Promise<StepReport> {
    const { screen } = this.#options;
    const at = this.#steps.push(`  … ${scene.title}`) - 1;
    try {
      const report = await this.#play(scene);
      this.#steps[at] = `  ✔ ${scene.title}: ${report.tookMs} ms`;
      screen.say(`✔ ${scene.title}: ${report.tookMs} ms`);
      const router = report.router === undefined ? [] : [reportText(report.router)];
      for (const line of [...report.moves.map(moveText), ...router]) screen.say(`    ${line}`);
      for (const line of [...report.moves.slice(0, 2).map(moveText), ...router]) {
        this.#changes.push(`  measured: ${line}`);
      }
      return report;
    } catch (error) {
      this.#steps[at] = `  ✘ ${scene.title}: not within ${scene.limitMs} ms`;
      throw new Error(`step "${scene.title}" did not happen`, { cause: error });
    }
  }

  async #play(scene: Scene): Promise<StepReport> {
    const { stage, router } = this.#options;
    let started: Moment | undefined;
    const act = (on: Stage) => {
      started = now(on);
      return scene.act(on);
    };
    const report = await playScene(stage, { ...scene, act });
    if (router === undefined || started === undefined) return report;
    const seen = await router.report(started);
    // Where no route moves, the step is over when the router knows.
    const totals = report.moves.length === 0 ? seen.changes.map(({ totalMs }) => totalMs) : [];
    return { ...report, tookMs: Math.max(report.tookMs, ...totals), router: seen };
  }

  /** What the end of the demo itself does is no news. */
  #change(atMs: number, text: string): void {
    if (this.#isClosed) return;
    const line = `${new Date(atMs).toISOString().slice(11, 23)} ${text}`;
    this.#changes.push(line);
    if (this.#isOver) this.#options.screen.say(line);
  }

  #draw(): void {
    const { stage, region, screen, router, why } = this.#options;
    screen.draw({
      url: region.sandbox.url,
      zones: viewZones(stage, region),
      router: router && { title: router.title(), rows: router.rows() },
      why,
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
