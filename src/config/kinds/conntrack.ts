import { percentage } from '../leaves.ts';
import { everyKey, kind } from './kind.ts';

export const conntrack = kind(
  {
    every: everyKey('5s'),
    max_used: percentage()
      .or('90%')
      .describe('Share of the connection tracking table from which on it is too full.'),
  },
  (fields) => ({ probe: { type: 'conntrack', maxUsedPercent: fields.read('max_used') }, asks: 'none' }),
);
