import { isPossible, runScript, unshareCommand } from '../../test/support/network-namespace.ts';

/** In a namespace of our own the kernel gives ping sockets to everyone, whatever the host says. */
const SETUP = 'ip link set lo up; echo "0 2147483647" > /proc/sys/net/ipv4/ping_group_range';
const TIMEOUT_MS = 900_000;

/** Runs a script of a bench in a network namespace of its own, or without one where none may be made; gives its JSON. */
export async function runMeter<Answer>(script: string, argument: unknown): Promise<Answer> {
  const unshare = unshareCommand();
  const isUsable = unshare !== undefined && isPossible(unshare, SETUP);
  const where = { unshare: isUsable ? unshare : undefined, setup: SETUP };
  return JSON.parse(await runScript({ ...where, script, argument, timeoutMs: TIMEOUT_MS })) as Answer;
}
