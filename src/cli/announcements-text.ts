import type { AnnouncerSpec } from '../agent/index.ts';
import type { DecidedPrefix } from '../core/index.ts';

const SIGNS = { announce: '+', withdraw: '-', hold: ' ' } as const;
const COLORS = { announce: '32', withdraw: '31', hold: '90' } as const;

const UNKNOWN = 'What the peers have now is not known here: no session was opened.';

/** The prefixes as run would have them, a line each, for people. */
export function announcementsText(
  spec: AnnouncerSpec,
  decided: readonly DecidedPrefix[],
  isColored: boolean,
): string {
  const width = Math.max(...decided.map(({ prefix }) => prefix.length), 0);
  const lines = decided.map((each) => prefixLine(spec, each, { isColored, width }));
  const announced = decided.filter(({ isAnnounced }) => isAnnounced).length;
  const sum = `Announced: ${announced} of ${decided.length} prefixes. ${UNKNOWN}`;
  return `${['announcer', ...lines, '', sum].join('\n')}\n`;
}

/** The same for programs. */
export function announcementsJson(spec: AnnouncerSpec, decided: readonly DecidedPrefix[]): readonly object[] {
  return decided.map(({ prefix, verdict, reason, attributes = null }) => {
    return { prefix, verdict, reason, peers: peersFor(spec, prefix), attributes };
  });
}

function prefixLine(
  spec: AnnouncerSpec,
  { prefix, verdict, reason, isAnnounced }: DecidedPrefix,
  { isColored, width }: { readonly isColored: boolean; readonly width: number },
): string {
  const peers = isAnnounced ? ` to ${peersFor(spec, prefix).join(', ') || 'no peer'}` : '';
  const line = `  ${SIGNS[verdict]} ${verdict.padEnd(8)} ${prefix.padEnd(width)}${peers}  ${reason}`;
  return isColored ? `\u001b[${COLORS[verdict]}m${line}\u001b[0m` : line;
}

/** Names of the peers that are configured for the prefix's family. */
function peersFor({ backend }: AnnouncerSpec, prefix: string): readonly string[] {
  const family = prefix.includes(':') ? 'ipv6' : 'ipv4';
  return backend.speaker.peers.flatMap(({ name, families }) => (families.includes(family) ? [name] : []));
}
