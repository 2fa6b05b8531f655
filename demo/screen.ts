import { ANYCAST, DEFAULT_ROUTE } from '../test/support/story/agent-config.ts';
import type { ZoneView } from './view.ts';

/** Everything that is shown at one moment. */
export interface Frame {
  readonly url: string;
  readonly zones: readonly ZoneView[];
  readonly steps: readonly string[];
  readonly changes: readonly string[];
  readonly faults: readonly string[];
  /** The selected zone and the keys; undefined while the story plays. */
  readonly keys: string | undefined;
}

const CHANGES_SHOWN = 8;

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
    const none: readonly Line[] = [['  none yet', 'dim']];
    const changes = frame.changes.slice(-CHANGES_SHOWN).map((change): Line => [`  ${change}`, undefined]);
    return [
      [
        `vpcast: an embedded VPC of three zones, real agents, real services. Watch it at ${frame.url}`,
        'bold',
      ],
      ['', undefined],
      [row('zone', 'instance', 'service', 'agent', ANYCAST, DEFAULT_ROUTE, 'health of the service'), 'dim'],
      ...frame.zones.map((zone): Line => [zoneRow(zone), zoneColor(zone)]),
      ['', undefined],
      ...frame.steps.map((step): Line => [step, undefined]),
      ['', undefined],
      ['last changes (seen = from the event until a check turned, call = EC2’s answer)', 'dim'],
      ...(changes.length === 0 ? none : changes),
      ['', undefined],
      [`faults of the API: ${frame.faults.join(', ') || 'none'}`, frame.faults.length > 0 ? 'yellow' : 'dim'],
      [frame.keys ?? 'q quit (more keys when the story is over)', 'bold'],
    ];
  }

  #paint(text: string, color: Color | undefined): string {
    return color === undefined || !this.#isColored ? text : `\u001b[${CODES[color]}m${text}\u001b[0m`;
  }
}

type Color = 'bold' | 'dim' | 'green' | 'yellow' | 'red';
type Line = readonly [text: string, color: Color | undefined];

const CODES: Readonly<Record<Color, string>> = { bold: '1', dim: '2', green: '32', yellow: '33', red: '31' };
const WIDTHS = [6, 10, 9, 7, 17, 13];

function row(...cells: readonly string[]): string {
  return `  ${cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join('')}`;
}

function zoneRow(zone: ZoneView): string {
  const { name, instance, service, agent, anycast, defaultRoute, health } = zone;
  return row(name, instance, service, agent, anycast, defaultRoute, health);
}

function zoneColor(zone: ZoneView): Color {
  if (zone.isWell && zone.isHome) return 'green';
  return zone.isWell || !zone.isHome ? 'yellow' : 'red';
}
