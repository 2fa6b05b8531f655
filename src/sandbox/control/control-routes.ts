import { type ControlAnswer, type ControlRoute, fromResult, ok } from './control-answer.ts';
import type { ControlParts } from './control-api.ts';
import { faultRoutes } from './fault-routes.ts';
import { setImdsFault, setSignals } from './imds-routes.ts';
import {
  BadRequest,
  type JsonObject,
  optionalBoolean,
  optionalNumber,
  optionalString,
  rejectUnknown,
  requireString,
  requireTags,
} from './json-fields.ts';
import { showRegion } from './show-state.ts';

/** Everything that can be asked of a running sandbox, one line each. */
export function controlRoutes(parts: ControlParts): readonly ControlRoute[] {
  const { world } = parts;
  return [
    { method: 'GET', path: 'state', run: () => ok(showRegion(parts)) },
    { method: 'GET', path: 'journal', run: ({ query }) => readJournal(parts, query) },
    ...faultRoutes(parts),
    ...instanceRoutes(parts),
    {
      method: 'POST',
      path: 'interfaces/*/attach',
      run: ({ args, body }) => attach(parts, args[0] ?? '', body),
    },
    {
      method: 'POST',
      path: 'interfaces/*/detach',
      run: ({ args, body }) =>
        fromResult(world.detachInterface(args[0] ?? '', { force: optionalBoolean(body, 'force') ?? false })),
    },
    {
      method: 'DELETE',
      path: 'interfaces/*',
      run: ({ args }) => fromResult(world.deleteInterface(args[0] ?? '')),
    },
    {
      method: 'POST',
      path: 'tags/*',
      run: ({ args, body }) => fromResult(world.setTags(args[0] ?? '', requireTags(body))),
    },
    { method: 'POST', path: 'routes', run: ({ body }) => editRoute(parts, body) },
    { method: 'POST', path: 'gateways/*', run: ({ args }) => fromResult(world.addGateway(args[0] ?? '')) },
    {
      method: 'DELETE',
      path: 'gateways/*',
      run: ({ args }) => fromResult(world.removeGateway(args[0] ?? '')),
    },
  ];
}

function instanceRoutes(parts: ControlParts): readonly ControlRoute[] {
  const { world } = parts;
  const command = (name: 'stop' | 'start' | 'reboot' | 'terminate' | 'clear'): ControlRoute => {
    return {
      method: 'POST',
      path: `instances/*/${name}`,
      run: ({ args }) => fromResult(world[name](args[0] ?? '')),
    };
  };
  return [
    command('stop'),
    command('start'),
    command('reboot'),
    command('terminate'),
    command('clear'),
    {
      method: 'POST',
      path: 'instances/*/impair',
      run({ args, body }) {
        const which = optionalString(body, 'which') ?? 'instance';
        if (which !== 'instance' && which !== 'system' && which !== 'both') {
          throw new BadRequest('which must be instance, system or both');
        }
        return fromResult(world.impair(args[0] ?? '', which));
      },
    },
    {
      method: 'POST',
      path: 'instances/*/signals',
      run: ({ args, body }) => setSignals(parts, args[0] ?? '', body),
    },
    {
      method: 'POST',
      path: 'instances/*/imds',
      run: ({ args, body }) => setImdsFault(parts, args[0] ?? '', body),
    },
  ];
}

function attach(parts: ControlParts, interfaceId: string, body: JsonObject): ControlAnswer {
  const instanceId = requireString(body, 'instanceId');
  return fromResult(
    parts.world.attachInterface({
      interfaceId,
      instanceId,
      deviceIndex: optionalNumber(body, 'deviceIndex') ?? 1,
    }),
  );
}

function editRoute({ world }: ControlParts, body: JsonObject): ControlAnswer {
  rejectUnknown(body, ['action', 'tableId', 'destination', 'target', 'accessKeyId']);
  const key = { tableId: requireString(body, 'tableId'), destination: requireString(body, 'destination') };
  const accessKeyId = optionalString(body, 'accessKeyId');
  const caller = accessKeyId === undefined ? {} : { accessKeyId };
  switch (requireString(body, 'action')) {
    case 'create':
      return fromResult(world.createRoute({ ...key, ...caller, target: requireString(body, 'target') }));
    case 'replace':
      return fromResult(world.replaceRoute({ ...key, ...caller, target: requireString(body, 'target') }));
    case 'delete':
      return fromResult(world.deleteRoute({ ...key, ...caller }));
    default:
      throw new BadRequest('action must be create, replace or delete');
  }
}

/** `?after=SEQ`: only what came later; `?last=N`: at most the newest N. */
function readJournal({ world }: ControlParts, query: URLSearchParams): ControlAnswer {
  const entries = world.journal(readCount(query, 'after') ?? 0);
  const last = readCount(query, 'last');
  return ok(last === undefined ? entries : entries.slice(Math.max(0, entries.length - last)));
}

function readCount(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new BadRequest(`${name} must be a whole number`);
  return Number(text);
}
