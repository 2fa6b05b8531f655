import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { type IpFamily, isSameAddress, parseIpAddress } from '../lib/sockaddr.ts';
import { attemptWithin, type Finish, type Release } from './attempt.ts';
import { ECHO_HEADER_BYTES, encodeEchoRequest, isReplyTo, NONCE_BYTES } from './echo.ts';
import { connectEchoSocket, type EchoSocket, isKindRefused, type OpenedEchoSocket } from './echo-socket.ts';
import { type ProgramVerdict, pingByProgram } from './ping-program.ts';
import type { Measurement, Probe, ProbeOutcome } from './probe.ts';
import { firstOfFamily, Resolver } from './resolver.ts';
import type { PingSpec } from './spec.ts';
import { reasonOfCode, type Verdict, verdictOfError } from './verdict.ts';

export interface PingProbeOptions {
  readonly spec: PingSpec;
  /** An IP address (with `%scope` where it is link-local) or a host name. */
  readonly destination: string;
  readonly clock: Clock;
  /** The program to ping with where no socket may be had: a path, or a name in PATH. */
  readonly program?: string | undefined;
}

interface Found {
  readonly address: string;
  readonly family: IpFamily;
}

/** One attempt under way: where to, by when, and how to end it. */
interface Exchange extends Found {
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly finish: Finish;
  /** Called with the number of messages so far that were not the answer. */
  readonly onIgnored: (count: number) => void;
  readonly over: Over;
}

/** Whether an attempt has ended, and what kills the program where one was started: making that costs, so it is rare. */
interface Over {
  isOver: boolean;
  program: AbortController | undefined;
}

const UINT16_VALUES = 0x1_0000;
/** Random bytes are drawn for so many attempts at once: the drawing costs, not the bytes. */
const NONCES_PER_DRAW = 32;

/** Passes on an echo reply that only the destination can have sent; see `PingProbe`. */
export function pingProbe(options: PingProbeOptions): Probe {
  return new PingProbe(options);
}

/**
 * Pings one destination from a socket of its own. An answer counts when it comes from the address that was asked and has
 * our sequence and the payload with this attempt's random nonce; all else is ignored. The socket is kept from pass to
 * pass, and opened anew after any failure, so that it never outlives a change of addresses or permissions.
 */
class PingProbe implements Probe {
  readonly #options: PingProbeOptions;
  readonly #resolver = new Resolver();
  readonly #sourceFamily: IpFamily | undefined;
  readonly #payloadBytes: number;
  /** Drawn at the first attempt: what draws takes a while to load. */
  #numbers: { readonly identifier: number; sequence: number } | undefined;
  #nonces: Uint8Array = new Uint8Array(0);
  /** The last request that was answered: another reply to it is a duplicate. */
  #answered: Buffer | undefined;
  #sent = 0;
  #received = 0;
  #duplicates = 0;
  #kept: { readonly address: string; readonly socket: EchoSocket } | undefined;

  constructor(options: PingProbeOptions) {
    this.#options = options;
    this.#payloadBytes = Math.max(options.spec.payloadBytes, NONCE_BYTES);
    this.#sourceFamily = parseIpAddress(options.spec.sourceAddress ?? '')?.family;
  }

