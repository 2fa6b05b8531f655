import type { Bucket } from '../throttle.ts';
import { type ControlRoute, ok } from './control-answer.ts';
import type { ControlParts } from './control-api.ts';
import {
  BadRequest,
  isJsonObject,
  type JsonObject,
  optionalBoolean,
  optionalNumber,
  rejectUnknown,
} from './json-fields.ts';
import { parseFault } from './parse-fault.ts';

/** Faults of the API, switched while it runs. */
export function faultRoutes(parts: ControlParts): readonly ControlRoute[] {
  const { faults, clock, onEvent } = parts;
  const changed = (what: string) => onEvent({ kind: 'faults', atMs: clock.now(), what });
  return [
    {
      method: 'GET',
      path: 'faults',
      run: () => ok({ faults: faults.list(), throttling: faults.throttling() ?? null }),
    },
    {
      method: 'POST',
      path: 'faults',
      run({ body }) {
        const fault = parseFault(body);
        const id = faults.add(fault);
        changed(`added ${id}: ${fault.kind}`);
        return { status: 201, value: { id } };
      },
    },
    {
      method: 'DELETE',
      path: 'faults',
      run() {
        faults.clear();
        changed('cleared');
        return ok({ faults: [] });
      },
    },
    {
      method: 'DELETE',
      path: 'faults/*',
      run({ args }) {
        const [id = ''] = args;
        if (!faults.remove(id)) return { status: 404, value: { error: `there is no fault ${id}` } };
        changed(`removed ${id}`);
        return ok({ removed: id });
      },
    },
    {
      method: 'POST',
      path: 'throttling',
      run({ body }) {
        rejectUnknown(body, ['on', 'mutating', 'describe', 'unfiltered']);
        const isOn = optionalBoolean(body, 'on') ?? true;
        faults.throttle(isOn ? readBuckets(body) : false);
        changed(`throttling ${isOn ? 'on' : 'off'}`);
        return ok({ throttling: faults.throttling() ?? null });
      },
    },
  ];
}

function readBuckets(body: JsonObject) {
  const names = ['mutating', 'describe', 'unfiltered'] as const;
  const given = names.flatMap((name) =>
    body[name] === undefined ? [] : [[name, readBucket(name, body[name])] as const],
  );
  return Object.fromEntries(given);
}

function readBucket(name: string, value: unknown): Bucket {
  const capacity = isJsonObject(value) ? optionalNumber(value, 'capacity') : undefined;
  const refillPerSec = isJsonObject(value) ? optionalNumber(value, 'refillPerSec') : undefined;
  if (capacity !== undefined && refillPerSec !== undefined) return { capacity, refillPerSec };
  throw new BadRequest(`${name} must be {"capacity": number, "refillPerSec": number}`);
}
