import { createHash, type Hash } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import { assertNever } from '../lib/assert-never.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { isSameAddress } from '../lib/sockaddr.ts';
import type { Finish } from './attempt.ts';
import type { Probe } from './probe.ts';
import { Resolver } from './resolver.ts';
import type { TftpSpec } from './spec.ts';
import { judgeContent } from './tftp-content.ts';
import { decodeTftp, encodeError, TFTP_ERROR } from './tftp-packet.ts';
import { TftpSockets } from './tftp-sockets.ts';
import {
  afterSilence,
  beginTransfer,
  stepTransfer,
  type Transfer,
  type TransferStep,
} from './tftp-transfer.ts';
import {
  attemptExchange,
  type Peer,
  Strangers,
  type UdpExchange,
  verdictOfUdpError,
} from './udp-exchange.ts';
import type { Verdict } from './verdict.ts';

export interface TftpProbeOptions {
  readonly spec: TftpSpec;
  readonly destination: string;
  readonly clock: Clock;
}

/** What we sent last is sent again after this share of the time without progress, within these bounds. */
const RESEND_SHARE = 1 / 4;
const MIN_RESEND_MS = 250;
const MAX_RESEND_MS = 1000;
/** So many strangers are told that there is no transfer with them: enough for a server that has heard us twice. */
const MAX_REPLIES_TO_STRANGERS = 8;

/**
 * Reads a file whole, holding one block of it at a time; passes when it has come, and has the SHA-256 that is wanted. The
 * timeout bounds all of it. Ended early, it tells the server so.
 */
export function tftpProbe({ spec, destination, clock }: TftpProbeOptions): Probe {
  const resolver = new Resolver();
  const { port, sourceAddress } = spec;
  return {
    attempt(timeoutMs, signal) {
      const options = { clock, timeoutMs, signal, resolver, destination, port, sourceAddress };
      const resendMs = Math.min(Math.max(timeoutMs * RESEND_SHARE, MIN_RESEND_MS), MAX_RESEND_MS);
      return attemptExchange(
        options,
        (peer, finish) => new TftpExchange({ spec, clock, peer, finish, resendMs }),
      );
    },
    // Every socket belongs to an attempt, and ends with it.
    close: () => Promise.resolve(),
  };
}

interface TftpExchangeOptions {
  readonly spec: TftpSpec;
  readonly clock: Clock;
  readonly peer: Peer;
  readonly finish: Finish;
  readonly resendMs: number;
}

class TftpExchange implements UdpExchange {
  readonly #options: TftpExchangeOptions;
  readonly #sockets: TftpSockets;
  readonly #hash: Hash | undefined;
  readonly #strangers = new Strangers();
  #repliesToStrangers = 0;
  #transfer: Transfer;
  /** Port of the server's end; undefined: it has not answered. */
  #serverPort: number | undefined;
  /** Whether the server knows that the transfer is over. */
  #isOver = false;
  #isEnded = false;
  #sentMs = 0;
  #timer: Timer | undefined;

  constructor(options: TftpExchangeOptions) {
    const { spec, peer } = options;
    this.#options = options;
    this.#transfer = beginTransfer(spec);
    this.#hash = spec.sha256 === undefined ? undefined : createHash('sha256');
    const listener = {
      message: (data: Buffer, from: RemoteInfo): void => this.#hear(data, from),
      error: (error: Error): void => this.#fail(verdictOfUdpError(error, peer)),
    };
    this.#sockets = new TftpSockets({ ...spec, family: peer.family }, peer, listener);
    this.#send();
    this.#timer = options.clock.after(options.resendMs, () => this.#resend());
  }

  silence(timeoutMs: number): Verdict {
    const { blocks, bytes, announcedBytes } = this.#transfer;
    const all = announcedBytes === undefined ? '' : ` of ${announcedBytes}`;
    const what =
      this.#serverPort === undefined
        ? `no answer within ${timeoutMs} ms`
        : `got ${bytes} bytes${all}, in ${blocks} blocks, within ${timeoutMs} ms`;
    return { reason: 'timeout', detail: `${what}${this.#strangers.told}` };
  }

  end(): void {
    this.#isEnded = true;
    this.#timer?.cancel();
    if (this.#serverPort !== undefined && !this.#isOver) {
      this.#sockets.send(encodeError(TFTP_ERROR.undefined, 'transfer given up'));
    }
    this.#sockets.close();
  }

  #hear(data: Buffer, from: RemoteInfo): void {
    const { peer } = this.#options;
    if (this.#isEnded) return;
    // Port 0 can't be answered, nor be anyone's; Node throws where one tries.
    const isServer = isSameAddress(from.address, peer.address) && from.port !== 0;
    const isOther = !isServer || (this.#serverPort !== undefined && from.port !== this.#serverPort);
    const step = isOther ? undefined : stepTransfer(this.#transfer, data);
    if (step !== undefined && step.kind !== 'ignore') {
      this.#serverPort = from.port;
      this.#sockets.follow(from.port);
      this.#take(step);
    } else if (isOther || this.#serverPort === undefined) this.#turnAway(data, from);
  }

  #take(step: Exclude<TransferStep, { kind: 'ignore' }>): void {
    switch (step.kind) {
      case 'send':
        this.#goOn(step.transfer, step.content);
        break;
      case 'done':
        this.#goOn(step.transfer, step.content);
        this.#judge();
        break;
      case 'fail':
        this.#isOver = true;
        if (step.error !== undefined) this.#sockets.send(step.error);
        this.#options.finish(step.verdict);
        break;
      default:
        assertNever(step);
    }
  }

  #goOn(transfer: Transfer, content: Buffer | undefined): void {
    this.#transfer = transfer;
    if (content !== undefined) this.#hash?.update(content);
    this.#send();
  }

  #judge(): void {
    this.#isOver = true;
    const { bytes, announcedBytes } = this.#transfer;
    const sha256 = this.#hash?.digest('hex');
    this.#options.finish(judgeContent({ bytes, announcedBytes, sha256 }, this.#options.spec));
  }

  #fail(verdict: Verdict): void {
    const isGone = verdict.reason === 'refused' && this.#serverPort !== undefined;
    if (isGone) this.#isOver = true;
    const detail = `the server closed its port after ${this.#transfer.bytes} bytes`;
    this.#options.finish(isGone ? { reason: 'reset', detail } : verdict);
  }

  /** Somebody else, or another transfer of the same server, as when it has heard our request twice (RFC 1350 §4). */
  #turnAway(data: Buffer, from: RemoteInfo): void {
    this.#strangers.add(from);
    const { kind } = decodeTftp(data);
    if ((kind !== 'data' && kind !== 'options') || from.port === 0) return;
    this.#repliesToStrangers += 1;
    if (this.#repliesToStrangers > MAX_REPLIES_TO_STRANGERS) return;
    this.#sockets.reply(encodeError(TFTP_ERROR.unknownTransfer, 'unknown transfer'), from);
  }

  #send(): void {
    this.#sentMs = this.#options.clock.now();
    this.#sockets.send(this.#transfer.last);
  }

  #resend(): void {
    const { clock, resendMs } = this.#options;
    const leftMs = this.#sentMs + resendMs - clock.now();
    if (leftMs <= 0) {
      this.#transfer = afterSilence(this.#transfer);
      this.#send();
    }
    this.#timer = clock.after(leftMs > 0 ? leftMs : resendMs, () => this.#resend());
  }
}
