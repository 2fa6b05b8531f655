import { readFileSync } from 'node:fs';

/** Segments that the kernel has dropped for their TCP-MD5 signature, on this host (or in this network namespace). */
export interface Md5Counters {
  /** None, from an address that we have a key for. */
  readonly notFound: number;
  /** One, from an address that we have no key for. */
  readonly unexpected: number;
  /** A wrong one. */
  readonly failure: number;
}

const NETSTAT = '/proc/net/netstat';
const GROUP = 'TcpExt:';

/** Undefined: they can't be read. `readText` throws where it can't. */
export function readMd5Counters(
  readText: () => string = () => readFileSync(NETSTAT, 'latin1'),
): Md5Counters | undefined {
  try {
    return md5CountersOf(readText());
  } catch {
    return undefined;
  }
}

/** What has happened between two readings, as a sentence for the operator of a peer that does not answer. */
export function explainMd5(
  before: Md5Counters | undefined,
  after: Md5Counters | undefined,
  hasPassword: boolean,
): string | undefined {
  const grown = (key: keyof Md5Counters): number =>
    (after?.[key] ?? 0) - (before?.[key] ?? after?.[key] ?? 0);
  if (hasPassword) {
    if (grown('failure') > 0) return `${segments(grown('failure'))} with another password's MD5 signature`;
    if (grown('notFound') > 0) {
      return `${segments(grown('notFound'))} without an MD5 signature: the peer has no password for us, or nothing listens there`;
    }
    // Linux does not even reset what is signed with a key that nobody has.
    return 'no answer comes where the passwords differ, and none where nothing listens';
  }
  if (grown('unexpected') > 0)
    return `${segments(grown('unexpected'))} with an MD5 signature: the peer has a password`;
  return undefined;
}

function segments(count: number): string {
  return count === 1 ? 'meanwhile a segment came' : `meanwhile ${count} segments came`;
}

/** The file has two lines for each group: names, and numbers in the same order (proc_net_netstat in the kernel's source). */
function md5CountersOf(text: string): Md5Counters | undefined {
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith(GROUP))
    .map((line) => line.trim().split(/\s+/));
  const counterOf = (name: string): number => Number(values?.[names?.indexOf(name) ?? -1]);
  const counters = {
    notFound: counterOf('TCPMD5NotFound'),
    unexpected: counterOf('TCPMD5Unexpected'),
    failure: counterOf('TCPMD5Failure'),
  };
  return Object.values(counters).every(Number.isSafeInteger) ? counters : undefined;
}
