import { afterAll, beforeAll, expect, test } from 'vitest';
import { detectionBoundMs, STORY_TIMING, type StoryTiming } from '../../support/story/agent-config.ts';
import { MortalService } from '../../support/story/mortal-service.ts';
import type { StoryZone } from '../../support/story/region.ts';
import { openSandboxRegion, type SandboxRegion } from '../../support/story/sandbox-region.ts';
import { openStage, type Stage } from '../../support/story/stage.ts';
import { waitFor } from '../../support/story/wait.ts';

const TRIALS = 20;
const API_LATENCY_MS = 50;
const TIMING: StoryTiming = { ...STORY_TIMING, everyMs: 100, timeoutMs: 90 };
/** What vpcast itself may take: scheduling, deciding, writing the log. */
const OWN_MS = 20;
const BOUND_MS = detectionBoundMs(TIMING) + 2 * API_LATENCY_MS + OWN_MS;

const trials = Array.from({ length: TRIALS }, (_, index) => ({
  name: `service-${index}`,
  destination: `10.99.${index}.1/32`,
}));

let region: SandboxRegion;
let stage: Stage;
const services: MortalService[] = [];
const ports: number[] = [];

/**
 * Twenty services with a route each. Zone a holds all of the routes and keeps them whatever happens (`never_delete`, as
 * for a default route), so that each one moves by what the agent of zone b finds out for itself.
 */
beforeAll(async () => {
  region = await openSandboxRegion({ azs: 2, addressOf: (index) => `127.63.${index + 1}.10` });
  for (const { destination } of trials) {
    region.sandbox.world.createRoute({ tableId: tableId(), destination, target: 'eni-0a00000000000000a' });
  }
  for (const _ of trials) {
    const [own, backup] = [new MortalService(), new MortalService()];
    services.push(own, backup);
    const port = await own.listen('127.63.1.10', 0);
    await backup.listen('127.63.2.10', port);
    ports.push(port);
  }
  stage = await openStage({ region, timing: TIMING, configOf });
  await Promise.all(region.zones.map((zone) => stage.startAgent(zone)));
  region.sandbox.faults.add({ kind: 'latency', latencyMs: API_LATENCY_MS });
  const isWatched = ({ name }: { readonly name: string }) =>
    stage.logs.healthOf('b', `${name}@eni-0a00000000000000a`) === 'healthy' &&
    stage.logs.healthOf('a', name) === 'healthy';
  await waitFor(() => trials.every(isWatched), { limitMs: 15_000, what: 'every service is watched' });
});

afterAll(async () => {
  await stage?.close();
  await Promise.all(services.map((service) => service.die()));
});

test('a route leaves a dead service within the time of detection, two round trips and a little', async () => {
  const tookMs: number[] = [];
  for (const [index, { destination }] of trials.entries()) {
    // Spread over the checks' period: the last move has just left off at one and the same point of it.
    await pause((index / TRIALS) * TIMING.everyMs);
    const killedAtMs = Date.now();
    const seq = region.sandbox.journal().at(-1)?.seq ?? 0;
    await services[2 * index]?.die();
    const moved = await waitFor(
      () =>
        region.sandbox
          .journal(seq)
          .find((entry) => entry.destination === destination && entry.to === 'eni-0b00000000000000b'),
      { limitMs: 10_000, what: `${destination} moved` },
    );
    tookMs.push(moved.wallMs - killedAtMs);
  }
  const sorted = tookMs.toSorted((a, b) => a - b);
  const [p50 = 0, p99 = 0] = [sorted[Math.floor(TRIALS / 2)], sorted.at(-1)];
  console.log(
    `service dead → route moved: p50 ${p50} ms, p99 ${p99} ms; bound ${BOUND_MS} ms (n = ${TRIALS})`,
  );
  expect(p99).toBeLessThan(2 * BOUND_MS);
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function tableId(): string {
  return 'rtb-0a00000000000000a';
}

/** The owner's for zone a, the backup's for zone b; both for the table of zone a alone. */
function configOf({ name, address }: StoryZone): string {
  const pace = `every: ${TIMING.everyMs}ms, timeout: ${TIMING.timeoutMs}ms, rise: ${TIMING.rise}, fall: ${TIMING.fall}`;
  const checks = trials.map((trial, index) => `  ${trial.name}: { type: tcp, port: ${ports[index]}, ${pace}`);
  const routes = trials.map((trial) => {
    return `      - { cidr: ${trial.destination}, healthcheck: ${trial.name}, remote_healthcheck: ${trial.name}`;
  });
  const isOwner = name === 'a';
  return `poll_time: 2s
healthchecks:
${checks.map((check) => `${check}, destination: ${address} }`).join('\n')}
remote_healthchecks:
${checks.map((check) => `${check} }`).join('\n')}
routetables:
  zone_a:
    find: { type: by_tag, key: az, value: eu-west-1a }
    manage_routes:
${routes.map((route) => `${route}, ${isOwner ? 'never_delete' : 'if_unhealthy'}: true }`).join('\n')}
`;
}
