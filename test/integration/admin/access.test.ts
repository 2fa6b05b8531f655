import { connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import type { AgentSnapshot } from '../../../src/agent/index.ts';
import { AdminAccess } from '../../../src/cli/admin-access.ts';
import type { Io } from '../../../src/cli/io.ts';
import { listen } from '../../support/listen.ts';

const SNAPSHOT: AgentSnapshot = {
  notReady: undefined,
  checks: [],
  health: [],
  groups: [],
  routes: [],
  drainSignals: [],
  announcer: undefined,
};

/** Requests that came with one read of the socket cost one look at the agent: the probes go on meanwhile. */
it('looks at the agent once for all who ask in the same turn, and again for who asks later', async () => {
  const taken = await listen(createServer());
  await taken.close();
  let looks = 0;
  const errors: unknown[] = [];
  const access = new AdminAccess({ uptimeMs: () => 1_000 } as Io, (error) => errors.push(error));
  const snapshot = () => {
    looks += 1;
    return SNAPSHOT;
  };
  access.attach({ snapshot, isAlive: () => true });
  await access.moveTo({ host: '127.0.0.1', port: taken.port });
  const ask = (count: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(taken.port, '127.0.0.1');
      let text = '';
      socket.on('error', reject).on('close', () => resolve(text));
      socket.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        if ((text.match(/^HTTP/gm) ?? []).length === count) socket.destroy();
      });
      const paths = Array.from({ length: count }, (_, index) => (index % 2 === 0 ? '/readyz' : '/metrics'));
      socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    });
  try {
    expect((await ask(10)).match(/^HTTP\/1\.1 200 OK/gm)).toHaveLength(10);
    expect(looks).toBe(1);
    await ask(2);
    expect(looks).toBe(2);
    expect(errors).toEqual([]);
  } finally {
    await access.close();
  }
});
