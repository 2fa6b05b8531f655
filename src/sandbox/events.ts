import type { JournalEntry } from './world/journal.ts';

/** What goes on in the sandbox, for a printer or a test. */
export type SandboxEvent =
  /** Something changed in the region, or was refused. */
  | { readonly kind: 'change'; readonly entry: JournalEntry }
  /** An API call came to its end. `answer` is `sent`, or how the caller was left without one. */
  | {
      readonly kind: 'call';
      readonly atMs: number;
      readonly action: string;
      readonly accessKeyId: string;
      readonly status: number;
      /** The error's code. */
      readonly code: string | undefined;
      readonly answer: 'sent' | 'reset' | 'lost' | 'stuck' | 'unreachable' | 'aborted';
      readonly tookMs: number;
    }
  /** A termination signal was set or taken back, or an instance's IMDS changed its behaviour. */
  | { readonly kind: 'imds'; readonly atMs: number; readonly instanceId: string; readonly what: string }
  /** The faults in force changed. */
  | { readonly kind: 'faults'; readonly atMs: number; readonly what: string };
