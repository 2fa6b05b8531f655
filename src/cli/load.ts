import { readFileSync } from 'node:fs';
import type { AdminSpec } from '../admin/index.ts';
import type { AgentSpec } from '../agent/index.ts';
import {
  createImds,
  DEFAULT_IMDS_ENDPOINT,
  type Identity,
  type Imds,
  readIdentity,
  readParameter,
  readTag,
} from '../aws/index.ts';
import {
  formatProblem,
  type InstanceFacts,
  loadConfig,
  neededVariables,
  type Problem,
  type ReadFiles,
} from '../config/index.ts';
import { CodedError } from '../lib/coded-error.ts';
import { systemClock } from '../lib/system-clock.ts';
import { includeReader } from './include-files.ts';
import type { Io } from './io.ts';
import type { ParsedOptions } from './options.ts';

const DEFAULT_FILE = '/etc/vpcast.yaml';
const PARAMETER_TIMEOUT_MS = 10_000;

/** A configuration's text and the name that its problems are told under. */
export interface ConfigText {
  readonly file: string;
  readonly text: string;
  /** Reads the files that it includes, each once: what it comes to is the same however often it is compiled. */
  readonly readFiles: ReadFiles;
}

export interface CompiledConfig {
  readonly spec: AgentSpec;
  /** Where the HTTP server listens; undefined: there is none. */
  readonly admin: AdminSpec | undefined;
  readonly warnings: readonly Problem[];
}

/** Which file the command line and the environment name. */
export function configFile(io: Io, { values }: ParsedOptions): string {
  return values.config ?? io.env.VPCAST_CONFIG ?? DEFAULT_FILE;
}

/**
 * Reads the configuration's text: a file, `-` for standard input, or `ssm:NAME[:LABEL|:VERSION]`. Throws CodedError
 * `no-input` when it can't be read.
 */
export async function readConfig(io: Io, file: string): Promise<ConfigText> {
  if (file.startsWith('ssm:')) {
    const text = await readFromParameter(io, file.slice('ssm:'.length));
    return { file, text, readFiles: includeReader(undefined) };
  }
  try {
    if (file === '-') return { file: 'stdin', text: io.readStdin(), readFiles: includeReader(undefined) };
    return { file, text: readFileSync(file, 'utf8'), readFiles: includeReader(file) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CodedError('no-input', `configuration can't be read: ${why}; name another with --config FILE`);
  }
}

async function readFromParameter(io: Io, name: string): Promise<string> {
  const region = io.env.AWS_REGION ?? io.env.AWS_DEFAULT_REGION ?? (await ownRegion(io));
  const result = await readParameter({ name, region, timeoutMs: PARAMETER_TIMEOUT_MS, clock: systemClock });
  if (result.ok) return result.value;
  const { code, message } = result.failure;
  throw new CodedError(
    'no-input',
    `configuration can't be read: ssm:${name} in ${region}: ${code}: ${message}`,
  );
}

async function ownRegion(io: Io): Promise<string> {
  const imds = openImds(io);
  try {
    return (await identify(imds, 3, AbortSignal.timeout(10_000))).region;
  } finally {
    await imds.close();
  }
}

/** Compiles a text with what is known of the instance. Throws CodedError `config` whose message is every problem, a line each. */
export function compileConfig(
  io: Io,
  source: ConfigText,
  instance: InstanceFacts | 'placeholder' | undefined,
): CompiledConfig {
  const variables = { instance, env: io.env };
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const result = loadConfig({ ...source, variables, readFile });
  if (result.ok) return { spec: result.spec, admin: result.admin, warnings: result.warnings };
  const lines = result.problems.map(formatProblem);
  throw new CodedError('config', lines.join('\n'), { problems: result.problems.length });
}

/** Where this process finds the instance metadata. */
export function openImds(io: Io): Imds {
  const endpoint = io.env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? DEFAULT_IMDS_ENDPOINT;
  return createImds({ endpoint, clock: systemClock });
}

/** Asks IMDS who this is. Throws CodedError `no-identity` when it does not answer within `attempts` tries, a second apart. */
export async function identify(imds: Imds, attempts: number, signal: AbortSignal): Promise<Identity> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await readIdentity(imds, signal);
    if (result.ok) return result.identity;
    if (attempt >= attempts || signal.aborted) {
      const { message } = result.failure;
      throw new CodedError(
        'no-identity',
        `the instance metadata service does not answer: ${message}; is this an EC2 instance, with IMDSv2 reachable ` +
          '(in a container: hop limit 2), or is AWS_EC2_METADATA_SERVICE_ENDPOINT set?',
      );
    }
    await new Promise<void>((resolve) => systemClock.after(1_000, resolve));
  }
}

/** Which facts of the instance a configuration depends on, those of its included files too. */
export function neededFacts(io: Io, source: ConfigText): ReadonlySet<string> {
  return neededVariables({ ...source, variables: { env: io.env } });
}

/** Whether the instance metadata has to say who this is: for routes, or since the configuration names a fact of it. */
export function needsIdentity(io: Io, source: ConfigText, { tableGroups }: AgentSpec): boolean {
  return tableGroups.length > 0 || neededFacts(io, source).size > 0;
}

/** The facts that `${…}` can stand for, tags included as far as they are needed. */
export async function instanceFacts(
  imds: Imds,
  identity: Identity,
  needed: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<InstanceFacts> {
  const tags: Record<string, string> = {};
  for (const name of needed) {
    if (!name.startsWith('tag:')) continue;
    const key = name.slice('tag:'.length);
    const result = await readTag(imds, key, signal);
    if (!result.ok) {
      throw new CodedError('no-identity', `the tag ${key} can't be read: ${result.failure.message}`);
    }
    if (result.value !== undefined) tags[key] = result.value;
  }
  const { instanceId, availabilityZone: az, region, vpcId, subnetId, localIpv4 } = identity;
  return { instanceId, az, region, vpcId, subnetId, localIpv4, tags };
}
