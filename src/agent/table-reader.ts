import { serverFilters, type TableQuery } from '../aws/index.ts';
import type { ObservedTable } from '../core/index.ts';
import type { ApiHealth } from './api-health.ts';
import type { AgentDeps } from './deps.ts';
import type { AgentSpec, TableGroupSpec } from './spec.ts';

const API = 'DescribeRouteTables';

/** How a read went: which tables it showed, and when a failed one may be tried again. */
export interface ReadReport {
  readonly tables: readonly ObservedTable[];
  /** Undefined when every part succeeded; else the earliest time to try again (monotonic ms). */
  readonly retryAtMs: number | undefined;
}

/** The tables as the newest read of each showed them. */
export class TableReader {
  readonly #deps: AgentDeps;
  readonly #apiHealth: ApiHealth;
  #tables: ReadonlyMap<string, ObservedTable> = new Map();

  constructor(deps: AgentDeps, apiHealth: ApiHealth) {
    this.#deps = deps;
    this.#apiHealth = apiHealth;
  }

  tables(): ReadonlyMap<string, ObservedTable> {
    return this.#tables;
  }

  /** Reads every table that the groups could mean. What one role can't read keeps its last state and its age. */
  async readAll(spec: AgentSpec, signal: AbortSignal): Promise<ReadReport> {
    const roles = new Set(spec.tableGroups.map((group) => group.assumeRole));
    const queries = [...roles].map((roleArn) => this.#queryFor(spec, roleArn));
    const reports = await Promise.all(queries.map((query) => this.#read(query, signal)));
    for (const [index, query] of queries.entries()) {
      const report = reports[index];
      if (report?.retryAtMs === undefined) this.#forgetUnseen(query.roleArn, report?.tables ?? []);
    }
    return merge(reports);
  }

  /** Reads just these tables, one call a role. A table that is gone is forgotten. */
  async readSome(tableIds: readonly string[], signal: AbortSignal): Promise<ReadReport> {
    const byRole = new Map<string | undefined, string[]>();
    for (const id of tableIds) {
      const roleArn = this.#tables.get(id)?.roleArn;
      byRole.set(roleArn, [...(byRole.get(roleArn) ?? []), id]);
    }
    const reads = [...byRole].map(async ([roleArn, ids]) => {
      const report = await this.#read({ ids, filters: [], roleArn }, signal);
      if (report.retryAtMs === undefined) this.#forgetMissing(ids, report.tables);
      return report;
    });
    return merge(await Promise.all(reads));
  }

  async #read(query: TableQuery, signal: AbortSignal): Promise<ReadReport> {
    const subject = query.roleArn === undefined ? API : `${API} ${query.roleArn}`;
    const readyAtMs = this.#apiHealth.readyAtMs(subject);
    if (readyAtMs > this.#deps.clock.now()) return { tables: [], retryAtMs: readyAtMs };
    const result = await this.#deps.tables.describe(query, signal);
    if (!result.ok) return { tables: [], retryAtMs: this.#apiHealth.failed(subject, result.failure) };
    this.#apiHealth.succeeded(subject);
    this.#put(result.tables);
    return { tables: result.tables, retryAtMs: undefined };
  }

  #queryFor(spec: AgentSpec, roleArn: string | undefined): TableQuery {
    const groups = spec.tableGroups.filter((group) => group.assumeRole === roleArn);
    const finders = groups.map((group) => ({ finder: group.find, vpcId: this.#vpcOf(group) }));
    return { ids: undefined, filters: serverFilters(finders), roleArn };
  }

  #vpcOf(group: TableGroupSpec): string | undefined {
    return vpcGuard(group, this.#deps.identity.vpcId);
  }

  /** Reads can overtake each other: an older one never replaces what a newer one showed. */
  #put(tables: readonly ObservedTable[]): void {
    const next = new Map(this.#tables);
    for (const table of tables) {
      const known = next.get(table.id);
      if (known === undefined || known.readAtMs <= table.readAtMs) next.set(table.id, table);
    }
    this.#tables = next;
  }

  #forgetUnseen(roleArn: string | undefined, seen: readonly ObservedTable[]): void {
    const ids = [...this.#tables.values()]
      .filter((table) => table.roleArn === roleArn)
      .map((table) => table.id);
    this.#forgetMissing(ids, seen);
  }

  #forgetMissing(ids: readonly string[], seen: readonly ObservedTable[]): void {
    const present = new Set(seen.map((table) => table.id));
    const gone = ids.filter((id) => !present.has(id));
    if (gone.length === 0) return;
    const next = new Map(this.#tables);
    for (const id of gone) next.delete(id);
    this.#tables = next;
  }
}

/** The VPC that the group's tables must be in; undefined for `any`. */
export function vpcGuard(group: TableGroupSpec, ownVpcId: string): string | undefined {
  if (group.vpc === 'any') return undefined;
  return group.vpc === 'own' ? ownVpcId : group.vpc;
}

function merge(reports: readonly ReadReport[]): ReadReport {
  const retries = reports.flatMap((report) => report.retryAtMs ?? []);
  return {
    tables: reports.flatMap((report) => report.tables),
    retryAtMs: retries.length === 0 ? undefined : Math.min(...retries),
  };
}
