import type { AwsFailure } from './errors.ts';
import type { Imds } from './imds.ts';

/** Who this instance is, as IMDS says. */
export interface Identity {
  readonly instanceId: string;
  readonly accountId: string;
  readonly region: string;
  readonly availabilityZone: string;
  readonly vpcId: string;
  readonly subnetId: string;
  /** Of the primary interface; undefined where it has IPv6 only. */
  readonly localIpv4: string | undefined;
  /** Of the primary interface. */
  readonly mac: string;
  /** All interfaces of the instance, in order of device number. */
  readonly interfaces: readonly LocalInterface[];
}

export interface LocalInterface {
  readonly id: string;
  readonly mac: string;
  readonly deviceNumber: number;
}

export type IdentityResult =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly failure: AwsFailure };

export type TagResult =
  /** Undefined: no such tag, or tags in metadata are not enabled for this instance. */
  | { readonly ok: true; readonly value: string | undefined }
  | { readonly ok: false; readonly failure: AwsFailure };

const MACS = '/latest/meta-data/network/interfaces/macs';
/** What AWS lets a tag's key be made of where tags are in the metadata. */
const READABLE_KEY = /^[A-Za-z0-9+\-=._,:@]{1,128}$/;

/** Ends a run of reads at the first that fails; does not leave this file. */
class ReadError extends Error {
  readonly failure: AwsFailure;

  constructor(failure: AwsFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

type Read = (path: string) => Promise<string | undefined>;

/** Reads who this instance is: the identity document, and the interfaces one by one. A dozen small requests. */
export async function readIdentity(imds: Imds, signal: AbortSignal): Promise<IdentityResult> {
  const read: Read = async (path) => {
    const result = await imds.get(path, signal);
    if (!result.ok) throw new ReadError(result.failure);
    return result.value;
  };
  try {
    return { ok: true, identity: await collect(read) };
  } catch (error) {
    if (error instanceof ReadError) return { ok: false, failure: error.failure };
    throw error;
  }
}

/** Reads one of the instance's own tags. */
export async function readTag(imds: Imds, key: string, signal: AbortSignal): Promise<TagResult> {
  if (!READABLE_KEY.test(key) || /^\.{1,2}$/.test(key)) return { ok: true, value: undefined };
  return await imds.get(`/latest/meta-data/tags/instance/${key}`, signal);
}

/** What does not build on each other is asked for at once: a start should not wait for a dozen answers in turn. */
async function collect(read: Read): Promise<Identity> {
  const [document, primary, localIpv4, interfaces] = await Promise.all([
    readDocument(read),
    readPrimary(read),
    read('/latest/meta-data/local-ipv4'),
    readInterfaces(read),
  ]);
  return { ...document, ...primary, localIpv4: trimmed(localIpv4), interfaces };
}

async function readPrimary(read: Read) {
  const mac = await required(read, '/latest/meta-data/mac');
  const [vpcId, subnetId] = await Promise.all([
    required(read, `${MACS}/${mac}/vpc-id`),
    required(read, `${MACS}/${mac}/subnet-id`),
  ]);
  return { mac, vpcId, subnetId };
}

async function readDocument(read: Read) {
  const path = '/latest/dynamic/instance-identity/document';
  const document = parseObject(await required(read, path));
  const field = (name: string): string => {
    const value = document?.[name];
    if (typeof value !== 'string' || value === '') throw incomplete(`${path} has no ${name}`);
    return value;
  };
  return {
    instanceId: field('instanceId'),
    accountId: field('accountId'),
    region: field('region'),
    availabilityZone: field('availabilityZone'),
  };
}

/** An interface that is detached between the list and its own items is left out. */
async function readInterfaces(read: Read): Promise<readonly LocalInterface[]> {
  const macs = (await required(read, `${MACS}/`)).split('\n').map((line) => line.trim().replace(/\/$/, ''));
  const found = await Promise.all(macs.filter((mac) => mac !== '').map((mac) => readInterface(read, mac)));
  return found.flatMap((each) => each ?? []).sort((a, b) => a.deviceNumber - b.deviceNumber);
}

async function readInterface(read: Read, mac: string): Promise<LocalInterface | undefined> {
  const [id, deviceNumber] = await Promise.all([
    read(`${MACS}/${mac}/interface-id`),
    read(`${MACS}/${mac}/device-number`),
  ]);
  const [ownId, ownNumber] = [trimmed(id), trimmed(deviceNumber)];
  if (ownId === undefined || ownNumber === undefined) return undefined;
  return { id: ownId, mac, deviceNumber: Number(ownNumber) };
}

async function required(read: Read, path: string): Promise<string> {
  const value = trimmed(await read(path));
  if (value === undefined) throw incomplete(`${path} is missing`);
  return value;
}

function incomplete(message: string): ReadError {
  return new ReadError({ kind: 'invalid', api: 'Imds', code: 'incomplete', message, requestId: undefined });
}

function trimmed(text: string | undefined): string | undefined {
  return text?.trim() || undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
