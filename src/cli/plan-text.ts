import type { RouteView } from '../agent/index.ts';
import { type DecidedRoute, type Decision, destinationKey } from '../core/index.ts';

const SIGNS = { create: '+', replace: '~', delete: '-', hold: ' ' } as const;
const COLORS = { create: '32', replace: '33', delete: '31', hold: '90' } as const;

/** A plan as people read it: a block per route table, a line per route, a sum at the end. */
export function planText(
  decided: readonly DecidedRoute[],
  views: readonly RouteView[],
  isColored: boolean,
): string {
  const blocks = new Map<string, string[]>();
  for (const [index, { decision }] of decided.entries()) {
    const view = views[index];
    if (view === undefined) continue;
    const title = `${view.table.id}${view.table.tags.Name === undefined ? '' : ` "${view.table.tags.Name}"`} (${view.group})`;
    blocks.set(title, [...(blocks.get(title) ?? []), routeLine(view, decision, isColored)]);
  }
  const text = [...blocks].map(([title, lines]) => `${title}\n${lines.join('\n')}\n`);
  return `${text.join('\n')}${text.length > 0 ? '\n' : ''}${sumLine(decided)}\n`;
}

/** The same for programs. */
export function planJson(
  decided: readonly DecidedRoute[],
  views: readonly RouteView[],
  announcements: readonly object[],
): string {
  const routes = decided.flatMap(({ route, decision }, index) => {
    const view = views[index];
    if (view === undefined) return [];
    return {
      table: route.tableId,
      group: view.group,
      destination: destinationKey(route.destination),
      verdict: decision.verdict,
      reason: decision.reason,
      holder: view.observed?.target.id ?? null,
      to: decision.verdict === 'create' || decision.verdict === 'replace' ? decision.to.id : null,
    };
  });
  return `${JSON.stringify({ changes: countOf(decided), routes, announcements }, null, 2)}\n`;
}

function routeLine(view: RouteView, decision: Decision, isColored: boolean): string {
  const destination = destinationKey(view.route.destination).padEnd(20);
  const blackhole = view.observed?.state === 'blackhole' ? ' (blackhole)' : '';
  const from = `${view.observed?.target.id ?? 'no route'}${blackhole}`;
  const line = `  ${SIGNS[decision.verdict]} ${destination} ${from}${arrow(decision)}  ${decision.reason}`;
  return isColored ? `\u001b[${COLORS[decision.verdict]}m${line}\u001b[0m` : line;
}

function arrow(decision: Decision): string {
  if (decision.verdict === 'hold') return '';
  return ` → ${decision.verdict === 'delete' ? 'no route' : decision.to.id}`;
}

function sumLine(decided: readonly DecidedRoute[]): string {
  const count = countOf(decided);
  if (count.create + count.replace + count.delete === 0)
    return `No changes: ${count.hold} routes stay as they are.`;
  return `Plan: ${count.create} to create, ${count.replace} to replace, ${count.delete} to delete, ${count.hold} unchanged.`;
}

function countOf(decided: readonly DecidedRoute[]): Record<Decision['verdict'], number> {
  const count = { create: 0, replace: 0, delete: 0, hold: 0 };
  for (const { decision } of decided) count[decision.verdict] += 1;
  return count;
}
