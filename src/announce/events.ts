import type { SessionEnd, SessionState } from '../bgp/index.ts';

/** What a backend tells of. */
export type AnnouncerEvent =
  | {
      readonly type: 'peer-state';
      readonly peer: string;
      readonly address: string;
      readonly from: SessionState;
      readonly to: SessionState;
      /** Why it left Established, or gave up an attempt. */
      readonly end: SessionEnd | undefined;
      /** Until the next attempt; undefined: none is set. */
      readonly retryInMs: number | undefined;
    }
  /** `withheld`: this peer can't have this prefix. */
  | { readonly type: 'prefix-withheld'; readonly peer: string; readonly prefix: string; readonly why: string }
  | {
      readonly type: 'service-address';
      readonly address: string;
      readonly interface: string;
      readonly change: 'added' | 'removed' | 'found' | 'failed';
      readonly why: string | undefined;
    }
  /** The passive listener can't be had, or works again. */
  | { readonly type: 'bgp-listener'; readonly address: string; readonly failure: string | undefined }
  /** Connections that were closed at once, `count` of them from this address since it was told of last. */
  | {
      readonly type: 'bgp-connection-refused';
      readonly address: string;
      readonly why: string;
      readonly count: number;
    }
  | { readonly type: 'crash'; readonly where: string; readonly error: unknown };
