import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import type { SandboxEvent } from '../events.ts';
import type { Faults } from '../faults.ts';
import { readBody } from '../http-listener.ts';
import type { Imds } from '../imds/imds.ts';
import type { Panel } from '../panel.ts';
import type { World } from '../world/world.ts';
import type { ControlAnswer } from './control-answer.ts';
import { CONTROL_PAGE } from './control-page.ts';
import { controlRoutes } from './control-routes.ts';
import { BadRequest, parseJsonObject } from './json-fields.ts';

export interface ControlParts {
  readonly world: World;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly imds: (instanceId: string) => Imds | undefined;
  readonly onEvent: (event: SandboxEvent) => void;
  readonly panels: () => readonly Panel[];
}

const MAX_BODY_BYTES = 1_000_000;

/**
 * JSON under `/_sandbox/` and the page at `/`. Faults never strike it: what was switched on can be switched off.
 */
export function createControlApi(parts: ControlParts) {
  const routes = controlRoutes(parts);
  return {
    async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
      if (url.pathname === '/') return sendPage(response);
      const text = await readBody(request, MAX_BODY_BYTES);
      if (text === undefined)
        return sendJson(response, { status: 413, value: { error: 'the body is too long' } });
      sendJson(response, answer({ method: request.method ?? 'GET', url, text }));
    },
  };

  function answer(request: {
    readonly method: string;
    readonly url: URL;
    readonly text: string;
  }): ControlAnswer {
    const { method, url, text } = request;
    const path = url.pathname.replace(/^\/_sandbox\/?/, '').replace(/\/$/, '');
    const matching = routes.flatMap((route) => {
      const args = matchPath(route.path, path);
      return args === undefined ? [] : [{ route, args }];
    });
    const found = matching.find(({ route }) => route.method === method);
    if (matching.length === 0) {
      const known = routes.map((route) => `${route.method} /_sandbox/${route.path}`);
      return { status: 404, value: { error: `there is no /_sandbox/${path}`, known } };
    }
    if (found === undefined)
      return { status: 405, value: { error: `${method} does not work on ${url.pathname}` } };
    try {
      return found.route.run({ args: found.args, query: url.searchParams, body: parseJsonObject(text) });
    } catch (error) {
      if (error instanceof BadRequest) return { status: 400, value: { error: error.message } };
      throw error;
    }
  }
}

function matchPath(pattern: string, path: string): readonly string[] | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const isMatch = wanted.every((part, index) => part === '*' || part === given[index]);
  return isMatch ? given.filter((_, index) => wanted[index] === '*').map(decode) : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function sendPage(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
    'cache-control': 'no-store',
  });
  response.end(CONTROL_PAGE);
}

function sendJson(response: ServerResponse, { status, value }: ControlAnswer): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}
