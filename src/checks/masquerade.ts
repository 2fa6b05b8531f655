import type { Clock } from '../lib/clock.ts';
import { runCommand } from '../lib/run-command.ts';
import type { IpFamily } from '../lib/sockaddr.ts';
import { commandTrouble, lastLineOf } from './command-trouble.ts';
import { isMasqueradedByIptables, masqueradedByNft } from './masquerade-rules.ts';
import type { Verdict } from './verdict.ts';

export interface MasqueradeSearchLimits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A program that lists rules. Which of them sees a rule depends on which one made it. */
interface Lister {
  readonly argv: readonly [string, ...string[]];
  /** What it can tell of. */
  readonly families: readonly IpFamily[];
  /** undefined: its output can't be read. */
  readonly read: (output: string) => ReadonlySet<IpFamily> | undefined;
}

/** Far more than a machine with rules made by people has. */
const STDOUT_BYTES = 4 * 1_048_576;

/**
 * Without the content of sets, which may be huge. The whole of `iptables-save`, since asking the legacy one for a single
 * table would have the kernel make it.
 */
const LISTERS: readonly Lister[] = [
  {
    argv: ['nft', '--json', '--terse', 'list', 'ruleset'],
    families: ['ipv4', 'ipv6'],
    read: masqueradedByNft,
  },
  saver('iptables-save', 'ipv4'),
  saver('ip6tables-save', 'ipv6'),
  saver('iptables-legacy-save', 'ipv4'),
  saver('ip6tables-legacy-save', 'ipv6'),
];

/** Looks for masquerade rules. What found some the last time is asked first, and mostly alone. */
export class MasqueradeSearch {
  readonly #run: typeof runCommand;
  #proven: ReadonlySet<Lister> = new Set();

  constructor(run: typeof runCommand = runCommand) {
    this.#run = run;
  }

  /** Passes where every family has a rule. Other failures than `masquerade-missing` say that nobody could tell. */
  async search(families: readonly IpFamily[], limits: MasqueradeSearchLimits): Promise<Verdict> {
    const missing = new Set(families);
    const proven = new Set<Lister>();
    const troubles: { readonly lister: Lister; readonly verdict: Verdict }[] = [];
    for (const lister of [...this.#proven, ...LISTERS.filter((each) => !this.#proven.has(each))]) {
      if (!lister.families.some((family) => missing.has(family))) continue;
      const found = await this.#ask(lister, limits);
      if ('reason' in found) troubles.push({ lister, verdict: found });
      else {
        if ([...found].some((family) => missing.has(family))) proven.add(lister);
        for (const family of found) missing.delete(family);
      }
    }
    this.#proven = proven;
    const [family] = missing;
    return family === undefined ? { reason: 'passed' } : verdictOn(family, troubles);
  }

  async #ask(lister: Lister, limits: MasqueradeSearchLimits): Promise<ReadonlySet<IpFamily> | Verdict> {
    const { argv, read } = lister;
    const [program] = argv;
    const result = await this.#run({ argv, ...limits, stdoutBytes: STDOUT_BYTES });
    const trouble = commandTrouble(program, result);
    if (trouble !== undefined) return trouble;
    if (result.status === 'exited' && result.code !== 0) {
      const isDenied = /not permitted|permission denied|must be root/i.test(result.output);
      const detail = `${program} exited with ${result.code}: ${lastLineOf(result.output)}`;
      return { reason: isDenied ? 'not-permitted' : 'exit-status', detail };
    }
    if (result.stdout === undefined) {
      return { reason: 'too-large', detail: `${program} lists more than ${STDOUT_BYTES} bytes` };
    }
    const found = read(result.stdout);
    return found ?? { reason: 'protocol-error', detail: `what ${program} prints can't be read` };
  }
}

/** Rules may be where a program was not allowed to look; where one is not installed, nobody made rules with it. */
function verdictOn(
  family: IpFamily,
  troubles: readonly { readonly lister: Lister; readonly verdict: Verdict }[],
): Verdict {
  const own = troubles.filter(({ lister }) => lister.families.includes(family));
  const asked = LISTERS.filter((lister) => lister.families.includes(family));
  // Who was not even run may be the one that would have told of a rule: nobody's health is judged by that.
  const unasked = own.find(({ verdict }) => verdict.reason === 'internal-error');
  if (unasked !== undefined) return unasked.verdict;
  const isToldBySome = own.length < asked.length;
  if (isToldBySome) {
    const detail = `no masquerade or SNAT rule for ${nameOf(family)} in nftables or iptables`;
    return { reason: 'masquerade-missing', detail };
  }
  const worst = own.find(({ verdict }) => verdict.reason !== 'spawn-failed') ?? own[0];
  if (worst?.verdict.reason !== 'spawn-failed') {
    return worst?.verdict ?? { reason: 'internal-error', detail: 'no program was asked' };
  }
  return { reason: 'spawn-failed', detail: 'neither nft nor iptables-save can be run here' };
}

function saver(program: string, family: IpFamily): Lister {
  const read = (output: string): ReadonlySet<IpFamily> =>
    new Set(isMasqueradedByIptables(output) ? [family] : []);
  return { argv: [program], families: [family], read };
}

function nameOf(family: IpFamily): string {
  return family === 'ipv4' ? 'IPv4' : 'IPv6';
}
