import { type AwsFailure, serverFilters, type TableQuery } from '../aws/index.ts';
import { matches, type ObservedTable } from '../core/index.ts';
import type { ApiHealth } from './api-health.ts';
import type { AgentDeps } from './deps.ts';
import type { AgentSpec, TableGroupSpec } from './spec.ts';

const API = 'DescribeRouteTables';

/** How a read went: which tables it showed, and when a failed one may be tried again. */
export interface ReadReport {
  readonly tables: readonly ObservedTable[];
  /** Undefined when every part succeeded; else the earliest time to try again (monotonic ms). */
  readonly retryAtMs: number | undefined;
  /** Roles whose part succeeded. */
  readonly roles: readonly (string | undefined)[];
}

/** `sinceMs`: what was read in full then or later need not be read again (monotonic ms); undefined: all is read. */
export interface PollOptions {
  readonly sinceMs?: number;
  readonly signal: AbortSignal;
}

/** A table as one role sees it: in a shared VPC two roles may see one table. */
export type TableKey = string;

export function tableKey(tableId: string, roleArn: string | undefined): TableKey {
  return roleArn === undefined ? tableId : `${tableId} ${roleArn}`;
}

/** The tables as the newest read of each showed them. */
export class TableReader {
  readonly #deps: AgentDeps;
  readonly #apiHealth: ApiHealth;
  /** When the last whole read of each role was sent that succeeded. */
  readonly #wholeAtMs = new Map<string | undefined, number>();
  #tables: ReadonlyMap<TableKey, ObservedTable> = new Map();
  readonly #onReconnected: () => void;
  #isCutOff = false;

  /** `onReconnected`: EC2 answers again after it could not be reached. */
  constructor(deps: AgentDeps, apiHealth: ApiHealth, onReconnected: () => void) {
    this.#deps = deps;
    this.#apiHealth = apiHealth;
    this.#onReconnected = onReconnected;
  }

  tables(): ReadonlyMap<TableKey, ObservedTable> {
    return this.#tables;
  }

  /**
   * Reads every table that the groups could mean, but those of roles for which that was done at `sinceMs` or later. What
   * one role can't read keeps its last state and its age.
   */
  async readAll(spec: AgentSpec, { sinceMs = Infinity, signal }: PollOptions): Promise<ReadReport> {
    const roles = new Set(spec.tableGroups.map((group) => group.assumeRole));
    const due = [...roles].filter(
      (roleArn) => (this.#wholeAtMs.get(roleArn) ?? Number.NEGATIVE_INFINITY) < sinceMs,
    );
    return merge(await Promise.all(due.map((roleArn) => this.#readWhole(spec, roleArn, signal))));
  }

  async #readWhole(spec: AgentSpec, roleArn: string | undefined, signal: AbortSignal): Promise<ReadReport> {
    const sentAtMs = this.#deps.clock.now();
    const report = await this.#read(this.#queryFor(spec, roleArn), signal);
    if (report.retryAtMs !== undefined) return report;
    this.#wholeAtMs.set(roleArn, sentAtMs);
    this.#forgetUnseen(roleArn, report.tables);
    return report;
  }

  /** Reads just these tables, one call a role. A table that is gone is forgotten. */
  async readSome(keys: readonly TableKey[], signal: AbortSignal): Promise<ReadReport> {
    const byRole = new Map<string | undefined, string[]>();
    for (const key of keys) {
      const table = this.#tables.get(key);
      if (table !== undefined) byRole.set(table.roleArn, [...(byRole.get(table.roleArn) ?? []), table.id]);
    }
    const reads = [...byRole].map(async ([roleArn, ids]) => {
      const report = await this.#read({ ids, filters: [], roleArn }, signal);
      if (report.retryAtMs === undefined)
        this.#forgetMissing(
          ids.map((id) => tableKey(id, roleArn)),
          report.tables,
        );
      return report;
    });
    return merge(await Promise.all(reads));
  }

  async #read(query: TableQuery, signal: AbortSignal): Promise<ReadReport> {
    const subject = query.roleArn === undefined ? API : `${API} ${query.roleArn}`;
    const readyAtMs = this.#apiHealth.readyAtMs(subject);
    if (readyAtMs > this.#deps.clock.now()) return { tables: [], retryAtMs: readyAtMs, roles: [] };
    const result = await this.#deps.tables.describe(query, signal);
    if (!result.ok) {
      this.#isCutOff ||= isOwnNetwork(result.failure);
      return { tables: [], retryAtMs: this.#apiHealth.failed(subject, result.failure), roles: [] };
    }
    this.#apiHealth.succeeded(subject);
    if (this.#isCutOff) this.#onReconnected();
    this.#isCutOff = false;
    this.#put(result.tables);
    return { tables: result.tables, retryAtMs: undefined, roles: [query.roleArn] };
  }

  #queryFor(spec: AgentSpec, roleArn: string | undefined): TableQuery {
    const groups = spec.tableGroups.filter((group) => group.assumeRole === roleArn);
    const finders = groups.map((group) => ({ finder: group.find, vpcId: this.#vpcOf(group) }));
    return { ids: undefined, filters: serverFilters(finders), roleArn };
  }

  #vpcOf(group: TableGroupSpec): string | undefined {
    return vpcGuard(group, this.#deps.identity().vpcId);
  }

  /** Reads can overtake each other: an older one never replaces what a newer one showed. */
  #put(tables: readonly ObservedTable[]): void {
    const next = new Map(this.#tables);
    for (const table of tables) {
      const key = tableKey(table.id, table.roleArn);
      const known = next.get(key);
      if (known === undefined || known.readAtMs <= table.readAtMs) next.set(key, table);
    }
    this.#tables = next;
  }

  #forgetUnseen(roleArn: string | undefined, seen: readonly ObservedTable[]): void {
    const known = [...this.#tables].filter(([, table]) => table.roleArn === roleArn);
    this.#forgetMissing(
      known.map(([key]) => key),
      seen,
    );
  }

  #forgetMissing(keys: readonly TableKey[], seen: readonly ObservedTable[]): void {
    const present = new Set(seen.map((table) => tableKey(table.id, table.roleArn)));
    const gone = keys.filter((key) => !present.has(key));
    if (gone.length === 0) return;
    const next = new Map(this.#tables);
    for (const key of gone) next.delete(key);
    this.#tables = next;
  }
}

/** Whether the group means this table: its VPC, its role and its finder all fit. */
export function isMeant(group: TableGroupSpec, table: ObservedTable, ownVpcId: string): boolean {
  const vpcId = vpcGuard(group, ownVpcId);
  if (vpcId !== undefined && table.vpcId !== vpcId) return false;
  return table.roleArn === group.assumeRole && matches(group.find, table);
}

/** The VPC that the group's tables must be in; undefined for `any`. */
function vpcGuard(group: TableGroupSpec, ownVpcId: string): string | undefined {
  if (group.vpc === 'any') return undefined;
  return group.vpc === 'own' ? ownVpcId : group.vpc;
}

/** A failure of the way to EC2, as against an answer of EC2: perhaps the way to everything else is cut too. */
function isOwnNetwork({ kind, code }: AwsFailure): boolean {
  return kind === 'transient' && (code === 'timeout' || /^E[A-Z_]+$/.test(code));
}

function merge(reports: readonly ReadReport[]): ReadReport {
  const retries = reports.flatMap((report) => report.retryAtMs ?? []);
  return {
    tables: reports.flatMap((report) => report.tables),
    roles: reports.flatMap((report) => report.roles),
    retryAtMs: retries.length === 0 ? undefined : Math.min(...retries),
  };
}
