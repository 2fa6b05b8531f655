import type { Clock, Timer } from '../../lib/clock.ts';
import type { Scenario, Timing } from '../scenario.ts';
import { createAccounts } from './accounts.ts';
import {
  type ApiError,
  type ApiResult,
  dryRunPassed,
  failure,
  notFound,
  success,
  unauthorized,
} from './api-error.ts';
import { buildState, DEFAULT_ACCOUNT, DEFAULT_REGION } from './build-state.ts';
import { parseDestination } from './destination.ts';
import { addGateway, removeGateway, replaceTags } from './edits.ts';
import { createHistory, MAX_STALE_MS } from './history.ts';
import { createJournal, type JournalEntry } from './journal.ts';
import { createLifecycle, type Lifecycle } from './lifecycle.ts';
import { createRoute, deleteRoute, type RouteChange, replaceRoute, staticRoute } from './route-changes.ts';
import type { Destination, RouteTable, Tags, TargetRequest, WorldState } from './state.ts';
import { parseTargetId } from './target-id.ts';

/** Who asks when nobody is named: an operator of the default account. */
export const OPERATOR = 'AKIAOPERATOR';

export interface Caller {
  /** Default `OPERATOR`. */
  readonly accessKeyId?: string;
  /** Check and authorize only; a pass is the error `DryRunOperation`. */
  readonly dryRun?: boolean;
}

export interface RouteKey extends Caller {
  readonly tableId: string;
  /** CIDR (host bits are dropped) or `pl-…`. */
  readonly destination: string;
}

export interface RouteRequest extends RouteKey {
  /** An id (`eni-…`, `i-…`, `igw-…`, `local`, an ARN), or kind and id. */
  readonly target: string | TargetRequest;
}

/**
 * One region in memory. Calls take effect at once and answer with a value; nothing here waits or does I/O. Lifecycle
 * steps that take time (see `Timing`) run on the clock.
 */
export interface World extends Lifecycle {
  readonly region: string;
  readonly accountId: string;
  readonly clock: Clock;
  /** The region as it is. */
  state(): WorldState;
  /** The region as it was `ageMs` ago, at most 10 s. */
  stateAgo(ageMs: number): WorldState;
  createRoute(request: RouteRequest): ApiResult;
  replaceRoute(request: RouteRequest): ApiResult;
  deleteRoute(request: RouteKey): ApiResult;
  /** Replaces the tags of a table, instance or interface. */
  setTags(id: string, tags: Tags): ApiResult;
  /** Takes a gateway away: routes to it turn to blackhole. */
  removeGateway(id: string): ApiResult;
  addGateway(id: string): ApiResult;
  /** Id of what the static route points at now; undefined: there is no such route. */
  targetOf(tableId: string, destination: string): string | undefined;
  accountOf(accessKeyId: string): string;
  /** A new access key that belongs to `accountId`, as AssumeRole gives out. */
  issueKey(accountId: string, roleArn: string): string;
  /** ARN by which errors name the caller. */
  arnOf(accessKeyId: string): string;
  /** The refusal of an action that the caller may not take. */
  denial(action: string, accessKeyId: string): ApiError;
  journal(afterSeq?: number): readonly JournalEntry[];
  /** Stops what is still to happen. */
  close(): void;
}

export interface WorldOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly journalCapacity?: number;
  readonly onChange?: (entry: JournalEntry) => void;
}

const NO_TIMING: Timing = { stopMs: 0, startMs: 0, rebootMs: 0, terminateMs: 0, initializingMs: 0 };

