import { isIP } from 'node:net';
import type { AgentSpec } from '../agent/index.ts';
import { choosePingMethod, type PingMethod } from '../checks/index.ts';
import { systemClock } from '../lib/system-clock.ts';
import type { LogLine } from '../telemetry/index.ts';

const LEVELS = { 'ping-socket': 'info', 'raw-socket': 'info', program: 'warn', none: 'error' } as const;

/** How this process can ping, a line per address family that the checks may use; none without ping checks. */
export async function pingMethodLines(spec: AgentSpec): Promise<readonly LogLine[]> {
  const isUsed = [...spec.checks, ...spec.remoteChecks].some((check) => check.probe.type === 'ping');
  if (!isUsed) return [];
  const pings = spec.checks.filter((check) => check.probe.type === 'ping');
  const needsIpv6 = pings.some((check) => isIP(check.destination) !== 4);
  const methods = await choosePingMethod({ clock: systemClock });
  return [line('IPv4', methods.ipv4), ...(needsIpv6 ? [line('IPv6', methods.ipv6)] : [])];
}

function line(family: string, { method, why }: PingMethod): LogLine {
  const message =
    method === 'none' ? `no way to ping over ${family}: ${why}` : `${family} pings by ${method}: ${why}`;
  return { level: LEVELS[method], event: 'ping-method', message, facts: { family, method, why } };
}
