/**
 * The whole agent with its embedded announcer and real sockets, over one check whose probe is ours: so that the moment is
 * known at which a probe's result turns it. Everything between that and the socket is the agent's own code.
 */
import { Agent, type AgentDeps } from '../../src/agent/index.ts';
import { EmbeddedAnnouncer } from '../../src/announce/index.ts';
import type { Probe } from '../../src/checks/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import type { Flip } from './bare-main.ts';
import { monotonicMs } from './monotonic.ts';
import { argument, listenToParent, tellParent } from './parent-link.ts';

export interface AgentRequest {
  /** Its text, with one check. */
  readonly config: string;
}

let isUp = false;
let wasUp = false;

/** Answers at once. What it answers with is the check's result; the clock is read before anybody hears of it. */
const probe: Probe = {
  attempt: async () => {
    if (isUp !== wasUp) {
      const event = { type: 'turned', isUp, atMs: monotonicMs() };
      wasUp = isUp;
      setImmediate(() => tellParent(event));
    }
    return { ok: isUp, reason: isUp ? 'passed' : 'refused', latencyMs: 0, detail: undefined };
  },
  close: async () => {},
};

const { config } = argument<AgentRequest>();
const loaded = loadConfig({
  file: 'bench',
  text: config,
  variables: { env: {} },
  readFile: () => {
    throw new Error('it names no file');
  },
});
if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
const { announcer: announcerSpec } = loaded.spec;
if (announcerSpec === undefined) throw new Error('there is nothing to announce');

const announcer = new EmbeddedAnnouncer(announcerSpec.backend.speaker, {
  clock: systemClock,
  random: Math.random,
  onEvent(event) {
    if (event.type === 'peer-state' && event.to === 'Established') tellParent({ type: 'established' });
  },
});
const deps: AgentDeps = {
  clock: systemClock,
  random: Math.random,
  identity: noRoutes,
  tables: { describe: noRoutes, apply: noRoutes },
  describeInterfaces: noRoutes,
  disableSourceDestCheck: noRoutes,
  describeInstanceStatus: noRoutes,
  readOwnInterfaceIds: async () => undefined,
  readDrainSignals: async () => undefined,
  makeProbe: () => probe,
  announcer: () => announcer,
  runHook: async () => undefined,
  report() {},
};
new Agent(loaded.spec, { deps, onRefused() {} }).start();
listenToParent<Flip>((flip) => {
  isUp = flip.isUp;
});

function noRoutes(): never {
  throw new Error('there are no route tables');
}
