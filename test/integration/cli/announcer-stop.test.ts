import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRecordingPeer, type RecordingPeer } from '../../support/bgp/recording-peer.ts';
import { endAll, type RunningCli, startCli } from '../../support/cli.ts';

let folder: string;
let peer: RecordingPeer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-test-'));
  peer = await openRecordingPeer();
});

afterEach(async () => {
  await endAll();
  await peer.close();
  rmSync(folder, { recursive: true });
});

function configure(extra: object = {}): void {
  const peers = [
    {
      name: 'router',
      remote_address: peer.host,
      remote_port: peer.port,
      remote_asn: 65_000,
      next_hop: '192.0.2.9',
      next_hop_v6: '2001:db8::9',
    },
  ];
  const routes = [{ prefix: '10.0.0.128/32' }, { prefix: '2001:db8:1::53/128' }];
  const announcer = { router_id: '192.0.2.9', local_asn: 65_999, peers, routes, ...extra };
  writeFileSync(join(folder, 'vpcast.yaml'), JSON.stringify({ announcer }));
}

/** The agent, once the peer has both routes. */
async function startAnnouncing(): Promise<RunningCli> {
  const agent = startCli(['run', '--log-format', 'json'], {
    HOME: folder,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1',
    VPCAST_CONFIG: join(folder, 'vpcast.yaml'),
  });
  await soon(() => expect(peer.last()?.table.size).toBe(2));
  return agent;
}

function soon(assert: () => void): Promise<void> {
  return vi.waitFor(assert, { timeout: 15_000, interval: 5 });
}

function draining(): number {
  const updates = [...(peer.last()?.table.values() ?? [])];
  return updates.filter(({ pathAttributes }) => pathAttributes.some(({ type }) => type === 'communities'))
    .length;
}

describe('an agent that is stopped', () => {
  it('goes on with its drain when a reload is asked for meanwhile: nothing is opened any more', async () => {
    configure({ on_exit: 'drain', drain_time: '1s' });
    const agent = await startAnnouncing();
    agent.child.kill('SIGTERM');
    await soon(() => expect(draining()).toBe(2));
    configure({ on_exit: 'drain', drain_time: '1s', addresses: { interface: 'nosuch0' } });
    agent.child.kill('SIGHUP');
    const { code } = await agent.done;
    expect(code).toBe(0);
    expect(peer.connections).toHaveLength(1);
    expect(agent.events().filter(({ event }) => event === 'reloaded')).toEqual([]);
    const last = peer
      .last()
      ?.messages.slice(-3)
      .map(({ type }) => type);
    expect(last).toEqual(['update', 'update', 'notification']);
  });
});
