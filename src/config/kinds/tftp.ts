import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { accept, type Leaf, leaf, refuse } from '../leaf.ts';
import { form, port, size, whole } from '../leaves.ts';
import { missingSpot } from '../tree.ts';
import { everyKey, kind, type ProbePlace, type ReadProbe, readSource, sourceShape } from './kind.ts';
import { judgeWhole, parseServer, type Server } from './server.ts';

const TFTP_PORT = 69;
/** A request has at most 512 bytes (RFC 2347), and the options need some. */
const MAX_PATH_BYTES = 450;
const TOO_LONG = `write a path of at most ${MAX_PATH_BYTES} bytes`;
const MAX_FILE_BYTES = 4 * 1024 ** 3;

/** What is read, and of whom. */
interface Target extends Server {
  readonly path: string;
}

const shape = {
  url: targetUrl()
    .optional()
    .describe('Destination, port and path in one; instead of these. The path begins with the slash.'),
  port: port().optional().describe('UDP port to ask. Default: 69.'),
  path: filePath().optional().describe('File to read; sent exactly as written.'),
  sha256: form('a SHA-256, 64 hexadecimal digits', /^[0-9A-Fa-f]{64}$/)
    .optional()
    .describe('SHA-256 that the file has to have. Default: any.'),
  max_size: size({ least: 1, most: MAX_FILE_BYTES }).or('64MiB').describe('Largest file that is read.'),
  block_bytes: whole('a size in bytes', { least: 8, most: 65_464 })
    .or(1428)
    .describe('Block size to ask for (`blksize`); with 512, no options are sent at all.'),
  ...sourceShape,
  every: everyKey('10s'),
};

const URL_KEY = {
  name: 'url',
  says: ['destination', 'port', 'path'],
  instead: 'write port and path instead',
};

/** Reads the options of a tftp check. */
function readTftp(fields: Fields<typeof shape>, place: ProbePlace, context: Context): ReadProbe | undefined {
  const port = fields.read('port') ?? TFTP_PORT;
  const path = fields.read('path');
  const content = {
    blockBytes: fields.read('block_bytes'),
    sha256: fields.read('sha256')?.toLowerCase(),
    maxBytes: fields.read('max_size'),
    ...readSource(fields),
  };
  if (fields.child('url') === undefined) {
    if (fields.child('path') === undefined) {
      const message = 'missing; write the path of a file, as the server knows it';
      context.report.problem(missingSpot(fields.cursor, 'path'), 'missing-key', message);
    }
    return path === undefined
      ? undefined
      : { probe: { type: 'tftp', port, path, ...content }, asks: 'required' };
  }
  const target = fields.read('url');
  const isFit = judgeWhole(URL_KEY, { fields, place }, context);
  if (!isFit || target === undefined) return undefined;
  const probe = { type: 'tftp', port: target.port ?? port, path: target.path, ...content } as const;
  return { probe, destination: target.destination, asks: 'optional' };
}

/** What stands after the authority is the path as it is: nothing in it is decoded, and `?`, `#` and `;` are of it. */
function targetUrl(): Leaf<Target> {
  const pattern = /^tftp:\/\/([^/]+)(\/[^\0]+)$/i;
  return leaf({ kind: 'text', pattern }, (written) => {
    const [, authority = '', path = ''] = (typeof written === 'string' && pattern.exec(written)) || [];
    const found = parseServer(authority);
    if (found === undefined) return refuse('write a URL such as tftp://10.0.0.5/pxelinux.0');
    return isTooLong(path) ? refuse(TOO_LONG) : accept({ ...found, path });
  });
}

function filePath(): Leaf<string> {
  return leaf({ kind: 'text', pattern: /^[^\0]+$/ }, (written) => {
    if (typeof written !== 'string' || !/^[^\0]+$/.test(written)) return refuse('write the path of a file');
    return isTooLong(written) ? refuse(TOO_LONG) : accept(written);
  });
}

function isTooLong(path: string): boolean {
  return new TextEncoder().encode(path).length > MAX_PATH_BYTES;
}

export const tftp = kind(shape, readTftp);
