import type { Socket } from 'node:net';
import { beginStartTls, type StartTlsProtocol, type StartTlsStep, stepStartTls } from './starttls.ts';
import type { Verdict } from './verdict.ts';

/** Exactly one of these is called, at most once. */
export interface StartTlsEnds {
  /** The socket's next byte, in both directions, is TLS's; nothing listens for its data any more. */
  readonly onReady: () => void;
  readonly onFailure: (verdict: Verdict) => void;
}

/** Carries the dialogue before TLS out on a connected socket. Errors and the end of the socket are its owner's. */
export function converseStartTls(
  socket: Socket,
  protocol: StartTlsProtocol,
  { onReady, onFailure }: StartTlsEnds,
): void {
  let { state, outputs } = beginStartTls(protocol, addressLiteral(socket.localAddress));
  const carryOut = (): void => {
    for (const output of outputs) {
      switch (output.kind) {
        case 'send':
          socket.write(output.bytes);
          break;
        case 'ready':
          socket.off('data', onData);
          onReady();
          break;
        case 'failed':
          socket.off('data', onData);
          onFailure(output.verdict);
          break;
      }
    }
  };
  const onData = (received: Buffer): void => {
    const step: StartTlsStep = stepStartTls(state, received);
    ({ state, outputs } = step);
    carryOut();
  };
  socket.on('data', onData);
  carryOut();
}

/** How a client without a name of its own names itself (RFC 5321 §4.1.3). */
function addressLiteral(address = '127.0.0.1'): string {
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}
