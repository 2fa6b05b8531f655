/** What an instance's metadata service knows. */
export interface ImdsIdentity {
  readonly instanceId: string;
  readonly accountId: string;
  readonly region: string;
  readonly availabilityZone: string;
  readonly instanceType?: string;
  readonly isSpot?: boolean;
  /** Primary first. */
  readonly interfaces: readonly ImdsInterface[];
  /** Undefined: no instance profile, so no credentials. */
  readonly role?: ImdsRole | undefined;
  /** Undefined: tags are not given out (`InstanceMetadataTags=disabled`). */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface ImdsInterface {
  readonly id: string;
  readonly mac: string;
  readonly deviceIndex: number;
  readonly ownerId: string;
  readonly vpcId: string;
  readonly subnetId: string;
  /** Primary first; may be empty on an IPv6-only interface. */
  readonly privateIps: readonly string[];
  readonly ipv6s?: readonly string[];
  readonly subnetCidr?: string | undefined;
  readonly subnetIpv6Cidr?: string | undefined;
  readonly vpcCidrs?: readonly string[];
  readonly vpcIpv6Cidrs?: readonly string[];
}

export interface ImdsRole {
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
}

/** What a termination notice looks like; a signal that is not set is a 404. */
export interface ImdsSignals {
  /** `time` is ISO 8601. */
  readonly spot?: { readonly action: 'terminate' | 'stop' | 'hibernate'; readonly time: string };
  readonly rebalance?: { readonly noticeTime: string };
  /** `InService`, `Terminated`, `Standby`, … */
  readonly lifecycle?: string;
  /** EC2's scheduled events, as they are in the JSON. */
  readonly maintenance?: readonly Readonly<Record<string, unknown>>[];
}

/** A directory, or a document's text. */
export type ImdsNode = string | { readonly [name: string]: ImdsNode | undefined };

/** Everything under `/latest/`. `expiresAtMs` (epoch) is when the credentials end. */
export function buildTree(identity: ImdsIdentity, signals: ImdsSignals, expiresAtMs: number): ImdsNode {
  const [primary] = identity.interfaces;
  return {
    'meta-data': {
      autoscaling:
        signals.lifecycle === undefined ? undefined : { 'target-lifecycle-state': signals.lifecycle },
      events: eventsTree(signals),
      iam: identity.role && iamTree(identity, identity.role, expiresAtMs),
      'instance-id': identity.instanceId,
      'instance-life-cycle': identity.isSpot === true ? 'spot' : 'on-demand',
      'instance-type': identity.instanceType ?? 't3.small',
      'local-ipv4': primary?.privateIps[0],
      mac: primary?.mac,
      network: {
        interfaces: {
          macs: Object.fromEntries(identity.interfaces.map((eni) => [eni.mac, interfaceTree(eni)])),
        },
      },
      placement: { 'availability-zone': identity.availabilityZone, region: identity.region },
      spot: signals.spot && {
        'instance-action': JSON.stringify(signals.spot),
        'termination-time': signals.spot.time,
      },
      // Keys with a slash or a space cannot be a path, and are not given out.
      tags: identity.tags && { instance: Object.fromEntries(pathKeys(identity.tags)) },
    },
    dynamic: { 'instance-identity': { document: identityDocument(identity) } },
  };
}

function pathKeys(tags: Readonly<Record<string, string>>): readonly [string, string][] {
  return Object.entries(tags).filter(([key]) => !/[/ ]/.test(key));
}

function eventsTree(signals: ImdsSignals): ImdsNode | undefined {
  const { rebalance, maintenance } = signals;
  if (rebalance === undefined && maintenance === undefined) return undefined;
  return {
    maintenance: maintenance && { scheduled: JSON.stringify(maintenance) },
    recommendations: rebalance && { rebalance: JSON.stringify(rebalance) },
  };
}

function iamTree(identity: ImdsIdentity, role: ImdsRole, expiresAtMs: number): ImdsNode {
  const credentials = {
    Code: 'Success',
    LastUpdated: '2026-01-01T00:00:00Z',
    Type: 'AWS-HMAC',
    AccessKeyId: role.accessKeyId,
    SecretAccessKey: role.secretAccessKey ?? 'sandbox-secret-access-key',
    Token: role.sessionToken ?? 'sandbox-session-token',
    Expiration: new Date(expiresAtMs).toISOString(),
  };
  const info = {
    Code: 'Success',
    InstanceProfileArn: `arn:aws:iam::${identity.accountId}:instance-profile/${role.name}`,
  };
  return { info: JSON.stringify(info), 'security-credentials': { [role.name]: JSON.stringify(credentials) } };
}

function interfaceTree(eni: ImdsInterface): ImdsNode {
  return {
    'device-number': String(eni.deviceIndex),
    'interface-id': eni.id,
    ipv6s: lines(eni.ipv6s),
    'local-ipv4s': lines(eni.privateIps),
    mac: eni.mac,
    'network-card': '0',
    'owner-id': eni.ownerId,
    'subnet-id': eni.subnetId,
    'subnet-ipv4-cidr-block': eni.subnetCidr,
    'subnet-ipv6-cidr-blocks': eni.subnetIpv6Cidr,
    'vpc-id': eni.vpcId,
    'vpc-ipv4-cidr-block': eni.vpcCidrs?.[0],
    'vpc-ipv4-cidr-blocks': lines(eni.vpcCidrs),
    'vpc-ipv6-cidr-blocks': lines(eni.vpcIpv6Cidrs),
  };
}

function lines(values: readonly string[] | undefined): string | undefined {
  return values === undefined || values.length === 0 ? undefined : values.join('\n');
}

function identityDocument(identity: ImdsIdentity): string {
  const { accountId, region, instanceId, availabilityZone } = identity;
  const instanceType = identity.instanceType ?? 't3.small';
  const privateIp = identity.interfaces[0]?.privateIps[0] ?? null;
  const fixed = { architecture: 'x86_64', imageId: 'ami-00000000000000000', version: '2017-09-30' };
  return JSON.stringify(
    { accountId, ...fixed, region, instanceId, instanceType, availabilityZone, privateIp },
    null,
    2,
  );
}

/**
 * The document or listing at a path under `/latest/`; undefined: 404. A directory answers with and without a slash at
 * its end, one entry a line, directories marked by a slash.
 */
export function lookUp(tree: ImdsNode, path: string): string | undefined {
  const isDirectoryPath = path.endsWith('/');
  let node: ImdsNode | undefined = tree;
  for (const part of path.split('/').filter((segment) => segment !== '')) {
    if (node === undefined || typeof node === 'string') return undefined;
    node = Object.hasOwn(node, part) ? node[part] : undefined;
  }
  if (node === undefined) return undefined;
  if (typeof node === 'string') return isDirectoryPath ? undefined : node;
  const entries = Object.entries(node).filter(([, child]) => child !== undefined);
  const isTagList = /^meta-data\/(tags\/instance|iam\/security-credentials)\/?$/.test(path);
  return entries
    .map(([name, child]) => (isTagList || typeof child === 'string' ? name : `${name}/`))
    .join('\n');
}
