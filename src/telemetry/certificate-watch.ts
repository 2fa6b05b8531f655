import type { AgentEvent } from '../agent/index.ts';
import type { LogLine } from './log-line.ts';

/**
 * Says once when a certificate comes near its end, and once when it was renewed. A check that has not measured one yet
 * is taken as having a good one.
 */
export class CertificateWatch {
  /** Names of the checks whose certificate expires soon. */
  readonly #expiring = new Set<string>();

  /** The line that an event gives rise to; undefined for nearly all. */
  lineOf(event: AgentEvent): LogLine | undefined {
    if (event.type === 'probe') return this.#take(event);
    if (event.type === 'remote-check' && event.change === 'stopped') this.#expiring.delete(event.check);
    // Checks may have gone. What still expires is said again, which does no harm.
    if (event.type === 'reloaded') this.#expiring.clear();
    return undefined;
  }

  #take({ check, outcome }: Extract<AgentEvent, { readonly type: 'probe' }>): LogLine | undefined {
    const { measurement } = outcome;
    if (measurement?.kind !== 'tls_certificate') return undefined;
    const { isExpiringSoon, notAfterMs } = measurement;
    if (isExpiringSoon === this.#expiring.has(check)) return undefined;
    if (isExpiringSoon) this.#expiring.add(check);
    else this.#expiring.delete(check);
    const notAfter = dateOf(notAfterMs);
    const message = isExpiringSoon
      ? `check ${check}: the certificate expires on ${notAfter}: renew it`
      : `check ${check}: the certificate was renewed, and expires on ${notAfter}`;
    const level = isExpiringSoon ? 'warn' : 'info';
    return { level, event: 'certificate', message, facts: { check, notAfter } };
  }
}

/** A peer may name a time that no calendar has. */
function dateOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'an unknown day' : date.toISOString();
}
