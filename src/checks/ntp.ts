import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import type { Clock } from '../lib/clock.ts';
import type { Finish } from './attempt.ts';
import { judgeNtp } from './ntp-judge.ts';
import { decodeNtpReply, encodeNtpRequest, NTP_NONCE_BYTES } from './ntp-packet.ts';
import type { Probe } from './probe.ts';
import { Resolver } from './resolver.ts';
import type { NtpSpec } from './spec.ts';
import {
  attemptExchange,
  isFrom,
  openUdpSocket,
  type Peer,
  Strangers,
  type UdpExchange,
  verdictOfUdpError,
} from './udp-exchange.ts';

export interface NtpProbeOptions {
  readonly spec: NtpSpec;
  readonly destination: string;
  readonly clock: Clock;
}

/** The wall clock counts whole ms, rounded down: on average it is half of one late. */
const WALL_ROUNDING_MS = 0.5;

/**
 * One request and its reply, from a new port each time (RFC 9109). Nothing is sent twice: who asks too often is turned
 * away. What has another source or origin timestamp is ignored, and told of where no answer comes.
 */
export function ntpProbe({ spec, destination, clock }: NtpProbeOptions): Probe {
  const resolver = new Resolver();
  const { port, sourceAddress } = spec;
  return {
    attempt(timeoutMs, signal) {
      const options = { clock, timeoutMs, signal, resolver, destination, port, sourceAddress };
      return attemptExchange(options, (peer, finish) => new NtpExchange({ spec, clock, peer, finish }));
    },
    // Every socket belongs to an attempt, and ends with it.
    close: () => Promise.resolve(),
  };
}

interface NtpExchangeOptions {
  readonly spec: NtpSpec;
  readonly clock: Clock;
  readonly peer: Peer;
  readonly finish: Finish;
}

class NtpExchange implements UdpExchange {
  readonly #nonce = randomBytes(NTP_NONCE_BYTES);
  readonly #strangers = new Strangers();
  readonly #socket: Socket;
  #isEnded = false;

  constructor({ spec, clock, peer, finish }: NtpExchangeOptions) {
    const onError = (error: Error): void => finish(verdictOfUdpError(error, peer));
    let sent: { readonly unixMs: number; readonly atMs: number } | undefined;
    this.#socket = openUdpSocket(
      { ...spec, family: peer.family },
      {
        message: (data, from) => {
          const nowMs = clock.now();
          const reply = isFrom(peer, from) ? decodeNtpReply(data, this.#nonce) : undefined;
          if (reply === undefined || sent === undefined) return this.#strangers.add(from);
          const times = { sentUnixMs: sent.unixMs, elapsedMs: nowMs - sent.atMs };
          finish(judgeNtp(reply, times, spec));
        },
        error: onError,
      },
    );
    // Connected, so that the kernel tells of a closed port.
    this.#socket.connect(peer.port, peer.address, (error?: Error) => {
      if (this.#isEnded) return;
      if (error) return onError(error);
      const request = encodeNtpRequest(this.#nonce);
      sent = { unixMs: clock.wallNow() + WALL_ROUNDING_MS, atMs: clock.now() };
      this.#socket.send(request, (failure) => {
        if (failure) onError(failure);
      });
    });
  }

  silence(timeoutMs: number) {
    return { reason: 'timeout', detail: `no answer within ${timeoutMs} ms${this.#strangers.told}` } as const;
  }

  end(): void {
    this.#isEnded = true;
    this.#socket.close();
  }
}
