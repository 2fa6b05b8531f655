import type { SandboxEvent } from '../sandbox/index.ts';

/** A line for people; undefined for what would only be noise: calls that read, and succeeded. */
export function sandboxEventText(event: SandboxEvent, isColored: boolean): string | undefined {
  const paint = (code: string, text: string): string =>
    isColored ? `\u001b[${code}m${text}\u001b[0m` : text;
  switch (event.kind) {
    case 'change': {
      const { entry } = event;
      const at = new Date(entry.wallMs).toISOString().slice(11, 23);
      const what = [entry.tableId, entry.destination, entry.instanceId].filter(Boolean).join(' ');
      const move = `${entry.from ?? 'none'} → ${entry.to ?? 'none'}`;
      const result = entry.result === 'ok' ? paint('32', 'ok') : paint('31', entry.result);
      return `${at} ${entry.action.padEnd(14)} ${what}  ${move}  by ${entry.accessKeyId}  ${result}`;
    }
    case 'call':
      if (event.answer === 'sent' && event.code === undefined) return undefined;
      return paint('33', `call ${event.action} by ${event.accessKeyId}: ${event.code ?? event.answer}`);
    case 'imds':
      return paint('36', `instance metadata of ${event.instanceId}: ${event.what}`);
    case 'faults':
      return paint('35', `faults: ${event.what}`);
  }
}
