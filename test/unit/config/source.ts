import { expect } from 'vitest';
import {
  type Found,
  formatProblem,
  type InstanceFacts,
  type LoadedConfig,
  loadConfig,
} from '../../../src/config/index.ts';

export const FIXTURES = new URL('../../fixtures/config/', import.meta.url);

export const INSTANCE: InstanceFacts = {
  instanceId: 'i-0a1b2c3d4e5f60718',
  az: 'eu-west-1a',
  region: 'eu-west-1',
  vpcId: 'vpc-0a',
  subnetId: 'subnet-0a',
  localIpv4: '10.0.0.10',
  tags: { role: 'nat' },
};

export const ENV = { SECRET: 'hunter2', EVIL: 'true, type: main' };

export const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
export const PRIVATE_KEY = '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n';

const FILES = new Map([
  ['/certs/ca.pem', CERTIFICATE],
  ['/certs/client.pem', CERTIFICATE],
  ['/certs/key.pem', PRIVATE_KEY],
  ['/certs/text.pem', 'no certificate\n'],
  ['/certs/locked.pem', PRIVATE_KEY.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE')],
  ['/secrets/bgp', 's3cret\n'],
  ['/secrets/lines', 's3cret\ns3cret\n'],
  ['/secrets/empty', '\r\n'],
]);

/** The files that fixtures name. */
export function readFile(path: string): string {
  const text = FILES.get(path);
  if (text === undefined) throw new Error('ENOENT: no such file');
  return text;
}

/** Texts of files that may be included, by their paths. */
export type Includable = Readonly<Record<string, string>>;

/** Finds files as the command line does, as far as tests need it: one path, or all below `folder/*`. */
export function finder(files: Includable): (pattern: string) => readonly Found[] {
  return (pattern) => {
    const isPattern = pattern.endsWith('*');
    const fits = (file: string) => file.startsWith(pattern.slice(0, isPattern ? -1 : undefined));
    const found = Object.entries(files).filter(([file]) => (isPattern ? fits(file) : file === pattern));
    if (found.length === 0 && !isPattern) {
      return [{ kind: 'fault', message: `${pattern} can't be read: ENOENT; mend or remove it` }];
    }
    return found.map(([file, text]) => ({ kind: 'file', file, text }));
  };
}

/** Loads a text on the test's instance. */
export function load(text: string, file = 'config.yaml', files: Includable = {}): LoadedConfig {
  const variables = { instance: INSTANCE, env: ENV };
  return loadConfig({ text, file, variables, readFile, readFiles: finder(files) });
}

/** The spec of a text that has to load, and its warnings as a person sees them. */
export function loaded(text: string) {
  const result = load(text);
  expect(result.ok ? [] : result.problems.map(formatProblem)).toEqual([]);
  if (!result.ok) throw new Error('not loaded');
  return { spec: result.spec, warnings: result.warnings.map(formatProblem) };
}

/** The problems of a text, as a person sees them. */
export function problems(text: string): readonly string[] {
  const result = load(text);
  return result.ok ? [] : result.problems.map(formatProblem);
}
