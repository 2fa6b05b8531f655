import type { Lab } from '../../test/support/bgp/lab.ts';

/** One that announces a prefix of its own to the measuring peer, in a namespace of its own. */
export interface Contestant {
  readonly name: string;
  /**
   * Has it announce or withdraw; resolves with the time at which it was asked to (monotonic, ms), when whatever was
   * started to ask it has ended.
   */
  trigger(isUp: boolean): Promise<number>;
  /** Of what this process holds of it; the process itself ends with the lab. */
  close?(): void;
}

/** Where a contestant runs and whom it talks to. */
export interface Place {
  readonly lab: Lab;
  readonly link: number;
  readonly ownAddress: string;
  readonly asn: number;
  readonly peerAddress: string;
  readonly peerAsn: number;
  /** IPv4. */
  readonly prefix: string;
}

/** In seconds; none of these sessions is there for as long. */
export const HOLD_SEC = 90;
