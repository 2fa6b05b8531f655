import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';

/** What figures depend on. Nothing that names the machine or its owner. */
export interface MachineFacts {
  readonly processor: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly architecture: string;
  readonly node: string;
}

export function machineFacts(): MachineFacts {
  return {
    processor: (cpus()[0]?.model ?? 'unknown processor').replaceAll(/\s+/g, ' ').trim(),
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: `${platform()} ${release().split(/[-+]/)[0] ?? ''}`,
    architecture: arch(),
    node: process.versions.node,
  };
}
