import { flag, form, ipAddress } from '../leaves.ts';
import { fallKey, kind, riseKey } from './kind.ts';

export const assignedAddress = kind(
  {
    // The kernel's answer is exact, so that one is enough.
    rise: riseKey(1),
    fall: fallKey(1),
    address: ipAddress().describe('IP address that this machine has to have.'),
    interface: form('the name of a network interface', /^[^\s/:\0]{1,15}$/)
      .optional()
      .describe('Network interface that has to have it. Default: any.'),
    link_up: flag().or(false).describe('The interface also has to be up, and its link has to be there.'),
  },
  (fields) => {
    const address = fields.read('address');
    const [name, linkUp] = [fields.read('interface'), fields.read('link_up')];
    if (address === undefined) return undefined;
    return { probe: { type: 'assigned_address', address, interface: name, linkUp }, asks: 'none' };
  },
);
