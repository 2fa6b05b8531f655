import type { AwsFailure } from './errors.ts';
import type { Imds } from './imds.ts';

/** What IMDS says is going to happen to this instance. What is absent is not announced. Times are ISO 8601, as AWS writes them. */
export interface Signals {
  /** A spot interruption: what happens, and when; two minutes ahead, except for `hibernate`. */
  readonly spot?: { readonly action: string; readonly time: string };
  /** The spot instance is at a raised risk; often earlier than the interruption's notice. */
  readonly rebalance?: { readonly noticeTime: string };
  /** Where the Auto Scaling group wants the instance: `Terminated` is a scale-in or a replacement. */
  readonly lifecycleState?: string;
  /** Scheduled events that are neither completed nor cancelled. */
  readonly maintenance?: readonly MaintenanceEvent[];
}

export interface MaintenanceEvent {
  readonly code: string;
  readonly description: string;
  readonly state: string;
  readonly notBefore: string | undefined;
}

/** The signals that could be read; `failure` is the first that could not. One broken item does not hide the others. */
export interface SignalsResult {
  readonly signals: Signals;
  readonly failure: AwsFailure | undefined;
}

type Parse = (text: string) => Signals | undefined;

const SOURCES: readonly (readonly [string, Parse])[] = [
  ['/latest/meta-data/spot/instance-action', parseSpot],
  ['/latest/meta-data/events/recommendations/rebalance', parseRebalance],
  ['/latest/meta-data/autoscaling/target-lifecycle-state', parseLifecycle],
  ['/latest/meta-data/events/maintenance/scheduled', parseMaintenance],
];

/** Reads all four signals, one after the other. An item that IMDS does not have (404) is the usual case. */
export async function readSignals(imds: Imds, signal: AbortSignal): Promise<SignalsResult> {
  let signals: Signals = {};
  let failure: AwsFailure | undefined;
  for (const [path, parse] of SOURCES) {
    const result = await imds.get(path, signal);
    if (!result.ok) {
      failure ??= result.failure;
    } else if (result.value !== undefined && result.value.trim() !== '') {
      const parsed = parse(result.value.trim());
      if (parsed === undefined) failure ??= unreadable(path);
      else signals = { ...signals, ...parsed };
    }
  }
  return { signals, failure };
}

function parseSpot(text: string): Signals | undefined {
  const { action, time } = parseRecord(text);
  return typeof action === 'string' && typeof time === 'string' ? { spot: { action, time } } : undefined;
}

function parseRebalance(text: string): Signals | undefined {
  const { noticeTime } = parseRecord(text);
  return typeof noticeTime === 'string' ? { rebalance: { noticeTime } } : undefined;
}

function parseLifecycle(text: string): Signals {
  return { lifecycleState: text };
}

function parseMaintenance(text: string): Signals | undefined {
  const events = parseJson(text);
  if (!Array.isArray(events)) return undefined;
  const maintenance = events.filter(isRecord).flatMap((event) => maintenanceEvent(event) ?? []);
  return maintenance.length === 0 ? {} : { maintenance };
}

function maintenanceEvent(event: Readonly<Record<string, unknown>>): MaintenanceEvent | undefined {
  const state = String(event.State ?? 'active');
  if (state === 'completed' || state === 'canceled') return undefined;
  const notBefore = typeof event.NotBefore === 'string' ? event.NotBefore : undefined;
  return { code: String(event.Code), description: String(event.Description ?? ''), state, notBefore };
}

function unreadable(path: string): AwsFailure {
  const message = `${path} is not what AWS documents`;
  return { kind: 'invalid', api: 'Imds', code: 'unreadable', message, requestId: undefined };
}

function parseRecord(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  return isRecord(value) ? value : {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
