import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { parseIpAddress } from '../lib/sockaddr.ts';
import { attemptWithin } from './attempt.ts';
import { type ServerJudgeOptions, serverJudge } from './certificate-server-rules.ts';
import { dial } from './dial.ts';
import type { Probe } from './probe.ts';
import { Resolver } from './resolver.ts';
import { converseStartTls } from './starttls-dialogue.ts';
import { TlsSettings } from './tls-settings.ts';
import { type Verdict, verdictOfError } from './verdict.ts';

/** What a connection waits for; said when the time runs out. */
type Awaited = 'address' | 'connection' | 'consent to STARTTLS' | 'TLS handshake';

/** Connects and judges the certificates that the server sends. */
export function serverCertificateProbe(options: ServerJudgeOptions): Probe {
  const { spec, destination, clock } = options;
  const { port, sourceAddress, sourceInterface, startTls } = spec;
  const lookup = new Resolver().lookup;
  const settings = new TlsSettings(spec.tls);
  const judge = serverJudge(options);
  const isName = parseIpAddress(destination) === undefined;
  // SNI has no final dot (RFC 6066 §3).
  const name = (spec.tls.serverName ?? destination).replace(/\.$/, '');
  return {
    attempt(timeoutMs, signal) {
      let awaited: Awaited = isName ? 'address' : 'connection';
      let inner: TLSSocket | undefined;
      let isFromTls = false;
      const onTimeout = (): Verdict => judge.failure(verdictOfSilence(awaited, timeoutMs), inner);
      return attemptWithin({ clock, timeoutMs, signal, onTimeout }, (finish) => {
        const tlsOptions = {
          ...settings.connectionOptions(name),
          // Judged after the handshake: an expired certificate is to be told from a foreign one, and measured.
          rejectUnauthorized: false,
          checkServerIdentity: () => undefined,
        };
        const outer = dial({ host: destination, port, lookup, timeoutMs, sourceAddress, sourceInterface });
        const onClose = (): void => finish(closedBefore(awaited));
        const beginTls = (): void => {
          awaited = 'TLS handshake';
          const socket = connectTls({ ...tlsOptions, socket: outer });
          inner = socket;
          outer.off('close', onClose); // From here on the TLS socket says why, and closes too.
          const fromTls = (verdict: Verdict): void => {
            isFromTls = true;
            finish(verdict);
          };
          socket.on('error', (error) => fromTls(judge.failure(tidy(verdictOfError(error)), socket)));
          socket.on('close', () => fromTls(judge.failure(closedBefore(awaited), socket)));
          socket.on('secureConnect', () => fromTls(judge.handshake(socket)));
        };
        outer.on('error', (error) => finish(verdictOfError(error)));
        outer.on('close', onClose);
        outer.on('lookup', () => {
          awaited = 'connection';
        });
        const onReady = (): void => {
          try {
            beginTls();
          } catch (error) {
            finish(verdictOfError(error)); // options that OpenSSL does not take
          }
        };
        outer.on('connect', () => {
          if (startTls === undefined) return onReady();
          awaited = 'consent to STARTTLS';
          converseStartTls(outer, startTls, { onReady, onFailure: finish });
        });
        return () => hangUp(outer, inner, isFromTls);
      });
    },
    // Every socket belongs to an attempt, and ends with it.
    close: () => Promise.resolve(),
  };
}

/** OpenSSL's messages are `…:error:0A000410:SSL routines:function:reason:file:line:`. */
function tidy({ reason, detail }: Verdict): Verdict {
  const [, , , said] = /error:[0-9A-F]+:([^:]*):([^:]*):([^:]*):/.exec(detail ?? '') ?? [];
  return { reason, detail: said === undefined ? detail : `TLS: ${said}` };
}

/**
 * A server that hangs is rid of the connection at once (RST). Where TLS has called us, Node is still within it, and crashes
 * if the connection under it is reset: then it ends as any client's does (FIN), whatever the verdict.
 */
function hangUp(outer: Socket, inner: TLSSocket | undefined, isFromTls: boolean): void {
  // One that is ending already can't be reset: libuv refuses, and Node would never close it.
  const isResettable = !outer.connecting && !outer.destroyed && !outer.writableEnded;
  if (!isFromTls && isResettable) outer.resetAndDestroy();
  inner?.destroy();
  outer.destroy();
}

function closedBefore(awaited: Awaited): Verdict {
  return { reason: 'closed', detail: `closed before the ${awaited}` };
}

function verdictOfSilence(awaited: Awaited, timeoutMs: number): Verdict {
  const detail = `no ${awaited} within ${timeoutMs} ms`;
  return { reason: awaited === 'address' ? 'resolve-failed' : 'timeout', detail };
}
