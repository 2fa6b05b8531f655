import { beginningOf } from './answer-search.ts';
import type { ProbeReason } from './probe.ts';
import type { Answer, StartTlsState } from './starttls.ts';

/** SSLRequest: its length, 8, and the code 80877103 (PostgreSQL's documentation, "Message Formats"). */
export const POSTGRES_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

const IMAP_TAG = 'a1';

/** One line of an SMTP server, without its end; all lines of an answer but the last have a hyphen after the code (RFC 5321 §4.2.1). */
export function smtpLine(state: StartTlsState, line: string): Answer {
  const [, code, mark = ' ', text = ''] = /^([2-5]\d\d)(?:([ -])(.*))?$/s.exec(line) ?? [];
  if (code === undefined || (state.code !== undefined && state.code !== code)) {
    return failed('protocol-error', 'no answer of SMTP', line);
  }
  const isOffered = state.isOffered || (state.stage === 'hello' && /^STARTTLS\s*$/i.test(text));
  if (mark === '-') return { change: { code, isOffered } };
  const change = { code: undefined, isOffered };
  switch (state.stage) {
    case 'greeting':
      if (code !== '220') return failed('unexpected-answer', 'no greeting', line);
      return { change: { ...change, stage: 'hello' }, output: send(`EHLO ${state.clientName}\r\n`) };
    case 'hello':
      if (code !== '250') return failed('unexpected-answer', 'no answer to EHLO', line);
      if (!isOffered) return failed('tls-failed', 'the server does not offer STARTTLS; it ended with', line);
      return { change: { ...change, stage: 'consent' }, output: send('STARTTLS\r\n') };
    default:
      return code === '220' ? READY : failed('tls-failed', 'STARTTLS refused', line);
  }
}

/** One line of an IMAP server, without its end. */
export function imapLine({ stage }: StartTlsState, line: string): Answer {
  if (/^\* BYE\b/i.test(line)) return failed('unexpected-answer', 'the server says goodbye', line);
  if (stage === 'greeting') {
    if (/^\* OK\b/i.test(line))
      return { change: { stage: 'consent' }, output: send(`${IMAP_TAG} STARTTLS\r\n`) };
    // STARTTLS is possible only before authentication (RFC 9051 §7.1.4).
    if (/^\* PREAUTH\b/i.test(line))
      return failed('tls-failed', 'no STARTTLS on a connection like this', line);
    return failed('protocol-error', 'no greeting of IMAP', line);
  }
  if (line.startsWith('* ')) return { change: {} };
  const [, word = ''] = /^a1 (OK|NO|BAD)\b/i.exec(line) ?? [];
  if (word === '') return failed('protocol-error', 'no answer of IMAP', line);
  return word.toUpperCase() === 'OK' ? READY : failed('tls-failed', 'STARTTLS refused', line);
}

/** The one byte of a PostgreSQL server. The text of an error at this point may be anybody's: it is not shown. */
export function postgresByte(byte: Buffer): Answer {
  switch (byte.toString('latin1')) {
    case 'S':
      return READY;
    case 'N':
      return fail('tls-failed', 'the server has TLS switched off');
    case 'E':
      return fail('unexpected-answer', 'the server answered with an error');
    default:
      return fail('protocol-error', `no answer of PostgreSQL: ${beginningOf(byte)}`);
  }
}

const READY: Answer = { change: { stage: 'over' }, output: { kind: 'ready' } };

function send(text: string) {
  return { kind: 'send', bytes: Buffer.from(text, 'latin1') } as const;
}

function failed(reason: ProbeReason, what: string, line: string): Answer {
  return fail(reason, `${what}: ${beginningOf(Buffer.from(line, 'latin1'))}`);
}

function fail(reason: ProbeReason, detail: string): Answer {
  return { change: { stage: 'over' }, output: { kind: 'failed', verdict: { reason, detail } } };
}
