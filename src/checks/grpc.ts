import type { OutgoingHttpHeaders } from 'node:http2';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { parseIpAddress } from '../lib/sockaddr.ts';
import { attemptWithin, type Finish } from './attempt.ts';
import { encodeCheckRequest } from './grpc-message.ts';
import { judgeReply, verdictOfHttp2Error } from './grpc-reply.ts';
import { type GrpcEnd, GrpcSession } from './grpc-session.ts';
import type { Probe, ProbeOutcome } from './probe.ts';
import { Resolver } from './resolver.ts';
import type { GrpcSpec } from './spec.ts';
import { dialStaged } from './staged-dial.ts';
import { TlsSettings } from './tls-settings.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

export interface GrpcProbeOptions {
  readonly spec: GrpcSpec;
  readonly destination: string;
  /** Ours, for the User-Agent. */
  readonly version: string;
  readonly clock: Clock;
}

/** A connection that was not used for so long may have been forgotten by something on the way. */
const KEPT_IDLE_MS = 60_000;

/** Passes when grpc.health.v1.Health/Check says SERVING; see `GrpcProbe`. */
export function grpcProbe(options: GrpcProbeOptions): Probe {
  return new GrpcProbe(options);
}

/** One attempt under way. */
interface Exchange {
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly finish: Finish;
  isOver: boolean;
}

/**
 * One unary call on an HTTP/2 connection of its own, which is kept from pass to pass and made anew after any failure. A
 * call on a kept connection that was closed, or is being closed (GOAWAY), before anything was answered is made once more
 * on a new one: the server may have restarted since, and Check changes nothing.
 */
class GrpcProbe implements Probe {
  readonly #options: GrpcProbeOptions;
  readonly #lookup: LookupFunction = new Resolver().lookup;
  readonly #tls: TlsSettings | undefined;
  readonly #authority: string;
  readonly #message: Buffer;
  #kept: { readonly session: GrpcSession; usedMs: number } | undefined;

  constructor(options: GrpcProbeOptions) {
    const { spec, destination } = options;
    this.#options = options;
    this.#tls = spec.tls === undefined ? undefined : new TlsSettings(spec.tls);
    this.#authority = spec.authority ?? authorityOf(destination, spec.port);
    this.#message = encodeCheckRequest(spec.service);
  }

  attempt(timeoutMs: number, signal: AbortSignal): Promise<ProbeOutcome> {
    const { clock } = this.#options;
    const deadlineMs = clock.now() + timeoutMs;
    const onTimeout = (): Verdict => verdictOfSilence(this.#kept?.session, timeoutMs);
    return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
      const exchange: Exchange = { deadlineMs, timeoutMs, finish, isOver: false };
      const kept = this.#usable();
      if (kept === undefined) this.#call(this.#open(timeoutMs), exchange, false);
      else this.#call(kept, exchange, true);
      return ({ reason }) => {
        exchange.isOver = true;
        if (reason !== 'passed') this.#drop();
      };
    });
  }

  close(): Promise<void> {
    this.#drop();
    return Promise.resolve();
  }

  #usable(): GrpcSession | undefined {
    const kept = this.#kept;
    if (kept?.session.isOpen && this.#options.clock.now() - kept.usedMs <= KEPT_IDLE_MS) return kept.session;
    this.#drop();
    return undefined;
  }

  #open(timeoutMs: number): GrpcSession {
    const { spec, destination, clock } = this.#options;
    const { port, sourceAddress, sourceInterface } = spec;
    const name =
      spec.tls?.serverName ?? (spec.authority === undefined ? destination : hostOf(spec.authority));
    const tls = this.#tls?.connectionOptions(name);
    const target = {
      host: destination,
      port,
      lookup: this.#lookup,
      timeoutMs,
      sourceAddress,
      sourceInterface,
    };
    const secure = tls === undefined ? undefined : { ...tls, ALPNProtocols: ['h2'] };
    const session = new GrpcSession({ dial: dialStaged(target, secure), isSecure: secure !== undefined });
    this.#kept = { session, usedMs: clock.now() };
    return session;
  }

  #call(session: GrpcSession, exchange: Exchange, isReused: boolean): void {
    const onEnd = (end: GrpcEnd): void => this.#onEnd(end, exchange, isReused);
    try {
      session.call({ headers: this.#headers(exchange.deadlineMs), message: this.#message, onEnd });
    } catch (error) {
      onEnd({ reply: undefined, error });
    }
  }

  #onEnd({ reply, error }: GrpcEnd, exchange: Exchange, isReused: boolean): void {
    const { clock, spec } = this.#options;
    if (exchange.isOver) return;
    if (reply === undefined && isReused) {
      this.#callAnew(exchange);
      return;
    }
    if (this.#kept !== undefined) this.#kept.usedMs = clock.now();
    if (error !== undefined) exchange.finish(verdictOfHttp2Error(error));
    else exchange.finish(reply === undefined ? CLOSED : judgeReply(reply, spec.service));
  }

  #callAnew(exchange: Exchange): void {
    this.#drop();
    try {
      this.#call(this.#open(exchange.timeoutMs), exchange, false);
    } catch (error) {
      exchange.finish(verdictOfError(error));
    }
  }

  #headers(deadlineMs: number): OutgoingHttpHeaders {
    const { spec, clock, version } = this.#options;
    const leftMs = Math.max(1, Math.ceil(deadlineMs - clock.now()));
    return {
      ':method': 'POST',
      ':scheme': spec.tls === undefined ? 'http' : 'https',
      ':path': '/grpc.health.v1.Health/Check',
      ':authority': this.#authority,
      'grpc-timeout': `${leftMs}m`,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': `vpcast/${version}`,
    };
  }

  #drop(): void {
    this.#kept?.session.destroy();
    this.#kept = undefined;
  }
}

const CLOSED: Verdict = { reason: 'closed', detail: 'closed without an answer' };

function verdictOfSilence(session: GrpcSession | undefined, timeoutMs: number): Verdict {
  const awaited = session?.awaited ?? 'answer';
  const detail = `no ${awaited} within ${timeoutMs} ms`;
  return { reason: awaited === 'address' ? 'resolve-failed' : 'timeout', detail };
}

/** IPv6 in brackets and without scope. */
function authorityOf(destination: string, port: number): string {
  const isV6 = parseIpAddress(destination)?.family === 'ipv6';
  return isV6 ? `[${destination.replace(/%.*$/, '')}]:${port}` : `${destination}:${port}`;
}

function hostOf(authority: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(authority)?.[1] ?? authority.replace(/:\d+$/, '');
}