  attempt(timeoutMs: number, signal: AbortSignal): Promise<ProbeOutcome> {
    const { clock } = this.#options;
    const deadlineMs = clock.now() + timeoutMs;
    let isResolved = false;
    let ignored = 0;
    const onTimeout = (): Verdict => {
      if (!isResolved) return { reason: 'resolve-failed', detail: `no address within ${timeoutMs} ms` };
      const others = ignored === 0 ? '' : `; ${ignored} messages that did not answer us were ignored`;
      const detail = `no reply within ${timeoutMs} ms${others}`;
      return { reason: 'timeout', detail, measurement: this.#measured() };
    };
    return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
      const over: Over = { isOver: false, program: undefined };
      const onFound = (found: Found | Verdict): void => {
        isResolved = true;
        if (over.isOver) return;
        const onIgnored = (count: number): void => {
          ignored = count;
        };
        if ('reason' in found) finish(found);
        else this.#exchange({ ...found, timeoutMs, deadlineMs, finish, onIgnored, over });
      };
      this.#resolve()
        .then(onFound)
        .catch((error: unknown) => finish(verdictOfError(error)));
      return this.#releaseOf(over);
    });
  }

  close(): Promise<void> {
    this.#drop();
    return Promise.resolve();
  }

  #releaseOf(over: Over): Release {
    return ({ reason }) => {
      over.isOver = true;
      over.program?.abort();
      if (reason === 'passed') this.#kept?.socket.ignore();
      else this.#drop();
    };
  }

  async #resolve(): Promise<Found | Verdict> {
    const { destination } = this.#options;
    const resolution = await this.#resolver.resolve(destination);
    if (!resolution.ok) return { reason: 'resolve-failed', detail: resolution.error.message };
    const address = firstOfFamily(resolution.addresses, this.#sourceFamily);
    const family = address === undefined ? undefined : parseIpAddress(address)?.family;
    if (address !== undefined && family !== undefined) return { address, family };
    return { reason: 'resolve-failed', detail: `${destination} has no address of the source's family` };
  }

  #exchange(exchange: Exchange): void {
    const kept = this.#kept?.address === exchange.address ? this.#kept.socket : undefined;
    if (kept !== undefined && this.#ask(kept, exchange)) return;
    this.#drop();
    const opened = this.#open(exchange);
    if (!opened.ok) {
      if (isKindRefused(opened.code)) this.#askProgram(exchange);
      else exchange.finish(socketVerdict(opened.code));
      return;
    }
    this.#kept = { address: exchange.address, socket: opened.socket };
    this.#ask(opened.socket, exchange, (code) => exchange.finish(socketVerdict(code)));
  }

  #open({ address, family }: Exchange): OpenedEchoSocket {
    const { spec, clock } = this.#options;
    return connectEchoSocket({
      family,
      destination: address,
      sourceAddress: spec.sourceAddress,
      sourceInterface: spec.sourceInterface,
      identifier: this.#drawn().identifier,
      messageBytes: ECHO_HEADER_BYTES + this.#payloadBytes,
      clock,
    });
  }

  /** Never the same twice, and known to nobody before it is sent. */
  #nonce(): Uint8Array {
    if (this.#nonces.length === 0) this.#nonces = randomBytes(NONCE_BYTES * NONCES_PER_DRAW);
    const nonce = this.#nonces.subarray(0, NONCE_BYTES);
    this.#nonces = this.#nonces.subarray(NONCE_BYTES);
    return nonce;
  }

  #drawn() {
    this.#numbers ??= { identifier: randomInt(UINT16_VALUES), sequence: randomInt(UINT16_VALUES) };
    return this.#numbers;
  }

  /** False where the request could not be sent, after telling why. */
  #ask(socket: EchoSocket, exchange: Exchange, onUnsent?: (code: string) => void): boolean {
    const { family, address, finish } = exchange;
    const { clock } = this.#options;
    const numbers = this.#drawn();
    numbers.sequence = (numbers.sequence + 1) % UINT16_VALUES;
    const request = encodeEchoRequest({
      family,
      ...numbers,
      nonce: this.#nonce(),
      payloadBytes: this.#payloadBytes,
    });
    let ignored = 0;
    const answered = this.#answered;
    const isReply = (to: Buffer, reply: Buffer, source: string): boolean =>
      isSameAddress(source, address) &&
      isReplyTo(to, reply, { family, isIdentifierOurs: socket.isIdentifierOurs });
    const message = (reply: Buffer, source: string): void => {
      if (isReply(request, reply, source)) {
        this.#received += 1;
        this.#answered = request;
        finish({ reason: 'passed', measurement: this.#measured(clock.now() - sentAtMs) });
      } else if (answered !== undefined && isReply(answered, reply, source)) {
        this.#duplicates += 1;
      } else {
        ignored += 1;
        exchange.onIgnored(ignored);
      }
    };
    const error = (code: string): void => finish({ ...socketVerdict(code), measurement: this.#measured() });
    const sentAtMs = clock.now();
    socket.listen({ message, error }, exchange.deadlineMs);
    const sent = socket.send(request);
    if (sent.ok) this.#sent += 1;
    else onUnsent?.(sent.code);
    return sent.ok;
  }

  #measured(rttMs?: number): Measurement {
    const [sent, received, duplicates] = [this.#sent, this.#received, this.#duplicates];
    return { kind: 'ping', sent, received, duplicates, rttMs };
  }

  #askProgram({ address, family, timeoutMs, finish, over }: Exchange): void {
    const { spec, clock, program } = this.#options;
    over.program = new AbortController();
    const { signal } = over.program;
    const options = { program, family, destination: address, spec, timeoutMs, signal, clock };
    this.#sent += 1;
    const conclude = ({ rttMs, ...verdict }: ProgramVerdict): void => {
      if (over.isOver) return;
      if (verdict.reason === 'passed') this.#received += 1;
      finish({ ...verdict, measurement: this.#measured(rttMs) });
    };
    pingByProgram(options).then(conclude, (error: unknown) => finish(verdictOfError(error)));
  }

  #drop(): void {
    this.#kept?.socket.close();
    this.#kept = undefined;
  }
}

/** Any error of an echo socket says that the destination is not to be reached, except those that are about ourselves. */
function socketVerdict(code: string): Verdict {
  const reason = reasonOfCode(code);
  return { reason: reason === 'internal-error' ? reason : 'unreachable', detail: code };
}
