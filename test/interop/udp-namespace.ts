import { join } from 'node:path';
import type { ProbeOutcome } from '../../src/checks/index.ts';
import { runScript, unshareCommand } from '../support/network-namespace.ts';
import type { UdpTask } from './udp-child.ts';

/**
 * Addresses of this host in the namespace: 127.0.0.2 and fd00:99::2 lose all that comes in, 127.0.0.3 all but what goes to
 * the ports of servers, 127.0.0.4 and fd00:99::4 say that nobody is there, and to 127.0.0.5 nothing may be sent. To
 * 192.0.2.1 and 2001:db8::1 there is no route.
 */
const SETUP = `
  ip link set lo up
  for address in fd00:99::1 fd00:99::2 fd00:99::4; do ip address add $address/128 dev lo nodad; done
  nft -f - <<END
    table inet filter {
      chain input {
        type filter hook input priority 0
        ip daddr 127.0.0.2 drop
        ip6 daddr fd00:99::2 drop
        ip daddr 127.0.0.3 udp dport > 2000 ip saddr != 127.0.0.3 drop
        ip daddr 127.0.0.4 meta l4proto udp reject
        ip6 daddr fd00:99::4 meta l4proto udp reject
      }
      chain output {
        type filter hook output priority 0
        ip daddr 127.0.0.5 drop
      }
    }
END
`;

/** Runs the servers and cases of a task in a namespace of its own. */
export async function inNamespace(task: UdpTask): Promise<ReadonlyMap<string, ProbeOutcome>> {
  const printed = await runScript({
    unshare: unshareCommand(),
    setup: SETUP,
    script: join(import.meta.dirname, 'udp-child.ts'),
    argument: task,
    timeoutMs: 40_000,
  });
  return new Map(Object.entries(JSON.parse(printed)));
}
