import type { AnnouncerEvent } from '../announce/index.ts';
import type { AwsFailure } from '../aws/index.ts';
import type { ProbeOutcome } from '../checks/index.ts';
import type { AnnounceReason, AnnounceVerdict, Decision, Health, RouteAction } from '../core/index.ts';
import type { AnnouncerSpec, DrainSignal } from './spec.ts';

/** `holder` took the route (back); nothing is taken from it for a while. */
interface BackOffFacts {
  readonly key: string;
  readonly holder: string;
  readonly waitMs: number;
  /** How many times in a row: the wait doubles with each. */
  readonly count: number;
}

/** What the agent tells the operator. Facts only: telemetry turns them into log lines, metrics and pages. */
export type AgentEvent =
  | AnnouncerEvent
  | {
      readonly type: 'started';
      readonly checks: number;
      readonly groups: number;
      readonly prefixes: number;
      readonly managed: boolean;
    }
  /** `managed`: there are routes, and what they rest on is known; else there are prefixes only, and every check has settled. */
  | { readonly type: 'ready'; readonly sinceStartMs: number; readonly managed: boolean }
  | {
      readonly type: 'stopping';
      readonly why: string;
      /** What becomes of the routes. */
      readonly onExit: 'keep' | 'release';
      /** What becomes of the prefixes; undefined: there are none. */
      readonly prefixes: AnnouncerSpec['onExit'] | undefined;
    }
  | { readonly type: 'stopped'; readonly tookMs: number; readonly isClean: boolean }
  | {
      readonly type: 'reloaded';
      readonly checks: number;
      readonly groups: number;
      readonly prefixes: number;
      /** Settings under `aws` differ: they are taken up at a restart only. */
      readonly needsRestart: boolean;
    }
  | { readonly type: 'reload-refused'; readonly why: string }
  | { readonly type: 'probe'; readonly check: string; readonly outcome: ProbeOutcome }
  | {
      readonly type: 'health';
      readonly check: string;
      readonly destination: string;
      readonly from: Health;
      readonly to: Health;
      /** The probe that decided it. */
      readonly outcome: ProbeOutcome;
    }
  | {
      readonly type: 'remote-check';
      readonly check: string;
      readonly change: 'started' | 'stopped';
      readonly destination: string;
    }
  | {
      readonly type: 'tables';
      readonly group: string;
      readonly tableIds: readonly string[];
      readonly isOk: boolean;
    }
  | {
      readonly type: 'duplicate-route';
      readonly key: string;
      readonly group: string;
      readonly keptGroup: string;
    }
  | {
      readonly type: 'decision';
      readonly key: string;
      readonly group: string;
      readonly decision: Decision;
      readonly holder: string | undefined;
      readonly previous: string | undefined;
    }
  | {
      readonly type: 'announcement';
      readonly prefix: string;
      readonly verdict: AnnounceVerdict;
      readonly reason: AnnounceReason;
      /** The reason of the decision before. */
      readonly previous: AnnounceReason | undefined;
      readonly wasAnnounced: boolean;
      /** Where it was and is, it is announced with other attributes. */
      readonly isAnnounced: boolean;
    }
  | ({ readonly type: 'owner-reclaimed' } & BackOffFacts)
  | ({ readonly type: 'owner-conflict' } & BackOffFacts)
  | { readonly type: 'route-changed'; readonly action: RouteAction; readonly tookMs: number }
  | { readonly type: 'route-race'; readonly action: RouteAction; readonly failure: AwsFailure }
  | { readonly type: 'route-failed'; readonly action: RouteAction; readonly failure: AwsFailure }
  | {
      readonly type: 'hook';
      readonly hook: string;
      readonly subject: string;
      readonly failure: string | undefined;
    }
  | { readonly type: 'api-failing'; readonly failure: AwsFailure; readonly subject: string | undefined }
  | {
      readonly type: 'api-recovered';
      readonly api: string;
      readonly failures: number;
      readonly forMs: number;
    }
  | { readonly type: 'throttled-by-us'; readonly waiting: number; readonly waitMs: number }
  | {
      readonly type: 'own-interface';
      readonly instance: string;
      readonly interfaceId: string | undefined;
      readonly why: string;
    }
  | { readonly type: 'source-dest-check'; readonly interfaceId: string; readonly state: 'on' | 'disabled' }
  | { readonly type: 'draining'; readonly signals: readonly DrainSignal[] }
  | { readonly type: 'drain-ended' }
  | { readonly type: 'crash'; readonly where: string; readonly error: unknown };
