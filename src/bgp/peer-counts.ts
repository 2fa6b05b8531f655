import type { BgpMessage, MessageType, UpdateMessage } from './message.ts';
import type { PeerStatus } from './status.ts';

type Counted = Pick<
  PeerStatus,
  | 'received'
  | 'sent'
  | 'receivedPrefixes'
  | 'receivedWithdrawals'
  | 'receivedErrors'
  | 'sentPrefixes'
  | 'sentWithdrawals'
>;

/** What has gone to and fro with a peer since the start: all that is kept of what it sends. */
export class PeerCounts {
  readonly #received = none();
  readonly #sent = none();
  #receivedPrefixes = 0;
  #receivedWithdrawals = 0;
  #receivedErrors = 0;
  #sentPrefixes = 0;
  #sentWithdrawals = 0;

  received(message: BgpMessage, errors: number): void {
    this.#received[message.type] += 1;
    if (errors > 0) this.#receivedErrors += 1;
    if (message.type === 'update') this.#countUpdate(message);
  }

  sent(message: BgpMessage): void {
    this.#sent[message.type] += 1;
  }

  routesSent(announced: number, withdrawn: number): void {
    this.#sentPrefixes += announced;
    this.#sentWithdrawals += withdrawn;
  }

  read(): Counted {
    return {
      received: { ...this.#received },
      sent: { ...this.#sent },
      receivedPrefixes: this.#receivedPrefixes,
      receivedWithdrawals: this.#receivedWithdrawals,
      receivedErrors: this.#receivedErrors,
      sentPrefixes: this.#sentPrefixes,
      sentWithdrawals: this.#sentWithdrawals,
    };
  }

  #countUpdate({ withdrawnRoutes, nlri, pathAttributes }: UpdateMessage): void {
    this.#receivedPrefixes += nlri.length;
    this.#receivedWithdrawals += withdrawnRoutes.length;
    for (const attribute of pathAttributes) {
      if (attribute.type === 'mp-reach-nlri') this.#receivedPrefixes += attribute.nlri?.length ?? 0;
      if (attribute.type === 'mp-unreach-nlri') {
        this.#receivedWithdrawals += attribute.withdrawnRoutes?.length ?? 0;
      }
    }
  }
}

function none(): Record<MessageType, number> {
  return { open: 0, update: 0, keepalive: 0, notification: 0, 'route-refresh': 0 };
}
