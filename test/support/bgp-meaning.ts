import type { UpdateMessage } from '../../src/bgp/message.ts';
import type { PathAttribute } from '../../src/bgp/path-attribute.ts';
import { formatPrefix } from '../../src/bgp/prefix.ts';

/** What an UPDATE says, in words that both sides can be brought to. Keys that are absent are not in it. */
export type Meaning = Readonly<Record<string, unknown>>;

/** What we read in it. */
export function meaningOf(message: UpdateMessage): Meaning {
  const nextHop = message.pathAttributes.find(({ type }) => type === 'next-hop');
  const via = nextHop?.type === 'next-hop' ? nextHop.nextHop : 'none';
  const announce = message.nlri.map((prefix) => `${formatPrefix(prefix)} via ${via}`);
  const withdraw = message.withdrawnRoutes.map(formatPrefix);
  const attributes: Record<string, unknown> = {};
  for (const attribute of message.pathAttributes) {
    if (attribute.type === 'mp-reach-nlri') {
      const vias = attribute.nextHops.join(' ');
      announce.push(...(attribute.nlri ?? []).map((prefix) => `${formatPrefix(prefix)} via ${vias}`));
    } else if (attribute.type === 'mp-unreach-nlri') {
      withdraw.push(...(attribute.withdrawnRoutes ?? []).map(formatPrefix));
    } else {
      Object.assign(attributes, attributeMeaning(attribute));
    }
  }
  return tidy({ ...attributes, announce, withdraw });
}

function attributeMeaning(attribute: PathAttribute): Meaning {
  switch (attribute.type) {
    case 'origin':
      return { origin: attribute.origin };
    case 'as-path':
      return { asPath: attribute.segments.map(({ type, asns }) => `${type} ${asns.join(' ')}`) };
    case 'multi-exit-disc':
      return { med: attribute.med };
    case 'local-pref':
      return { localPref: attribute.localPref };
    case 'communities':
      return { communities: attribute.communities.map((each) => `${each >>> 16}:${each & 0xffff}`) };
    case 'large-communities':
      return { large: attribute.communities.map((each) => each.join(':')) };
    case 'extended-communities':
      return { extended: attribute.communities.map((each) => Buffer.from(each).toString('hex')) };
    case 'aggregator':
      return { aggregator: `${attribute.asn}:${attribute.address}` };
    case 'atomic-aggregate':
      return { atomicAggregate: true };
    case 'other':
      return { [`attribute ${attribute.code}`]: Buffer.from(attribute.value).toString('hex') };
    case 'as4-path':
      return { as4Path: attribute.segments.map(({ type, asns }) => `${type} ${asns.join(' ')}`) };
    case 'as4-aggregator':
      return { as4Aggregator: `${attribute.asn}:${attribute.address}` };
    case 'originator-id':
      return { originatorId: attribute.originatorId };
    case 'cluster-list':
      return { clusterList: attribute.clusterIds };
    case 'only-to-customer':
      return { onlyToCustomer: attribute.asn };
    default:
      return {};
  }
}

/** In one order, without what is not there. A path without segments, of iBGP, counts as none. */
export function tidy(meaning: Meaning): Meaning {
  const sorted = Object.entries(meaning)
    .filter(([name, value]) => value !== undefined && !(name === 'asPath' && String(value) === ''))
    .map(([name, value]) => [
      name,
      Array.isArray(value) && !name.endsWith('Path') ? [...value].sort() : value,
    ])
    .sort(([one], [other]) => String(one).localeCompare(String(other)));
  return Object.fromEntries(sorted);
}
