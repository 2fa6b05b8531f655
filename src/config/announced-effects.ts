import type { ServiceAddressesSpec } from '../announce/index.ts';
import type { CheckSpec } from '../checks/index.ts';
import type { DrainAttributes, HealthExpression } from '../core/index.ts';
import { isSameAddress } from '../lib/sockaddr.ts';
import type { ReadAnnouncedRoute } from './announced-routes.ts';
import type { ReadPeer } from './announcer-peers.ts';
import { enumerateFew } from './enumerate.ts';
import type { Report } from './problems.ts';
import { labelSpot, placeOf, valueSpot } from './tree.ts';

/** More than this is cut or refused by many a router. */
const USUAL_PREPEND = 32;

/** What routes are seen beside. */
export interface Surroundings {
  readonly peers: readonly ReadPeer[];
  readonly checks: readonly CheckSpec[];
  readonly drain: DrainAttributes;
  readonly addresses: ServiceAddressesSpec | undefined;
}

/** Warns of what has no effect in a route, or hardly the one that is meant. */
export function warnOfRoutes(
  routes: readonly ReadAnnouncedRoute[],
  surroundings: Surroundings,
  report: Report,
): void {
  for (const route of routes) {
    warnOfAttributes(route, surroundings, report);
    if (surroundings.addresses !== undefined) warnOfAddress(route, surroundings, report);
  }
  warnOfRepeated(routes, report);
}

function warnOfAttributes(
  { fields, spec }: ReadAnnouncedRoute,
  { peers, drain }: Surroundings,
  report: Report,
): void {
  const [localPrefAt, prependAt, medAt] = [
    fields.child('local_pref'),
    fields.child('as_path_prepend'),
    fields.child('med'),
  ];
  const { asPathPrepend, med } = spec.attributes;
  if (localPrefAt !== undefined && !peers.some((peer) => peer.isIbgp)) {
    const message = 'has no effect: every peer is in another AS, where it is not sent; leave it out';
    report.warn(labelSpot(localPrefAt), 'no-effect', message);
  }
  if (prependAt !== undefined && asPathPrepend > 0 && peers.every((peer) => peer.isIbgp)) {
    const message = 'has no effect: every peer is in the own AS, where the path is empty; leave it out';
    report.warn(labelSpot(prependAt), 'no-effect', message);
  } else if (prependAt !== undefined && asPathPrepend > USUAL_PREPEND) {
    const message = `routers refuse or cut long paths; write at most ${USUAL_PREPEND}`;
    report.warn(valueSpot(prependAt), 'unusual', message);
  }
  if (medAt !== undefined && med !== undefined && drain.med !== undefined && drain.med <= med) {
    const message = `drain.med is ${drain.med}, and the lower one is preferred: draining keeps or attracts traffic; write a lower med here`;
    report.warn(valueSpot(medAt), 'unusual', message);
  }
}

/** The address of a prefix is there only while the prefix is announced: nothing it depends on can look for it before. */
function warnOfAddress(
  { cidr, spec, prefixAt, fields }: ReadAnnouncedRoute,
  { checks }: Surroundings,
  report: Report,
): void {
  if (cidr.prefixLength !== cidr.bytes.length * 8) {
    const message =
      'gets no address from addresses, which adds those of host prefixes only; add one yourself';
    report.warn(valueSpot(prefixAt), 'no-effect', message);
    return;
  }
  const address = cidr.text.replace(/\/\d+$/, '');
  const names = checksIn(spec.health);
  const waiting = checks.filter((check) => names.has(check.name) && needsAddress(check, address));
  const at = fields.child('healthcheck');
  if (waiting.length === 0 || at === undefined) return;
  const list = enumerateFew(waiting.map((check) => check.name));
  const message = `${list} needs ${address}, which addresses adds only once the checks pass; probe 127.0.0.1 or another address`;
  report.warn(valueSpot(at), 'unusual', message);
}

function needsAddress({ probe, destination }: CheckSpec, address: string): boolean {
  const wanted = probe.type === 'assigned_address' ? probe.address : destination;
  return isSameAddress(wanted, address);
}

/** An expression is a graph: what is named in several places is seen once. */
function checksIn(expression: HealthExpression): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<HealthExpression>();
  const visit = (each: HealthExpression): void => {
    if (seen.has(each)) return;
    seen.add(each);
    if (each.kind === 'check') names.add(each.name);
    else if (each.kind === 'not') visit(each.of);
    else each.of.forEach(visit);
  };
  visit(expression);
  return names;
}

/** Of several entries of one prefix the first healthy one counts. */
function warnOfRepeated(routes: readonly ReadAnnouncedRoute[], report: Report): void {
  const equals = new Map<string, ReadAnnouncedRoute>();
  const always = new Map<string, ReadAnnouncedRoute>();
  for (const route of routes) {
    const { prefix, health } = route.spec;
    const key = JSON.stringify(route.spec);
    const [equal, sure] = [equals.get(key), always.get(prefix)];
    if (equal === undefined) equals.set(key, route);
    const isAlways = health.kind === 'all' && health.of.length === 0;
    if (isAlways && sure === undefined) always.set(prefix, route);
    const idle = whyIdle(equal, sure);
    if (idle !== undefined) report.warn(labelSpot(route.prefixAt), 'no-effect', idle);
  }
}

function whyIdle(
  equal: ReadAnnouncedRoute | undefined,
  sure: ReadAnnouncedRoute | undefined,
): string | undefined {
  if (equal !== undefined) {
    return `stands in ${placeOf(equal.prefixAt.labelAt)} just so already; leave one of the two out`;
  }
  if (sure === undefined) return undefined;
  const where = placeOf(sure.prefixAt.labelAt);
  return `has no effect: the entry in ${where} has no healthcheck and always counts; give it one, or leave one of the two out`;
}
