import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { duration, port, whole } from '../leaves.ts';
import { everyKey, kind, type ProbePlace, type ReadProbe, readSource, sourceShape } from './kind.ts';
import { judgeWhole, server } from './server.ts';

const DAY_MS = 86_400_000;
const NTP_PORT = 123;

const shape = {
  server: server('a server such as 169.254.169.123, time.example.com:1123 or [2001:db8::1]:123')
    .optional()
    .describe('Destination, with or without a port; instead of `destination` and `port`.'),
  port: port().optional().describe('UDP port to ask. Default: 123.'),
  max_offset: duration({ least: 1, most: DAY_MS })
    .optional()
    .describe('Largest difference between this clock and the server’s. Default: any.'),
  max_stratum: whole('a stratum', { least: 1, most: 15 }).or(15).describe('Highest stratum of the server.'),
  max_root_distance: duration({ least: 1, most: DAY_MS })
    .optional()
    .describe('Largest root distance: how far off the time may be at worst. Default: any.'),
  ...sourceShape,
  every: everyKey('16s'),
};

const SERVER = { name: 'server', says: ['destination', 'port'], instead: 'leave it out, and write port' };

/** Reads the options of an ntp check. */
function readNtp(fields: Fields<typeof shape>, place: ProbePlace, context: Context): ReadProbe | undefined {
  const port = fields.read('port') ?? NTP_PORT;
  const limits = {
    maxOffsetMs: fields.read('max_offset'),
    maxStratum: fields.read('max_stratum'),
    maxRootDistanceMs: fields.read('max_root_distance'),
    ...readSource(fields),
  };
  const probe = { type: 'ntp', port, ...limits } as const;
  if (fields.child('server') === undefined) return { probe, asks: 'required' };
  const server = fields.read('server');
  const isFit = judgeWhole(SERVER, { fields, place }, context);
  if (!isFit || server === undefined) return undefined;
  const { destination } = server;
  return { probe: { ...probe, port: server.port ?? port }, destination, asks: 'optional' };
}

export const ntp = kind(shape, readNtp);
