import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linkAddress } from '../../test/support/bgp/addresses.ts';
import type { Lab } from '../../test/support/bgp/lab.ts';
import { BuiltAgent } from './built-agent.ts';
import { fileCheck, ownConfig } from './own-config.ts';
import { OWN_ASN, PEER_ASN } from './part.ts';

/** How large an agent's announcer is. */
export interface Size {
  readonly prefixes: number;
  readonly peers: number;
  /** Every prefix has attributes of its own, so that no two share an UPDATE; else all have the same. */
  readonly isEachItsOwn: boolean;
}

export const LARGE = { prefixes: 500, peers: 8 } as const;

/** The namespace of the peers, which is one process; its addresses follow each other. */
export const PEER_LINK = 1;
const FIRST_PEER_HOST = 101;
/** Something for checks to ask, at the peers. */
export const SERVICE_PORT = 8_080;
const CHECKS = 20;

export const HOLD_SEC = 3;

/** Gives the namespace of the peers an address for each. */
export async function addPeerAddresses(lab: Lab): Promise<void> {
  const lines = peerAddresses(LARGE.peers).map((address) => `ip address add ${address}/24 dev vpcast0`);
  await lab.run(PEER_LINK, lines.join('\n'));
}

/** The built program with 20 checks every 100 ms, which pass; half of its prefixes are IPv6, and each rests on one of the checks. */
export async function startSized(
  lab: Lab,
  options: {
    readonly size: Size;
    /** Of its own address: 10 and above. */
    readonly host: number;
    readonly node?: readonly string[];
  },
): Promise<BuiltAgent> {
  const { size, host, node = [] } = options;
  const file = join(lab.folder, 'healthy');
  writeFileSync(file, '');
  const tcp = { type: 'tcp', destination: peerAddresses(1)[0], port: SERVICE_PORT, every: '100ms' };
  const names = Array.from({ length: CHECKS }, (_, index) => `c${index}`);
  const checks = names.map((name, index) => [name, index % 2 === 0 ? fileCheck(file, '100ms') : tcp]);
  const config = ownConfig({
    localAddress: linkAddress(PEER_LINK, host, 'ipv4'),
    asn: OWN_ASN,
    peerAsn: PEER_ASN,
    peerAddresses: peerAddresses(size.peers),
    routes: routesOf(size),
    checks: Object.fromEntries(checks) as Readonly<Record<string, object>>,
    holdTime: `${HOLD_SEC}s`,
  });
  return await BuiltAgent.start(lab, { link: 0, name: `agent-${host}`, config, node });
}

function peerAddresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => linkAddress(PEER_LINK, FIRST_PEER_HOST + index, 'ipv4'));
}

function routesOf({ prefixes, isEachItsOwn }: Size): readonly object[] {
  return Array.from({ length: prefixes }, (_, index) => {
    const prefix =
      index % 2 === 0 ? `10.201.${index >> 8}.${index & 255}/32` : `fd77:201::${index.toString(16)}/128`;
    const own = isEachItsOwn ? { communities: [`65010:${index}`], med: index } : {};
    // The session is over IPv4: there is no IPv6 next hop but this.
    const nextHop = index % 2 === 0 ? {} : { next_hop: 'fd77:1::a' };
    return { prefix, healthcheck: `c${index % CHECKS}`, ...nextHop, ...own };
  });
}
