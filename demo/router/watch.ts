import type { Panel } from '../../src/sandbox/index.ts';
import type { Moment } from '../../test/support/story/moves.ts';
import type { Stage } from '../../test/support/story/stage.ts';
import { NotInTimeError, waitFor } from '../../test/support/story/wait.ts';
import { PREFIX } from './config.ts';
import { communitiesText, isDraining, type PathChange } from './paths.ts';
import { changeText, type RouterReport, type ToldChange, tellChange } from './report.ts';
import type { BgpRouter } from './router.ts';

const LIMIT_MS = 10_000;

/** A zone's line of the router's table. */
export interface RouterRow {
  readonly zone: string;
  readonly nextHop: string;
  readonly communities: string;
  readonly change: string;
  readonly tone: 'green' | 'yellow' | 'red';
}

/** The router's table beside what the agents did: what each change came of. */
export class RouterWatch {
  readonly #router: BgpRouter;
  readonly #stage: Stage;

  constructor(router: BgpRouter, stage: Stage) {
    this.#router = router;
    this.#stage = stage;
  }

  title(): string {
    const { daemon } = this.#router;
    return this.#router.isRunning()
      ? `BGP router (${daemon}, in a network namespace): ${PREFIX}`
      : `BGP router: ${daemon} has ended`;
  }

  rows(): readonly RouterRow[] {
    const paths = this.#router.paths();
    return this.#stage.region.zones.map(({ name }) => {
      const path = paths.find(({ zone }) => zone === name);
      const last = this.#router.changes().findLast(({ zone }) => zone === name);
      return {
        zone: name,
        nextHop: path?.nextHop ?? '-',
        communities: path === undefined ? '-' : communitiesText(path),
        change: last === undefined ? 'none yet' : changeText(this.#told(last)),
        tone: path === undefined ? 'red' : isDraining(path) ? 'yellow' : 'green',
      };
    });
  }

  /** The same for the page. */
  panel(): Panel {
    return {
      title: this.title(),
      columns: ['zone', 'next hop', 'communities', 'path'],
      rows: this.rows().map(({ zone, nextHop, communities, change }) => [zone, nextHop, communities, change]),
    };
  }

  /**
   * Waits until the router has the paths of just those zones whose agent runs and whose service is up, and tells what
   * became of paths since the moment. Rejects with a NotInTimeError where it does not come about, or the router ends.
   */
  async report(since: Moment): Promise<RouterReport> {
    const expected = this.#stage.region.zones
      .filter((zone) => this.#stage.isAgentUp(zone) && this.#stage.isServiceUp(zone))
      .map(({ name }) => name);
    const present = () => this.#router.paths().map(({ zone }) => zone);
    const look = () => {
      if (!this.#router.isRunning()) throw new NotInTimeError('the BGP router has ended');
      return present().join() === expected.join();
    };
    await waitFor(look, {
      limitMs: LIMIT_MS,
      what: `the router has the paths of ${expected.join(', ') || 'nobody'}`,
    });
    return { paths: this.#router.paths(), changes: await this.#toldSince(since) };
  }

  /** An agent acts, and then writes of it. */
  async #toldSince({ atMs }: Moment): Promise<RouterReport['changes']> {
    const tell = () =>
      this.#router
        .changes()
        .filter((change) => change.atMs >= atMs)
        .map((change) => ({ ...this.#told(change), totalMs: Math.round(change.atMs - atMs) }));
    const isTold = () => tell().every(({ cause }) => cause !== undefined);
    await waitFor(isTold, { limitMs: 1_000, what: 'a reason for each change' }).catch((error: unknown) => {
      if (!(error instanceof NotInTimeError)) throw error;
    });
    return tell();
  }

  #told(change: PathChange): ToldChange {
    const all = this.#router.changes();
    const zone = this.#stage.zone(change.zone);
    return tellChange(change, all.slice(0, all.indexOf(change)), {
      health: this.#stage.logs
        .since(0, { event: 'health', zone: zone.name })
        .filter(({ facts }) => facts.check === 'service'),
      ending: this.#stage.lastEnding(zone),
    });
  }
}
