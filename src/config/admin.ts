import type { AdminSpec } from '../admin/index.ts';
import { openFields } from './fields.ts';
import type { Report } from './problems.ts';
import { adminShape } from './schema.ts';
import { type Cursor, isNull, labelSpot } from './tree.ts';

/** Where the HTTP server listens; undefined where nothing asks for one. */
export function readAdmin(cursor: Cursor | undefined, report: Report): AdminSpec | undefined {
  if (cursor === undefined || isNull(cursor.node)) return undefined;
  const fields = openFields(cursor, { shape: adminShape }, report);
  const socket = fields?.child('socket');
  if (fields?.read('socket') !== undefined && socket !== undefined) {
    const message = 'this version has no control socket yet; the rest of the config has its effect';
    report.warn(labelSpot(socket), 'unsupported', message);
  }
  return fields?.read('address');
}
