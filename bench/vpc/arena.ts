import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { MortalService } from '../../test/support/story/mortal-service.ts';
import type { StoryZone } from '../../test/support/story/region.ts';
import { readSandboxRoutes } from '../../test/support/story/sandbox-region.ts';
import { openStage, type Stage } from '../../test/support/story/stage.ts';
import { CallLog } from './call-log.ts';
import { BACKUP, type BenchVpc, HOLDER, REGION } from './scenario.ts';

/** A service of a holder, and where it listens. */
export interface HolderService {
  readonly service: MortalService;
  readonly port: number;
}

/** The embedded VPC in this process, services in this process, real agents beside it. */
export interface Arena {
  readonly sandbox: Sandbox;
  readonly calls: CallLog;
  readonly stage: Stage;
  readonly holder: StoryZone;
  readonly backup: StoryZone;
  /** The access key that the backup's calls are signed with. */
  readonly backupKey: string;
  /** One per address and place, in the order of `listenAt`. */
  readonly services: readonly HolderService[];
  readonly ownPort: number;
  close(): Promise<void>;
}

export interface ArenaOptions {
  readonly vpc: BenchVpc;
  /** Addresses at which a service of a holder listens, each on a port of its own. */
  readonly listenAt: readonly string[];
  readonly configOf: (zone: StoryZone, arena: Omit<Arena, 'stage' | 'close'>) => string;
  /** More variables for the agents. */
  readonly agentEnv?: Readonly<Record<string, string>>;
}

const TIMING = { everyMs: 0, rise: 0, fall: 0, timeoutMs: 0, pollMs: 0, requestTimeoutMs: 0 };

/** Opens everything but the agents, which `arena.stage.startAgent` starts. The caller closes it. */
export async function openArena(options: ArenaOptions): Promise<Arena> {
  const { vpc, listenAt, configOf, agentEnv = {} } = options;
  const calls = new CallLog();
  const sandbox = await startSandbox({ scenario: vpc.scenario, onEvent: calls.take });
  const services: HolderService[] = [];
  const own = new MortalService();
  const closeServices = async () => {
    await Promise.all([own, ...services.map(({ service }) => service)].map((service) => service.die()));
  };
  try {
    const ownPort = await own.listen(BACKUP.address);
    for (const address of listenAt) {
      const service = new MortalService();
      services.push({ service, port: await service.listen(address) });
    }
    const holder = zoneOf(sandbox, 'a', HOLDER);
    const backup = zoneOf(sandbox, 'b', BACKUP);
    const backupKey = sandbox.accessKeyOf(BACKUP.instanceId);
    const parts = { sandbox, calls, holder, backup, backupKey, services, ownPort };
    const region = {
      endpoint: sandbox.url,
      zones: [holder, backup],
      readRoutes: async () => readSandboxRoutes(sandbox),
      stopInstance: async (zone: StoryZone) => void sandbox.world.stop(zone.instanceId),
      startInstance: async (zone: StoryZone) => void sandbox.world.start(zone.instanceId),
      close: () => sandbox.close(),
    };
    const stage = await openStage({
      region,
      timing: TIMING,
      configOf: (zone) => configOf(zone, parts),
      agentEnv,
    });
    const killNow = () => stage.processes.killNow();
    process.on('exit', killNow);
    const close = async () => {
      process.off('exit', killNow);
      await stage.close();
      await closeServices();
    };
    return { ...parts, stage, close };
  } catch (error) {
    await sandbox.close();
    await closeServices();
    throw error;
  }
}

function zoneOf(
  sandbox: Sandbox,
  name: string,
  at: { readonly instanceId: string; readonly interfaceId: string; readonly address: string },
): StoryZone {
  const { instanceId, interfaceId, address } = at;
  const imdsUrl = sandbox.imdsUrl(instanceId);
  return { name, az: `${REGION}${name}`, instanceId, interfaceId, address, tableId: '', imdsUrl };
}
