import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../src/telemetry/metric-table.ts';
import { firstColumn, read, section } from '../../support/documents.ts';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** The rows of the table of metrics. */
function documented(): readonly Row[] {
  const table = section(read('docs/operations.md'), 'Metrics');
  return [...table.matchAll(/^\| `([a-z_]+)` \| (\w+) \|(.*?)\| (.*) \|$/gm)].map(
    ([, name = '', type = '', labels = '', help = '']) => {
      return { name, type, labels: [...labels.matchAll(/`(\w+)`/g)].map((found) => found[1] ?? ''), help };
    },
  );
}

const inCode: readonly Row[] = Object.entries(METRICS).map(([name, { type, labels, help }]) => {
  return { name, type, labels, help };
});

/** Every name in code that looks like a metric's, alerts included. */
function metricsNamedIn(text: string): readonly string[] {
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map((found) => found[1] ?? '');
  const names = spans.flatMap((code) => [...code.matchAll(/\b(?:vpcast|process)_[a-z_]+\b/g)]);
  return [...new Set(names.map((found) => found[0]))];
}

/** What runityru/anycastd exposes: the names of its source. */
const ANYCASTD = [
  'up',
  'service_up',
  'check_duration_seconds',
  'certificate_expires_in_seconds',
  ...['max_rtt_seconds', 'min_rtt_seconds', 'avg_rtt_seconds', 'std_dev_rtt_seconds'].map(
    (name) => `check_${name}`,
  ),
  'check_loss_percent',
  ...['sent', 'received', 'received_duplicates'].map((name) => `check_packets_${name}_total`),
  'check_last_ntp_offset_ms',
  'check_last_ntp_rtt_ms',
  'check_ntp_packets_sent_total',
  'gobgp_peer_count',
  ...['admin_state', 'session_state', 'out_queue_count', 'flops_count', 'send_community_flag'].map(
    (name) => `gobgp_peer_${name}`,
  ),
  ...['remove_private_flag', 'password_set_flag', 'type'].map((name) => `gobgp_peer_${name}`),
  ...['received', 'sent'].flatMap((direction) =>
    [
      'total',
      'notification',
      'update',
      'open',
      'keepalive',
      'refresh',
      'withdraw_update',
      'withdraw_prefix',
    ].map((kind) => `gobgp_${direction}_messages_${kind}`),
  ),
].map((name) => `anycastd_${name}`);

describe('the documents and the metrics', () => {
  it('have the same table: name, type, labels and meaning, in the same order', () => {
    expect(documented()).toEqual(inCode);
  });

  it('name no metric that does not exist', () => {
    const known = new Set(Object.keys(METRICS));
    for (const document of ['docs/operations.md', 'docs/migrating.md', 'docs/configuration.md']) {
      const named = metricsNamedIn(read(document)).filter((name) => !known.has(name));
      expect([document, named]).toEqual([document, []]);
    }
  });

  it('have a counterpart, or a word on it, for every metric of runityru/anycastd', () => {
    const table = section(read('docs/migrating.md'), 'Metrics of runityru/anycastd');
    const told = [...firstColumn(table)].filter((name) => name.startsWith('anycastd_'));
    expect(told).toEqual([...ANYCASTD].sort());
    const without = [...table.matchAll(/^\| `(\w+)` \| none yet \|/gm)].map((found) => found[1] ?? '');
    expect(without.filter((name) => !name.startsWith('anycastd_gobgp_'))).toEqual([]);
  });
});
