import { type Cidr, containsCidr, parseCidr } from '../../src/lib/cidr.ts';

/** The addresses of the link between the agents and the router. */
export interface LinkAddresses {
  readonly router: string;
  /** One a zone: the source of its agent's session, and the next hop of what it announces. */
  readonly zones: readonly string[];
}

export const PREFIX_LENGTH = 28;
const BLOCK = 2 ** (32 - PREFIX_LENGTH);

/** RFC 5737: networks for examples, which hardly any host has. */
const NETWORKS = ['192.0.2', '198.51.100', '203.0.113'];

/**
 * The first block that shares nothing with the networks of this host's interfaces (`192.0.2.2/24`), to which the links of
 * other demos belong too. Undefined: there is none.
 */
export function chooseAddresses(own: readonly string[], zones: number): LinkAddresses | undefined {
  const taken = own.flatMap((text) => parseCidr(text)?.cidr ?? []);
  const blocks = NETWORKS.flatMap((network) =>
    Array.from({ length: 256 / BLOCK }, (_unused, index) => ({ network, first: index * BLOCK })),
  );
  const free = blocks.find(({ network, first }) => {
    const cidr = parseCidr(`${network}.${first}/${PREFIX_LENGTH}`)?.cidr;
    return cidr !== undefined && !taken.some((one) => isShared(one, cidr));
  });
  if (free === undefined) return undefined;
  const host = (number: number) => `${free.network}.${free.first + number}`;
  return { router: host(1), zones: Array.from({ length: zones }, (_unused, index) => host(11 + index)) };
}

function isShared(one: Cidr, other: Cidr): boolean {
  return containsCidr(one, other) || containsCidr(other, one);
}
