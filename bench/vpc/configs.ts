import { GREETING } from '../../test/support/story/mortal-service.ts';
import { BACKUP, type Place } from './scenario.ts';

/** How fast checks are, with the default count of passes. */
export interface CheckPace {
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly fall: number;
}

/** A route and what tells whether its holder's service is well; without a check it is EC2 that tells. */
export interface WatchedPlace {
  readonly place: Place;
  readonly port: number;
  readonly isWatched: boolean;
}

export interface ConfigOptions {
  readonly pace: CheckPace;
  readonly watched: readonly WatchedPlace[];
  /** Undefined: the default. */
  readonly pollMs?: number | undefined;
}

/** The name of the check that watches a place; at the backup it runs as `NAME@INTERFACE`. */
export function checkName({ index }: Place): string {
  return `service-${index}`;
}

/** The agent that takes over: one local check of its own, one remote check per watched place. */
export function backupConfig(options: ConfigOptions & { readonly ownPort: number }): string {
  const { watched, ownPort, pace } = options;
  const templates = watched
    .filter(({ isWatched }) => isWatched)
    .map(({ place, port }) => `  ${checkName(place)}: { ${check(port, pace)} }`);
  const remote = templates.length === 0 ? '' : `remote_healthchecks:\n${templates.join('\n')}\n`;
  return `${pollLine(options)}healthchecks:
  own: { ${check(ownPort, pace)}, destination: ${BACKUP.address} }
${remote}routetables:
${groups(watched, ({ place, isWatched }) => `healthcheck: own, if_unhealthy: true${isWatched ? `, remote_healthcheck: ${checkName(place)}` : ''}`)}
`;
}

/** The holder's own agent: one local check per place. `never_delete`: it keeps a route whatever its check says. */
export function holderConfig(
  options: ConfigOptions & { readonly neverDelete: boolean; readonly isWatched: boolean },
): string {
  const { watched, pace, neverDelete, isWatched } = options;
  const checks = watched.map(
    ({ place, port }) => `  ${checkName(place)}: { ${check(port, pace)}, destination: ${place.address} }`,
  );
  const remote = isWatched
    ? `remote_healthchecks:\n  watched: { ${check(watched[0]?.port ?? 1, pace)} }\n`
    : '';
  return `${pollLine(options)}healthchecks:
${checks.join('\n')}
${remote}routetables:
${groups(watched, ({ place }) => `healthcheck: ${checkName(place)}, never_delete: ${neverDelete}${isWatched ? ', remote_healthcheck: watched' : ''}`)}
`;
}

/** The agent that takes over many tables alike: the same routes in each, one remote check for all. */
export function backupOfAllConfig(options: {
  readonly pace: CheckPace;
  readonly port: number;
  readonly ownPort: number;
  readonly destinations: readonly string[];
}): string {
  const { pace, port, ownPort, destinations } = options;
  const routes = destinations.map(
    (cidr) => `      - { cidr: ${cidr}, healthcheck: own, remote_healthcheck: service, if_unhealthy: true }`,
  );
  return `healthchecks:
  own: { ${check(ownPort, pace)}, destination: ${BACKUP.address} }
remote_healthchecks:
  service: { ${check(port, pace)} }
routetables:
  all:
    find: { type: by_tag, key: bench, value: "yes" }
    manage_routes:
${routes.join('\n')}
`;
}

function pollLine({ pollMs }: ConfigOptions): string {
  return pollMs === undefined ? '' : `poll_time: ${pollMs}ms\n`;
}

function check(port: number, { everyMs, timeoutMs, fall }: CheckPace): string {
  const pace = `every: ${everyMs}ms, timeout: ${timeoutMs}ms, fall: ${fall}`;
  return `type: tcp, port: ${port}, expect: "${GREETING}", ${pace}`;
}

/** A group for each table: its routes are told apart by their checks. */
function groups(watched: readonly WatchedPlace[], settings: (one: WatchedPlace) => string): string {
  const names = [...new Set(watched.map(({ place }) => place.tableName))];
  const byName = Map.groupBy(watched, ({ place }) => place.tableName);
  return names
    .map((name) => {
      const routes = (byName.get(name) ?? []).map(
        (one) => `      - { cidr: ${one.place.destination}, ${settings(one)} }`,
      );
      return `  ${name}:\n    find: { type: by_tag, key: Name, value: ${name} }\n    manage_routes:\n${routes.join('\n')}`;
    })
    .join('\n');
}
