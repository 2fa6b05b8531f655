import { ANYCAST, DEFAULT_ROUTE } from '../test/support/story/agent-config.ts';
import type { RouterRow } from './router/watch.ts';
import type { ZoneView } from './view.ts';

/** Everything that is shown at one moment. */
export interface Frame {
  readonly url: string;
  readonly zones: readonly ZoneView[];
  readonly router: RouterView | undefined;
  /** Why there is no router: a line. */
  readonly why: string | undefined;
  readonly steps: readonly string[];
  readonly changes: readonly string[];
  readonly faults: readonly string[];
  /** The selected zone and the keys; undefined while the story plays. */
  readonly keys: string | undefined;
}

/** The router's own table. */
export interface RouterView {
  readonly title: string;
  readonly rows: readonly RouterRow[];
}

/** At most so many, and at least so many of both where the terminal has few lines. */
const CHANGES_SHOWN = 8;
const LEAST_SHOWN = 3;

/** Where frames go. On a terminal each replaces the last; elsewhere only what `say` is given is printed. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #isLive: boolean;
  readonly #isColored: boolean;
  #height = 0;

  constructor(out: NodeJS.WriteStream, isLive: boolean) {
    this.#out = out;
    this.#isLive = isLive;
    this.#isColored = isLive && (process.env.NO_COLOR ?? '') === '' && process.env.TERM !== 'dumb';
    if (isLive) out.write('\u001b[?25l');
  }

  draw(frame: Frame): void {
    if (!this.#isLive) return;
    // A line that wraps would make the next frame start too low, and the whole jump.
    const columns = Math.max(40, this.#out.columns ?? 80);
    const lines = this.#lines(frame).map(([text, color]) => this.#paint(text.slice(0, columns - 1), color));
    const up = this.#height === 0 ? '' : `\u001b[${this.#height}A\r`;
    this.#out.write(`${up}\u001b[J${lines.join('\n')}\n`);
    this.#height = lines.length;
  }

  /** A line for those who have no live table. */
  say(line: string): void {
    if (!this.#isLive) this.#out.write(`${line}\n`);
  }

  /** Gives the terminal back as it was. */
  close(): void {
    if (this.#isLive) this.#out.write('\u001b[?25h');
  }

  #lines(frame: Frame): readonly Line[] {
    const top: readonly Line[] = [
      [
        `vpcast: an embedded VPC of three zones, real agents, real services. Watch it at ${frame.url}`,
        'bold',
      ],
      ['', undefined],
      [
        row(
          ZONE_WIDTHS,
          'zone',
          'instance',
          'service',
          'agent',
          ANYCAST,
          DEFAULT_ROUTE,
          'health of the service',
        ),
        'dim',
      ],
      ...frame.zones.map((zone): Line => [zoneRow(zone), zoneColor(zone)]),
      ['', undefined],
      ...routerLines(frame),
    ];
    const bottom: readonly Line[] = [
      ['', undefined],
      [`faults of the API: ${frame.faults.join(', ') || 'none'}`, frame.faults.length > 0 ? 'yellow' : 'dim'],
      [frame.keys ?? 'q quit (more keys when the story is over)', 'bold'],
    ];
    // The last row of the terminal is the cursor's.
    const room = (this.#out.rows ?? Number.POSITIVE_INFINITY) - 1 - top.length - bottom.length;
    return [...top, ...storyLines(frame, room), ...bottom];
  }

  #paint(text: string, color: Color | undefined): string {
    return color === undefined || !this.#isColored ? text : `\u001b[${CODES[color]}m${text}\u001b[0m`;
  }
}

type Color = 'bold' | 'dim' | 'green' | 'yellow' | 'red';
type Line = readonly [text: string, color: Color | undefined];

const CODES: Readonly<Record<Color, string>> = { bold: '1', dim: '2', green: '32', yellow: '33', red: '31' };
const ZONE_WIDTHS = [6, 10, 9, 7, 17, 13];
const ROUTER_WIDTHS = [6, 16, 28];

function row(widths: readonly number[], ...cells: readonly string[]): string {
  return `  ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('')}`;
}

/** Its table, or the line that says why there is none. */
function routerLines({ router, why }: Frame): readonly Line[] {
  if (router === undefined)
    return why === undefined
      ? []
      : [
          [why, 'dim'],
          ['', undefined],
        ];
  return [
    [router.title, 'dim'],
    ...router.rows.map(({ zone, nextHop, communities, change, tone }): Line => {
      return [row(ROUTER_WIDTHS, zone, nextHop, communities, change), tone];
    }),
    ['', undefined],
  ];
}

/** The steps and the last changes, the older ones left out where there is no room for them. */
function storyLines({ steps, changes }: Frame, room: number): readonly Line[] {
  const free = room - 2 - steps.length;
  const shown = Math.max(LEAST_SHOWN, Math.min(CHANGES_SHOWN, free));
  const stepsShown = Math.max(LEAST_SHOWN, Math.min(steps.length, room - 2 - shown));
  const none: readonly Line[] = [['  none yet', 'dim']];
  const last = changes.slice(-shown).map((change): Line => [`  ${change}`, undefined]);
  return [
    ...steps.slice(-stepsShown).map((step): Line => [step, undefined]),
    ['', undefined],
    ['last changes (seen = from the event until a check turned, call = EC2’s answer)', 'dim'],
    ...(last.length === 0 ? none : last),
  ];
}

function zoneRow(zone: ZoneView): string {
  const { name, instance, service, agent, anycast, defaultRoute, health } = zone;
  return row(ZONE_WIDTHS, name, instance, service, agent, anycast, defaultRoute, health);
}

function zoneColor(zone: ZoneView): Color {
  if (zone.isWell && zone.isHome) return 'green';
  return zone.isWell || !zone.isHome ? 'yellow' : 'red';
}
