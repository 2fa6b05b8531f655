import { randomInt } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { Finish } from './attempt.ts';
import { judgeReply } from './dns-judge.ts';
import { type DnsQuery, type DnsReply, encodeQuery, readReply } from './dns-message.ts';
import { askByTcp, askByUdp, type Ears, type HangUp } from './dns-transport.ts';
import type { Probe } from './probe.ts';
import { Resolver } from './resolver.ts';
import type { DnsSpec } from './spec.ts';
import { attemptExchange, type Peer, Strangers, type UdpExchange } from './udp-exchange.ts';
import type { Verdict } from './verdict.ts';

export interface DnsProbeOptions {
  readonly spec: DnsSpec;
  /** The server: an IP address, or a host name, of whose addresses the first is asked. */
  readonly destination: string;
  readonly clock: Clock;
}

/** Asks one server one question; passes when the answer is as wanted. See `Conversation`. */
export function dnsProbe({ spec, destination, clock }: DnsProbeOptions): Probe {
  const resolver = new Resolver();
  const { port, sourceAddress } = spec;
  return {
    attempt(timeoutMs, signal) {
      const options = { clock, timeoutMs, signal, resolver, destination, port, sourceAddress };
      return attemptExchange(options, (server, finish) => {
        return new Conversation({ spec, server, timeoutMs, finish });
      });
    },
    // Every socket belongs to an attempt, and ends with it.
    close: () => Promise.resolve(),
  };
}

interface ConversationOptions {
  readonly spec: DnsSpec;
  readonly server: Peer;
  readonly timeoutMs: number;
  readonly finish: Finish;
}

/** How a query is put; the first as the check says. */
interface Manner {
  readonly transport: 'udp' | 'tcp';
  readonly hasEdns: boolean;
}

const ID_VALUES = 0x1_0000;

/**
 * One attempt: a query, and another where the first answer asks for it (over TCP where it is truncated, without EDNS where
 * the server does not know that). Each has an id and a socket of its own, and only one is open at a time. Over UDP anyone
 * may send something: what is not the answer is ignored. A message with our id that can't be read ends the attempt, since
 * who knows the id is the server, or has seen the query; and from those there is no protection here.
 */
class Conversation implements UdpExchange {
  readonly #options: ConversationOptions;
  readonly #strangers = new Strangers();
  #awaited: 'TCP connection' | 'answer' = 'answer';
  #wasTruncated = false;
  #hangUp: HangUp | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#ask({ transport: options.spec.transport, hasEdns: true });
  }

  end(): void {
    this.#hangUp?.();
  }

  silence(timeoutMs: number): Verdict {
    const after = this.#wasTruncated ? ', after a truncated one over UDP' : '';
    const detail = `no ${this.#awaited} within ${timeoutMs} ms${after}${this.#strangers.told}`;
    return { reason: 'timeout', detail };
  }

  #ask(manner: Manner): void {
    this.#hangUp?.();
    const { spec, server, timeoutMs, finish } = this.#options;
    const isTcp = manner.transport === 'tcp';
    this.#awaited = isTcp ? 'TCP connection' : 'answer';
    const query: DnsQuery = { ...spec, id: randomInt(ID_VALUES), hasEdns: manner.hasEdns };
    const ears: Ears = {
      connected: () => {
        this.#awaited = 'answer';
      },
      message: (message) => this.#hear(message, query, manner),
      stranger: (from) => this.#strangers.add(from),
      failed: finish,
    };
    const asking = { query: encodeQuery(query), server, source: spec, timeoutMs, ears };
    this.#hangUp = isTcp ? askByTcp(asking) : askByUdp(asking);
  }

  /** False: the message has nothing to do with us. */
  #hear(message: Buffer, query: DnsQuery, manner: Manner): boolean {
    const reading = readReply(message, query);
    if (reading.kind === 'other') return false;
    const { spec, finish } = this.#options;
    if (reading.kind === 'malformed') {
      finish({ reason: 'protocol-error', detail: `not a DNS message: ${reading.detail}` });
      return true;
    }
    const next = this.#nextManner(reading.reply, manner);
    if (next === undefined) finish(judgeReply(spec, reading.reply));
    else this.#ask(next);
    return true;
  }

  /** How to ask again, if so. A server that does not know EDNS says FORMERR (RFC 6891 §7), some say NOTIMP. */
  #nextManner(
    { rcode, isTruncated, ...reply }: DnsReply,
    { transport, hasEdns }: Manner,
  ): Manner | undefined {
    const { spec } = this.#options;
    if (isTruncated && transport === 'udp' && spec.tcpFallback) {
      this.#wasTruncated = true;
      return { transport: 'tcp', hasEdns };
    }
    const isEdnsRefused = hasEdns && !reply.hasEdns && (rcode === 'FORMERR' || rcode === 'NOTIMP');
    return isEdnsRefused && rcode !== spec.rcode ? { transport, hasEdns: false } : undefined;
  }
}
