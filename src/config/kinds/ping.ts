import { whole } from '../leaves.ts';
import { kind, readSource, sourceShape } from './kind.ts';

export const ping = kind(
  {
    payload_bytes: whole('a size in bytes', { least: 16, most: 65_507 })
      .or(56)
      .describe('Bytes after the 8-byte ICMP header.'),
    ...sourceShape,
  },
  (fields) => ({
    probe: { type: 'ping', payloadBytes: fields.read('payload_bytes'), ...readSource(fields) },
    asks: 'required',
  }),
);
