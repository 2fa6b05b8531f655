import { Agent, type AgentSpec } from '../../src/agent/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { heldBy } from '../../test/support/facts.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeCloud } from '../../test/support/fake-cloud.ts';
import { CallMeter, metered } from './call-meter.ts';

const ZONES = ['a', 'b', 'c'] as const;
type Zone = (typeof ZONES)[number];

const LATENCY_MS = 50;

/** One VPC: a table and an agent per zone. */
interface Vpc {
  readonly cloud: FakeCloud;
  readonly zones: readonly Zone[];
  readonly agents: Map<Zone, Agent>;
}

/** Many agents of VPCs of three, in one account, on a fake clock. All settings are the configuration's defaults. */
export class SimulatedFleet {
  readonly clock = new FakeClock();
  readonly meter: CallMeter;
  readonly size: number;
  readonly #random = numbers(20_260_101);
  readonly #vpcs: readonly Vpc[];
  #crashes = 0;

  constructor(size: number) {
    this.size = size;
    this.meter = new CallMeter(this.clock, this.#random);
    this.#vpcs = Array.from({ length: Math.ceil(size / ZONES.length) }, (_, index) => {
      const zones = ZONES.slice(0, Math.min(ZONES.length, size - index * ZONES.length));
      const cloud = new FakeCloud(this.clock);
      cloud.latencyMs = LATENCY_MS;
      for (const zone of zones) {
        cloud.addTable(`rtb-${zone}`, { az: zone, type: 'private' }, [heldBy(`eni-${zone}`)]);
        cloud.services.add(zone);
      }
      return { cloud, zones, agents: new Map<Zone, Agent>() };
    });
  }

  /** Starts every agent, evenly over that time. */
  async startAll(spreadMs: number): Promise<void> {
    const all = this.#vpcs.flatMap((vpc) => vpc.zones.map((zone) => ({ vpc, zone })));
    const order = all.map((one) => ({ ...one, at: this.#random() })).sort((a, b) => a.at - b.at);
    for (const { vpc, zone } of order) {
      this.#startAgent(vpc, zone);
      await this.clock.advance(spreadMs / order.length);
    }
  }

  /** Every instance of the zone is gone at once: its agent, its service, and EC2 says so. */
  loseZone(zone: Zone): void {
    for (const { cloud, agents } of this.#vpcs) {
      cloud.services.delete(zone);
      cloud.statuses.set(`i-eni-${zone}`, 'not-running');
      cloud.setHolder(`rtb-${zone}`, `eni-${zone}`, { state: 'blackhole' });
      // As if killed: closing an agent that keeps its routes calls nothing.
      void agents.get(zone)?.close('instance lost');
      agents.delete(zone);
    }
  }

  /** The zone's instances are back, and their agents start over that time. */
  async returnZone(zone: Zone, spreadMs: number): Promise<void> {
    for (const vpc of this.#vpcs) {
      vpc.cloud.services.add(zone);
      vpc.cloud.statuses.set(`i-eni-${zone}`, 'ok');
      this.#startAgent(vpc, zone);
      await this.clock.advance(spreadMs / this.#vpcs.length);
    }
  }

  /** Per VPC with somebody left to take over, when its table of the zone was first changed since then; undefined: not yet. */
  movedAtMs(zone: Zone, sinceMs: number): readonly (number | undefined)[] {
    return this.#vpcs
      .filter(({ zones }) => zones.length > 1)
      .map(({ cloud }) => {
        const moves = cloud.mutations.filter(
          ({ tableId, result, atMs }) => tableId === `rtb-${zone}` && result === 'ok' && atMs >= sinceMs,
        );
        return moves[0]?.atMs;
      });
  }

  /** Changes since then, refused ones included. */
  mutationsSince(sinceMs: number): number {
    return this.#vpcs.reduce(
      (sum, { cloud }) => sum + cloud.mutations.filter(({ atMs }) => atMs >= sinceMs).length,
      0,
    );
  }

  /** Bugs that the agents told of. */
  get crashes(): number {
    return this.#crashes;
  }

  #startAgent(vpc: Vpc, zone: Zone): void {
    const deps = vpc.cloud.depsOf(zone, (event) => {
      if (event.type === 'crash') this.#crashes += 1;
    });
    const agent = new Agent(defaultSpec(zone), {
      deps: metered({ ...deps, random: this.#random }, this.meter, LATENCY_MS),
      onRefused: () => {
        this.#crashes += 1;
      },
    });
    vpc.agents.set(zone, agent);
    agent.start();
  }
}

/** Owner of its own zone's table, backup in the others; whatever has a default keeps it. */
export function defaultSpec(zone: string): AgentSpec {
  const loaded = loadConfig({
    file: 'fleet.yaml',
    text: `healthchecks:
  service: { type: tcp, destination: ${zone}, port: 80 }
remote_healthchecks:
  service: { type: tcp, port: 80 }
routetables:
  own_zone:
    find: { type: by_tag, key: az, value: ${zone} }
    manage_routes: [{ cidr: 10.9.9.9/32, healthcheck: service, remote_healthcheck: service }]
  other_zones:
    find: { type: by_tag, not: true, key: az, value: ${zone}, no_results_ok: true }
    manage_routes: [{ cidr: 10.9.9.9/32, healthcheck: service, remote_healthcheck: service, if_unhealthy: true }]
`,
    variables: { env: {} },
    readFile: () => '',
  });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('; '));
  return loaded.spec;
}

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
