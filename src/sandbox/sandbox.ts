import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { systemClock } from '../lib/system-clock.ts';
import { createControlApi } from './control/control-api.ts';
import { createApiServer } from './ec2/api-server.ts';
import type { SandboxEvent } from './events.ts';
import { createFaults, type Faults } from './faults.ts';
import { listenHttp } from './http-listener.ts';
import { type Imds, startImds } from './imds/imds.ts';
import { identityOf } from './imds/instance-imds.ts';
import type { Panel } from './panel.ts';
import type { Scenario } from './scenario.ts';
import type { JournalEntry } from './world/journal.ts';
import { createWorld, type World } from './world/world.ts';

export interface SandboxOptions {
  /** Taken as checked; what comes from a file goes through `parseScenario` first. */
  readonly scenario: Scenario;
  /** Default 127.0.0.1, for the API and for every IMDS. */
  readonly host?: string;
  /** Of the API; default 0: any free one. */
  readonly port?: number;
  /** Of the first instance's IMDS; the others follow, one port each. Default: any free ones. */
  readonly imdsPort?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly onEvent?: (event: SandboxEvent) => void;
  /** What else the page shows; asked for each time. */
  readonly panels?: () => readonly Panel[];
}

/** A running region. */
export interface Sandbox {
  /** The endpoint of EC2 and STS; the control API is under `/_sandbox/`, the page at `/`. */
  readonly url: string;
  readonly world: World;
  readonly faults: Faults;
  /** The instance's metadata service. Throws RangeError for an unknown instance. */
  imds(instanceId: string): Imds;
  imdsUrl(instanceId: string): string;
  /** The access key that calls of this instance are signed with: to aim a fault at one caller. */
  accessKeyOf(instanceId: string): string;
  journal(afterSeq?: number): readonly JournalEntry[];
  /** Frees every port and timer. Idempotent. */
  close(): Promise<void>;
}

/** Starts the API and an IMDS per instance. Rejects if an address cannot be had; nothing is left listening then. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { scenario, host = '127.0.0.1', clock = systemClock, random = Math.random } = options;
  const onEvent = options.onEvent ?? (() => {});
  const world = createWorld(scenario, {
    clock,
    random,
    onChange: (entry) => onEvent({ kind: 'change', entry }),
  });
  const faults = createFaults({ clock, random });
  for (const fault of scenario.faults ?? []) faults.add(fault);
  if (scenario.throttling === true) faults.throttle(true);
  const services = new Map<string, Imds>();
  const api = createApiServer({ world, faults, clock, random, onEvent });
  const findImds = (instanceId: string): Imds => {
    const service = services.get(instanceId);
    if (service === undefined) throw new RangeError(`the sandbox has no instance ${instanceId}`);
    return service;
  };
  const control = createControlApi({
    world,
    faults,
    clock,
    onEvent,
    imds: (id) => services.get(id),
    panels: options.panels ?? (() => []),
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const url = URL.parse(request.url ?? '/', 'http://sandbox');
    if (url === null) return void response.writeHead(400).end();
    const isControl = url.pathname.startsWith('/_sandbox') || isPageRequest(request, url);
    const handled = isControl ? control.handle(request, response, url) : api.handle(request, response, url);
    handled.catch((error: unknown) => failRequest(response, error));
  };

  const closers: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      world.close();
      api.close();
      await Promise.all(closers.map((closeOne) => closeOne()));
    })();
    return closing;
  };
  try {
    const listener = await listenHttp({ host, port: options.port ?? 0, onRequest });
    closers.push(listener.close);
    for (const id of world.state().instances.keys()) {
      const port = options.imdsPort === undefined ? 0 : options.imdsPort + services.size;
      const service = await startImds({ identity: () => identityOf(world, id), clock, random, host, port });
      closers.push(service.close);
      services.set(id, service);
    }
    return {
      url: listener.url,
      world,
      faults,
      imds: findImds,
      imdsUrl: (id) => findImds(id).url,
      accessKeyOf(id) {
        const instance = world.state().instances.get(id);
        if (instance === undefined) throw new RangeError(`the sandbox has no instance ${id}`);
        return instance.accessKeyId;
      },
      journal: world.journal,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A browser's request; an API call by GET has an `Action`. */
function isPageRequest(request: IncomingMessage, url: URL): boolean {
  return request.method === 'GET' && url.pathname === '/' && !url.searchParams.has('Action');
}

/** A bug of the sandbox: said loudly, in a form that no client takes for an answer of AWS. */
function failRequest(response: ServerResponse, error: unknown): void {
  if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
  response.end(`the sandbox itself failed: ${error instanceof Error ? error.stack : String(error)}`);
}
