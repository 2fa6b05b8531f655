/** Asks one address by each of some interfaces and prints which checks passed: the part of the test that runs in a namespace. */
import { createServer } from 'node:net';
import { pingProbe } from '../../../src/checks/ping.ts';
import { tcpProbe } from '../../../src/checks/tcp.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';
import { listen } from '../../support/listen.ts';

interface Task {
  readonly address: string;
  readonly interfaces: readonly string[];
}

const TIMEOUT_MS = 500;
const { address: destination, interfaces }: Task = JSON.parse(process.argv[2] ?? '{}');
const server = await listen(createServer(), { host: destination });
const plain = { type: 'tcp', port: server.port, send: undefined, expect: undefined, tls: undefined } as const;
const found: Record<string, object> = {};
for (const sourceInterface of interfaces) {
  const source = { sourceAddress: undefined, sourceInterface };
  const { signal } = new AbortController();
  const tcp = tcpProbe({ spec: { ...plain, ...source }, destination, clock });
  const ping = pingProbe({ spec: { type: 'ping', payloadBytes: 16, ...source }, destination, clock });
  const outcomes = await Promise.all([tcp.attempt(TIMEOUT_MS, signal), ping.attempt(TIMEOUT_MS, signal)]);
  await Promise.all([tcp.close(), ping.close()]);
  found[sourceInterface] = { tcp: outcomes[0].ok, ping: outcomes[1].ok };
}
await server.close();
process.stdout.write(JSON.stringify(found));
