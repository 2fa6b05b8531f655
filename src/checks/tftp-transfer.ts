import { assertNever } from '../lib/assert-never.ts';
import { beginningOf } from './answer-search.ts';
import type { ProbeReason } from './probe.ts';
import type { TftpSpec } from './spec.ts';
import {
  BLOCK_NUMBERS,
  decodeTftp,
  encodeAck,
  encodeError,
  encodeReadRequest,
  PLAIN_BLOCK_BYTES,
  TFTP_ERROR,
  type TftpOption,
  type TftpPacket,
} from './tftp-packet.ts';
import type { Verdict } from './verdict.ts';

/** A read transfer, from the client's side. It goes in lock-step: each packet of ours answers one of the server's. */
export interface Transfer {
  readonly asked: readonly TftpOption[];
  readonly maxBytes: number;
  /** Whether the server has answered at all. */
  readonly isAnswered: boolean;
  /** As agreed; a shorter block is the last. */
  readonly blockBytes: number;
  /** Received so far. */
  readonly blocks: number;
  readonly bytes: number;
  /** Size of the file as the server announced it (`tsize`). */
  readonly announcedBytes: number | undefined;
  /** What we sent last: sent again where the server is silent. */
  readonly last: Buffer;
  /** Whether `last` was sent again for a duplicate. */
  readonly isRepeated: boolean;
}

/** What a packet means. `send`: `transfer.last` is to be sent. */
export type TransferStep =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'send'; readonly transfer: Transfer; readonly content?: Buffer }
  /** The same, and all has come. */
  | { readonly kind: 'done'; readonly transfer: Transfer; readonly content: Buffer }
  /** `error` is to be sent to the server; undefined: the server has ended the transfer itself. */
  | { readonly kind: 'fail'; readonly verdict: Verdict; readonly error: Buffer | undefined };

/** Seconds after which the server is asked to repeat itself: the least that there is (RFC 2349). */
const SERVER_PATIENCE_SEC = 1;
const MIN_BLOCK_BYTES = 8;

/** The transfer before its first packet. With blocks of 512 bytes no option is asked for: a request as of RFC 1350. */
export function beginTransfer({
  path,
  blockBytes,
  maxBytes,
}: Pick<TftpSpec, 'path' | 'blockBytes' | 'maxBytes'>): Transfer {
  const all: readonly TftpOption[] = [
    ['blksize', String(blockBytes)],
    ['tsize', '0'],
    ['timeout', String(SERVER_PATIENCE_SEC)],
  ];
  const asked = blockBytes === PLAIN_BLOCK_BYTES ? [] : all;
  return {
    asked,
    maxBytes,
    isAnswered: false,
    blockBytes: PLAIN_BLOCK_BYTES,
    blocks: 0,
    bytes: 0,
    announcedBytes: undefined,
    last: encodeReadRequest(path, asked),
    isRepeated: false,
  };
}

/** Takes a packet from the server; before the first answer, from any port of it. Never throws. */
export function stepTransfer(transfer: Transfer, datagram: Buffer): TransferStep {
  const packet = decodeTftp(datagram);
  switch (packet.kind) {
    case 'data':
      return takeData(transfer, packet);
    case 'options':
      return takeOptions(transfer, packet.options);
    case 'error':
      return { kind: 'fail', verdict: verdictOfServer(packet), error: undefined };
    case 'wrong':
      return violation(`got ${packet.what}`, TFTP_ERROR.illegalOperation);
    default:
      return assertNever(packet);
  }
}

/** The transfer after `last` was sent again because nothing came. */
export function afterSilence(transfer: Transfer): Transfer {
  return { ...transfer, isRepeated: false };
}

