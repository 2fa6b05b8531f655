import { isIP } from 'node:net';
import type { AgentSpec } from '../agent/index.ts';
import { choosePingMethod } from '../checks/index.ts';
import type { LogLine } from '../telemetry/index.ts';

/** How this process can ping, a line per address family that the checks may use; none without ping checks. */
export async function pingMethodLines(spec: AgentSpec): Promise<readonly LogLine[]> {
  const pings = [...spec.checks, ...spec.remoteChecks].filter((check) => check.probe.type === 'ping');
  if (pings.length === 0) return [];
  const destinations = spec.checks
    .filter((check) => check.probe.type === 'ping')
    .map((check) => check.destination);
  const families = destinations.some((address) => isIP(address) !== 4) ? ([4, 6] as const) : ([4] as const);
  const lines = families.map(async (family): Promise<LogLine> => {
    const { method, why } = await choosePingMethod(family);
    const level = method === 'none' ? 'error' : method === 'program' ? 'warn' : 'info';
    return {
      level,
      event: 'ping-method',
      message: `IPv${family} ping by ${method}: ${why}`,
      facts: { family, method, why },
    };
  });
  return Promise.all(lines);
}
