import { describe, expect, it } from 'vitest';
import { KINDS, PROBE_TYPES } from '../../../src/config/kinds/kinds.ts';
import { problems } from './source.ts';

function told(check: string): readonly string[] {
  return problems(
    `healthchecks:\n  a: ${check}\nroutetables:\n  b:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9, healthcheck: a }]\n`,
  );
}

const COMMON =
  'type, destination, rise, fall, every, timeout, tries, interval, run_on_healthy, run_on_unhealthy, config';

describe('an unknown key of a check', () => {
  it('that other types know is told with all of them', () => {
    const owners = PROBE_TYPES.filter((type) => Object.hasOwn(KINDS[type].shape, 'tls'));
    expect(owners.length).toBeGreaterThan(2);
    const list = `${owners.slice(0, -1).join(', ')} and ${owners.at(-1)}`;
    expect(told('{ type: ping, destination: 10.0.0.1, tls: true }')).toEqual([
      `config.yaml:2:43 healthchecks.a.tls: an option of ${list}, not of ping; leave it out, or change the type`,
    ]);
  });

  it('is told without the options of every type where the type is unknown', () => {
    const [type, key, ...others] = told('{ type: pong, colour: red, payload_bytes: 5, expect: x, rise: 2 }');
    expect(type).toMatch(/^config\.yaml:2:14 healthchecks\.a\.type: unknown type, got "pong"; /);
    expect(key).toBe(
      `config.yaml:2:20 healthchecks.a.colour: unknown key, of no type; every type knows ${COMMON}`,
    );
    expect(others).toEqual([]);
  });

  it('is told with what it resembles where the type is missing', () => {
    const lines = told('{ destination: 10.0.0.1, paylod_bytes: 5, timeuot: 1s }');
    expect(lines[0]).toMatch(/^config\.yaml:2:3 healthchecks\.a\.type: missing; write one of ping, /);
    expect(lines.slice(1)).toEqual([
      'config.yaml:2:31 healthchecks.a.paylod_bytes: unknown key; did you mean payload_bytes?',
      'config.yaml:2:48 healthchecks.a.timeuot: unknown key; did you mean timeout?',
    ]);
  });
});
