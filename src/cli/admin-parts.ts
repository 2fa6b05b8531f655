import { readdirSync } from 'node:fs';
import { cpuUsage, memoryUsage } from 'node:process';
import { systemClock } from '../lib/system-clock.ts';
import { Metrics, type ProcessFacts } from '../telemetry/index.ts';
import type { Io } from './io.ts';
import { VERSION } from './version.ts';

// Loaded only where a configuration asks for the HTTP server: with it comes Node's own, which takes a while.
export { openAdmin } from '../admin/index.ts';

export function openMetrics(io: Io): Metrics {
  const startedAtSeconds = (systemClock.wallNow() - io.uptimeMs()) / 1_000;
  const readProcess = (): ProcessFacts => {
    const { user, system } = cpuUsage();
    const cpuSeconds = (user + system) / 1_000_000;
    return { cpuSeconds, residentBytes: residentBytes(), startedAtSeconds, openFiles: openFiles() };
  };
  return new Metrics({ version: VERSION, clock: systemClock, readProcess });
}

/** Both are read from /proc, which takes a descriptor: the metrics are wanted most when there is none left. */
function residentBytes(): number | undefined {
  try {
    return memoryUsage.rss();
  } catch {
    return undefined;
  }
}

function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
