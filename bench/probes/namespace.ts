import { isPossible, runScript, unshareCommand } from '../../test/support/network-namespace.ts';
import { DROPPED_ADDRESS } from './kind.ts';

/**
 * In a namespace of our own the kernel gives ping sockets to everyone, whatever the host says, and where nftables is
 * there, something for checks of NAT and of connection tracking to find, and an address that nothing comes back from.
 */
const SETUP = `
ip link set lo up
echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range
echo 1 > /proc/sys/net/ipv4/ip_forward || true
nft 'add table ip bench; add chain ip bench post { type nat hook postrouting priority 100; };
  add rule ip bench post oifname "none" masquerade; add chain ip bench in { type filter hook input priority 0; };
  add rule ip bench in ip daddr ${DROPPED_ADDRESS} drop' || true`;
const TIMEOUT_MS = 900_000;

/**
 * Runs a script of a bench in a network namespace of its own, or without one where none may be made; gives its JSON.
 * Rejects where it fails, or takes longer than `timeoutMs`.
 */
export async function runMeter<Answer>(
  script: string,
  argument: unknown,
  timeoutMs = TIMEOUT_MS,
): Promise<Answer> {
  const unshare = unshareCommand();
  const isUsable = unshare !== undefined && isPossible(unshare, SETUP);
  const where = { unshare: isUsable ? unshare : undefined, setup: SETUP };
  return JSON.parse(await runScript({ ...where, script, argument, timeoutMs })) as Answer;
}
