import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../../bench/command-line.ts';

const KNOWN = ['failover', 'fleet', 'probes'];

describe('what a run of benches was asked for', () => {
  it('is all of them where none is named', () => {
    const parsed = parseRequest([], KNOWN);
    expect(parsed).toEqual({
      ok: true,
      request: { names: KNOWN, isQuick: false, isJson: false, isList: false },
    });
  });

  it('is the named ones, once each and in the order in which they run', () => {
    const parsed = parseRequest(['probes', '--quick', 'failover', 'probes', '--json'], KNOWN);
    expect(parsed).toMatchObject({
      request: { names: ['failover', 'probes'], isQuick: true, isJson: true },
    });
  });

  it.each([
    [['speed'], 'there is no bench speed; one of: failover, fleet, probes'],
    [['--fast'], 'unknown option --fast; npm run bench -- [NAME ...] [--quick] [--json] [--list]'],
    [['-q'], 'unknown option -q; npm run bench -- [NAME ...] [--quick] [--json] [--list]'],
  ])('%j is refused', (args, problem) => {
    expect(parseRequest(args, KNOWN)).toEqual({ ok: false, problem });
  });
});