export function createWorld(scenario: Scenario, options: WorldOptions): World {
  const { clock, random } = options;
  const region = scenario.region ?? DEFAULT_REGION;
  const accountId = scenario.accountId ?? DEFAULT_ACCOUNT;
  const rules = {
    routeQuota: scenario.routeQuota ?? 500,
    missingRouteCode: scenario.missingRouteCode ?? ('InvalidParameterValue' as const),
  };
  const history = createHistory(buildState(scenario, clock.wallNow()), clock.now());
  const journal = createJournal(options.journalCapacity ?? 10_000);
  const accounts = createAccounts({ accountId, accounts: scenario.accounts ?? [], random });
  const timers = new Set<Timer>();

  const commit = (state: WorldState) => history.record(state, clock.now());
  const note = (entry: Omit<JournalEntry, 'seq' | 'atMs' | 'wallMs'>) => {
    // Appended first: an optional call would not evaluate its argument where nobody listens.
    const complete = journal.append({ atMs: clock.now(), wallMs: clock.wallNow(), ...entry });
    options.onChange?.(complete);
  };
  const later = (delayMs: number, run: () => void) => {
    if (delayMs <= 0) return run();
    const timer = clock.after(delayMs, () => {
      timers.delete(timer);
      run();
    });
    timers.add(timer);
  };

  const changeRoute = (action: string, request: RouteKey, change: ChangeTable): ApiResult => {
    const accessKeyId = request.accessKeyId ?? OPERATOR;
    const destination = parseDestination(request.destination);
    const outcome = authorize(action, request, destination);
    const changed = outcome.ok ? change(outcome.value.table, outcome.value.destination) : outcome;
    if (changed.ok) commit(changed.value.state);
    if (changed.ok || changed.error.code !== 'DryRunOperation') {
      const table = history.latest().routeTables.get(request.tableId);
      const present = table && destination && staticRoute(table, destination)?.target.id;
      note({
        action,
        accessKeyId,
        tableId: request.tableId,
        destination: destination?.key ?? request.destination,
        instanceId: undefined,
        from: changed.ok ? changed.value.from?.id : present,
        to: changed.ok ? changed.value.to?.id : present,
        result: changed.ok ? 'ok' : changed.error.code,
      });
    }
    return changed.ok ? success(undefined) : changed;
  };

  const edit = (changed: ApiResult<WorldState>): ApiResult => {
    if (changed.ok) commit(changed.value);
    return changed.ok ? success(undefined) : changed;
  };

  const deny = (action: string, accessKeyId: string) =>
    unauthorized(action, accounts.arnOf(accessKeyId), accounts.encodedDenial());

  /** EC2's order: the parameters' form, the table, the caller's right, and only then what a dry run does not reach. */
  const authorize = (action: string, request: RouteKey, destination: Destination | undefined) => {
    if (destination === undefined) {
      const message = `Value (${request.destination}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.`;
      return failure('InvalidParameterValue', message);
    }
    const table = history.latest().routeTables.get(request.tableId);
    if (table === undefined) return notFound('InvalidRouteTableID.NotFound', 'routeTable', request.tableId);
    const accessKeyId = request.accessKeyId ?? OPERATOR;
    if (accounts.accountOf(accessKeyId) !== table.ownerId) return deny(action, accessKeyId);
    if (request.dryRun === true) return dryRunPassed();
    return success({ table, destination });
  };

  const lifecycle = createLifecycle({
    state: history.latest,
    commit,
    later,
    note: ({ accessKeyId = OPERATOR, ...entry }) =>
      note({ tableId: undefined, destination: undefined, accessKeyId, ...entry }),
    timing: { ...NO_TIMING, ...scenario.timing },
    wallNow: () => clock.wallNow(),
  });

  return {
    region,
    accountId,
    clock,
    ...lifecycle,
    accountOf: accounts.accountOf,
    issueKey: accounts.issueKey,
    arnOf: accounts.arnOf,
    denial: (action, accessKeyId) => deny(action, accessKeyId).error,
    state: history.latest,
    stateAgo: (ageMs) =>
      ageMs <= 0 ? history.latest() : history.at(clock.now() - Math.min(ageMs, MAX_STALE_MS)),
    createRoute: (request) =>
      withTarget(request.target, (target) =>
        changeRoute('CreateRoute', request, (table, destination) =>
          createRoute(history.latest(), { table, destination, target }, rules),
        ),
      ),
    replaceRoute: (request) =>
      withTarget(request.target, (target) =>
        changeRoute('ReplaceRoute', request, (table, destination) =>
          replaceRoute(history.latest(), { table, destination, target }, rules),
        ),
      ),
    deleteRoute: (request) =>
      changeRoute('DeleteRoute', request, (table, destination) =>
        deleteRoute(history.latest(), table, destination),
      ),
    setTags(id, tags) {
      const changed = edit(replaceTags(history.latest(), id, tags));
      const isTable = id.startsWith('rtb-');
      note({
        action: 'CreateTags',
        accessKeyId: OPERATOR,
        tableId: isTable ? id : undefined,
        instanceId: isTable ? undefined : id,
        destination: undefined,
        from: undefined,
        to: undefined,
        result: changed.ok ? 'ok' : changed.error.code,
      });
      return changed;
    },
    removeGateway: (id) => edit(removeGateway(history.latest(), id)),
    addGateway: (id) => edit(addGateway(history.latest(), id)),
    targetOf(tableId, destination) {
      const table = history.latest().routeTables.get(tableId);
      const parsed = parseDestination(destination);
      return table && parsed && staticRoute(table, parsed)?.target.id;
    },
    journal: journal.entries,
    close() {
      for (const timer of timers) timer.cancel();
      timers.clear();
    },
  };
}

type ChangeTable = (table: RouteTable, destination: Destination) => ApiResult<RouteChange>;

function withTarget(target: string | TargetRequest, change: (target: TargetRequest) => ApiResult): ApiResult {
  if (typeof target !== 'string') return change(target);
  const parsed = parseTargetId(target);
  return parsed === undefined
    ? failure('InvalidParameterValue', `'${target}' is no route target's ID`)
    : change(parsed);
}
