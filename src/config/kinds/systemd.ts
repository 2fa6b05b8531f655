import { form, oneOf } from '../leaves.ts';
import { everyKey, kind } from './kind.ts';

/** A name without one of these is a service's, as for systemctl. */
const SUFFIX = /\.(?:service|socket|target|mount|automount|timer|path|slice|scope|device|swap)$/;
/** systemd.unit(5), without patterns, and nothing that could be taken for an option. */
const UNIT = /^(?!-)[A-Za-z0-9:_.\\@-]{1,247}$/;

export const systemd = kind(
  {
    every: everyKey('5s'),
    unit: form('the name of a unit, such as nginx.service', UNIT).describe(
      'Unit of systemd; without a suffix, a service.',
    ),
    state: oneOf(['active', 'inactive', 'failed', 'activating', 'deactivating', 'reloading', 'maintenance'])
      .or('active')
      .describe('State that it has to be in (ActiveState).'),
  },
  (fields) => {
    const [unit, state] = [fields.read('unit'), fields.read('state')];
    if (unit === undefined) return undefined;
    const name = SUFFIX.test(unit) ? unit : `${unit}.service`;
    return { probe: { type: 'systemd', unit: name, state }, asks: 'none' };
  },
);
