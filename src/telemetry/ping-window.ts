/** Round trips in seconds; the deviation is that of these values, not an estimate for more of them. */
export interface RttStats {
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  readonly stddev: number;
}

/** What came of one probe: how many requests it sent and had answered, and how long the answer took. */
export interface Pinged {
  readonly sent: number;
  readonly received: number;
  readonly rttMs: number | undefined;
}

/** How many probes are looked at. */
export const PING_WINDOW = 10;

/** The last probes of one ping check. Adding one costs next to nothing; the sums are made when somebody asks. */
export class PingWindow {
  readonly #pings: Pinged[] = [];
  #next = 0;

  add(ping: Pinged): void {
    this.#pings[this.#next] = ping;
    this.#next = (this.#next + 1) % PING_WINDOW;
  }

  /** Part of the requests that got no reply, 0 to 1; undefined where none was sent. */
  lossRatio(): number | undefined {
    const sent = this.#pings.reduce((sum, ping) => sum + ping.sent, 0);
    const received = this.#pings.reduce((sum, ping) => sum + ping.received, 0);
    return sent === 0 ? undefined : Math.max(0, 1 - received / sent);
  }

  /** undefined where no reply came. */
  rtt(): RttStats | undefined {
    const times = this.#pings.flatMap(({ rttMs }) => (rttMs === undefined ? [] : [rttMs / 1_000]));
    if (times.length === 0) return undefined;
    const avg = times.reduce((sum, time) => sum + time, 0) / times.length;
    const variance = times.reduce((sum, time) => sum + (time - avg) ** 2, 0) / times.length;
    return { min: Math.min(...times), avg, max: Math.max(...times), stddev: Math.sqrt(variance) };
  }
}
