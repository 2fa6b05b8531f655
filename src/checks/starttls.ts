import { assertNever } from '../lib/assert-never.ts';
import { beginningOf } from './answer-search.ts';
import type { TlsCertificateSpec } from './spec.ts';
import { imapLine, POSTGRES_REQUEST, postgresByte, smtpLine } from './starttls-answers.ts';
import type { Verdict } from './verdict.ts';

export type StartTlsProtocol = NonNullable<TlsCertificateSpec['startTls']>;

/** What a plain-text answer is to; `over`: nothing more is waited for. */
export type StartTlsStage = 'greeting' | 'hello' | 'consent' | 'over';

/** The dialogue before TLS, as far as it has come. */
export interface StartTlsState {
  readonly protocol: StartTlsProtocol;
  readonly stage: StartTlsStage;
  /** How we name ourselves to an SMTP server: `[192.0.2.1]`. */
  readonly clientName: string;
  /** The beginning of a line whose end has not come. */
  readonly unread: Buffer;
  /** What the lines that were read amount to. */
  readonly readBytes: number;
  /** SMTP: the code of the lines of one answer that came so far, and whether STARTTLS was among them. */
  readonly code: string | undefined;
  readonly isOffered: boolean;
}

export type StartTlsOutput =
  | { readonly kind: 'send'; readonly bytes: Buffer }
  /** TLS begins with the next byte, in both directions. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly verdict: Verdict };

export interface StartTlsStep {
  readonly state: StartTlsState;
  readonly outputs: readonly StartTlsOutput[];
}

/** A line of an answer may be 512 bytes in SMTP (RFC 5321 §4.5.3.1.5); capabilities of IMAP may be longer. */
const MAX_LINE_BYTES = 4_096;
const MAX_BYTES = 32_768;
const LINE_FEED = 0x0a;

/** The beginning of the dialogue: SMTP (RFC 3207), IMAP (RFC 9051 §6.2.1) or PostgreSQL (SSLRequest). */
export function beginStartTls(protocol: StartTlsProtocol, clientName: string): StartTlsStep {
  const state = {
    protocol,
    clientName,
    unread: Buffer.alloc(0),
    readBytes: 0,
    code: undefined,
    isOffered: false,
  };
  if (protocol !== 'postgres') return { state: { ...state, stage: 'greeting' }, outputs: [] };
  return { state: { ...state, stage: 'consent' }, outputs: [{ kind: 'send', bytes: POSTGRES_REQUEST }] };
}

/**
 * Takes the next bytes of the server, however they are cut. Nothing may follow the consent in plain text: what does was
 * put there by somebody in between (as in CVE-2021-23222), or by a server that would misread us.
 */
export function stepStartTls(state: StartTlsState, received: Buffer): StartTlsStep {
  if (state.stage === 'over' || received.length === 0) return { state, outputs: [] };
  const outputs: StartTlsOutput[] = [];
  let now: StartTlsState = { ...state, unread: Buffer.alloc(0) };
  let rest = state.unread.length === 0 ? received : Buffer.concat([state.unread, received]);
  while (now.stage !== 'over') {
    const size = now.protocol === 'postgres' ? 1 : rest.indexOf(LINE_FEED) + 1;
    if (size > MAX_LINE_BYTES || (size === 0 && rest.length > MAX_LINE_BYTES)) {
      return fail(now, outputs, `a line of more than ${MAX_LINE_BYTES} bytes`);
    }
    if (size === 0 || rest.length === 0) break;
    const readBytes = now.readBytes + size;
    if (readBytes > MAX_BYTES) return fail(now, outputs, `more than ${MAX_BYTES} bytes before TLS`);
    const answer = answerTo(now, rest.subarray(0, size));
    rest = rest.subarray(size);
    now = { ...now, ...answer.change, readBytes };
    if (answer.output?.kind === 'ready' && rest.length > 0) {
      const detail = `${rest.length} bytes in plain text after the consent to TLS: ${beginningOf(rest)}`;
      return fail(now, outputs, detail);
    }
    if (answer.output !== undefined) outputs.push(answer.output);
  }
  // A copy: what was received may be a slice of a large buffer.
  return { state: { ...now, unread: Buffer.from(rest) }, outputs };
}

/** What an answer brings about. */
export interface Answer {
  readonly change: Partial<Pick<StartTlsState, 'stage' | 'code' | 'isOffered'>>;
  readonly output?: StartTlsOutput;
}

function answerTo(state: StartTlsState, bytes: Buffer): Answer {
  const line = bytes.toString('latin1').replace(/\r?\n$/, '');
  switch (state.protocol) {
    case 'smtp':
      return smtpLine(state, line);
    case 'imap':
      return imapLine(state, line);
    case 'postgres':
      return postgresByte(bytes);
    default:
      return assertNever(state.protocol);
  }
}

function fail(state: StartTlsState, before: readonly StartTlsOutput[], detail: string): StartTlsStep {
  const verdict: Verdict = { reason: 'protocol-error', detail };
  return {
    state: { ...state, stage: 'over', unread: Buffer.alloc(0) },
    outputs: [...before, { kind: 'failed', verdict }],
  };
}
