import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { flag, list, oneOf } from '../leaves.ts';
import { valueSpot } from '../tree.ts';
import { everyKey, kind, type ProbePlace, type ReadProbe } from './kind.ts';

const FAMILIES_HINT = 'write a list of ipv4 and ipv6';

const shape = {
  every: everyKey('5s'),
  families: list(oneOf(['ipv4', 'ipv6']), FAMILIES_HINT)
    .or(['ipv4'])
    .describe('Families that are forwarded.'),
  masquerade: flag().or(true).describe('A masquerade or SNAT rule has to be in nftables or iptables.'),
  source_dest_check_off: flag()
    .or(true)
    .describe('The source/dest check of the interface that routes point at has to be off.'),
};

type NatFields = Fields<typeof shape>;

function readNat(fields: NatFields, _place: ProbePlace, { report }: Context): ReadProbe {
  const families = [...new Set(fields.read('families'))];
  const child = fields.child('families');
  if (child !== undefined && families.length === 0) {
    report.problem(valueSpot(child), 'wrong-value', `got an empty list; ${FAMILIES_HINT}`);
  }
  const masquerade = fields.read('masquerade');
  const sourceDestCheckOff = fields.read('source_dest_check_off');
  return { probe: { type: 'nat', families, masquerade, sourceDestCheckOff }, asks: 'none' };
}

export const nat = kind(shape, readNat);
