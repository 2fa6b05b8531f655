import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../lib/clock.ts';
import { parseIpAddress } from '../lib/sockaddr.ts';
import { AnswerSearch } from './answer-search.ts';
import { attemptWithin, type Finish } from './attempt.ts';
import { dial } from './dial.ts';
import type { Probe } from './probe.ts';
import { Resolver } from './resolver.ts';
import type { TcpSpec } from './spec.ts';
import { TlsSettings } from './tls-settings.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

export interface TcpProbeOptions {
  readonly spec: TcpSpec;
  readonly destination: string;
  readonly clock: Clock;
}

/** What a connection waits for; said when the time runs out. */
type Awaited = 'address' | 'connection' | 'TLS handshake' | 'answer';

/**
 * Connects; passes then, or after `send` was written, or as soon as what came contains `expect`. With TLS the same goes
 * on inside it. (In TLS 1.3 a server refuses a client certificate after the handshake: only `expect` notices that.)
 */
export function tcpProbe({ spec, destination, clock }: TcpProbeOptions): Probe {
  const lookup = new Resolver().lookup;
  const tls = spec.tls === undefined ? undefined : new TlsSettings(spec.tls);
  const isName = parseIpAddress(destination) === undefined;
  const { sourceAddress, sourceInterface } = spec;
  const isPlain = !isName && sourceAddress === undefined && sourceInterface === undefined;
  const plain = { host: destination, port: spec.port };
  const source = { sourceAddress, sourceInterface };
  return {
    attempt(timeoutMs, signal) {
      let awaited: Awaited = isName ? 'address' : 'connection';
      const onTimeout = (): Verdict => verdictOfSilence(awaited, timeoutMs);
      return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
        const tlsOptions = tls?.connectionOptions(spec.tls?.serverName ?? destination);
        const outer = isPlain ? connect(plain) : dial({ ...plain, ...source, lookup, timeoutMs });
        const inner = tlsOptions === undefined ? outer : connectTls({ ...tlsOptions, socket: outer });
        const onError = (error: Error): void => finish(verdictOfError(error));
        if (isName) {
          outer.on('lookup', () => {
            awaited = 'connection';
          });
        }
        if (inner !== outer) {
          outer.on('connect', () => {
            awaited = 'TLS handshake';
          });
          outer.on('error', onError);
        }
        inner.on('error', onError);
        inner.on(inner === outer ? 'connect' : 'secureConnect', () => {
          awaited = 'answer';
          converse(inner, spec, finish);
        });
        inner.on('close', () => finish({ reason: 'closed', detail: `closed before the ${awaited}` }));
        return ({ reason }) => hangUp({ outer, inner, isClean: reason === 'passed' });
      });
    },
    // Every socket belongs to an attempt, and ends with it.
    close: () => Promise.resolve(),
  };
}

function converse(socket: Socket, { send, expect }: TcpSpec, finish: Finish): void {
  if (expect !== undefined) awaitAnswer(socket, expect, finish);
  else if (send === undefined) finish({ reason: 'passed' });
  if (send === undefined) return;
  socket.write(send, (error) => {
    // An error also comes as an event, and is judged there.
    if (expect === undefined && !error) finish({ reason: 'passed' });
  });
}

function awaitAnswer(socket: Socket, expect: string, finish: Finish): void {
  const search = new AnswerSearch(expect);
  socket.on('data', (chunk: Buffer) => {
    if (search.push(chunk)) finish({ reason: 'passed' });
  });
  socket.once('end', () => {
    if (search.isEmpty) finish({ reason: 'closed', detail: 'closed without an answer' });
    else finish({ reason: 'unexpected-answer', detail: `got ${search.beginning}` });
  });
}

/**
 * A passed probe says goodbye as any client does (FIN), so that nothing looks broken in the server's log. A failed one
 * resets: a server that hangs is rid of it at once, and neither side is left with a half-closed connection.
 */
function hangUp({ outer, inner, isClean }: { outer: Socket; inner: Socket; isClean: boolean }): void {
  // Once our own FIN is out a reset fails (EINVAL), and Node would never close the descriptor.
  const isResettable = !outer.connecting && !outer.destroyed && !outer.writableEnded;
  if (!isClean && isResettable) outer.resetAndDestroy();
  inner.destroy();
  if (outer !== inner) outer.destroy();
}

function verdictOfSilence(awaited: Awaited, timeoutMs: number): Verdict {
  const detail = `no ${awaited} within ${timeoutMs} ms`;
  return { reason: awaited === 'address' ? 'resolve-failed' : 'timeout', detail };
}