function takeData(
  transfer: Transfer,
  { block, content }: Extract<TftpPacket, { kind: 'data' }>,
): TransferStep {
  const { blocks, blockBytes, maxBytes } = transfer;
  if (block !== (blocks + 1) % BLOCK_NUMBERS) {
    return transfer.isAnswered && blocks > 0 && block === blocks % BLOCK_NUMBERS
      ? repeat(transfer)
      : { kind: 'ignore' };
  }
  if (content.length > blockBytes) {
    const what = `got a block of ${content.length} bytes, where ${blockBytes} are agreed`;
    return violation(what, TFTP_ERROR.illegalOperation);
  }
  const bytes = transfer.bytes + content.length;
  if (bytes > maxBytes) return tooLarge(`more than ${maxBytes} bytes came`);
  const last = encodeAck(blocks + 1);
  const next = { ...transfer, isAnswered: true, blocks: blocks + 1, bytes, last, isRepeated: false };
  return { kind: content.length < blockBytes ? 'done' : 'send', transfer: next, content };
}

/**
 * A duplicate says that our answer was lost; it is given once more, and not for each further one: a server that also
 * answers duplicates would double every packet from there on (RFC 1123 §4.2.3.1, "Sorcerer's Apprentice").
 */
function repeat(transfer: Transfer): TransferStep {
  return transfer.isRepeated
    ? { kind: 'ignore' }
    : { kind: 'send', transfer: { ...transfer, isRepeated: true } };
}

function takeOptions(transfer: Transfer, options: readonly TftpOption[]): TransferStep {
  // Block 0 stands for the options; they can't be agreed again once data flow.
  if (transfer.isAnswered) return transfer.blocks === 0 ? repeat(transfer) : { kind: 'ignore' };
  const agreed = agree(transfer.asked, options);
  if (typeof agreed === 'string') return violation(agreed, TFTP_ERROR.optionsRefused);
  if ((agreed.announcedBytes ?? 0) > transfer.maxBytes) {
    return tooLarge(`the server announces ${agreed.announcedBytes} bytes, above ${transfer.maxBytes}`);
  }
  return { kind: 'send', transfer: { ...transfer, ...agreed, isAnswered: true, last: encodeAck(0) } };
}

/** What the server's options come to, or what is wrong with them (RFC 2347, 2348, 2349). */
function agree(
  asked: readonly TftpOption[],
  options: readonly TftpOption[],
): Pick<Transfer, 'blockBytes' | 'announcedBytes'> | string {
  const wanted = new Map(asked);
  const found = new Map<string, number>();
  for (const [name, text] of options) {
    const told = beginningOf(Buffer.from(`${name}=${text}`));
    const most = wanted.get(name);
    if (most === undefined) return `the server sets an option that was not asked for, ${told}`;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
    if (value === undefined || found.has(name) || !isFit(name, value, Number(most))) {
      return `the server sets an option wrongly, ${told}`;
    }
    found.set(name, value);
  }
  return { blockBytes: found.get('blksize') ?? PLAIN_BLOCK_BYTES, announcedBytes: found.get('tsize') };
}

function isFit(name: string, value: number, asked: number): boolean {
  if (name === 'blksize') return value >= MIN_BLOCK_BYTES && value <= asked;
  return name === 'timeout' ? value === asked : true;
}

function violation(detail: string, code: number): TransferStep {
  return {
    kind: 'fail',
    verdict: { reason: 'protocol-error', detail },
    error: encodeError(code, 'protocol error'),
  };
}

function tooLarge(detail: string): TransferStep {
  return {
    kind: 'fail',
    verdict: { reason: 'too-large', detail },
    error: encodeError(TFTP_ERROR.allocationExceeded, 'file too large'),
  };
}

const SERVER_REASONS: Readonly<Record<number, ProbeReason>> = {
  [TFTP_ERROR.notFound]: 'not-found',
  [TFTP_ERROR.accessViolation]: 'not-permitted',
  [TFTP_ERROR.illegalOperation]: 'protocol-error',
  [TFTP_ERROR.unknownTransfer]: 'protocol-error',
  [TFTP_ERROR.optionsRefused]: 'protocol-error',
};

function verdictOfServer({ code, message }: Extract<TftpPacket, { kind: 'error' }>): Verdict {
  const said = message.length === 0 ? '' : `, ${beginningOf(message)}`;
  const advice = code === TFTP_ERROR.optionsRefused ? '; block_bytes: 512 asks without options' : '';
  return {
    reason: SERVER_REASONS[code] ?? 'unexpected-answer',
    detail: `the server sends error ${code}${said}${advice}`,
  };
}
