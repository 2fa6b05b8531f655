import type { IpFamily } from '../lib/sockaddr.ts';

// Reads what `nft --json` and `iptables-save` print, as far as it says whether anything is masqueraded: rules of a nat
// chain at the postrouting hook, and of chains that it jumps to, whatever else the rules match.

type Json = Readonly<Record<string, unknown>>;

interface NftChain {
  readonly key: string;
  /** Families of the packets that the kernel itself brings to it: none where only jumps lead there. */
  readonly entered: readonly IpFamily[];
}

interface NftRule {
  /** Of its chain. */
  readonly key: string;
  readonly table: string;
  /** Of the packets that it can match. */
  readonly families: ReadonlySet<IpFamily>;
  readonly isMasquerade: boolean;
  readonly jumps: readonly string[];
  /** It looks its verdict up in a map of its own name, whose content is not listed: it may jump anywhere in its table. */
  readonly jumpsAnywhere: boolean;
}

const TABLE_FAMILIES: Readonly<Record<string, readonly IpFamily[]>> = {
  ip: ['ipv4'],
  ip6: ['ipv6'],
  inet: ['ipv4', 'ipv6'],
};
const FAMILY_OF: Readonly<Record<string, IpFamily>> = {
  ip: 'ipv4',
  ip6: 'ipv6',
  ipv4: 'ipv4',
  ipv6: 'ipv6',
};
const XT_TARGETS: ReadonlySet<unknown> = new Set(['MASQUERADE', 'SNAT']);

/** Families for which `nft --json list ruleset` has a masquerade or SNAT rule; undefined: that is not its output. */
export function masqueradedByNft(output: string): ReadonlySet<IpFamily> | undefined {
  const items = parseItems(output);
  if (items === undefined) return undefined;
  const dormant = new Set(items.flatMap((item) => dormantTable(item.table)));
  const rules = items.flatMap((item) => nftRule(item.rule)).filter((rule) => !dormant.has(rule.table));
  const reached = new Map<string, Set<IpFamily>>();
  const waiting = items.flatMap((item) => nftChain(item.chain)).filter((chain) => chain.entered.length > 0);
  for (let chain = waiting.pop(); chain !== undefined; chain = waiting.pop()) {
    const { key, entered } = chain;
    const known = reached.get(key) ?? new Set();
    const fresh = entered.filter((family) => !known.has(family));
    if (fresh.length === 0) continue;
    reached.set(key, new Set([...known, ...fresh]));
    for (const rule of rules.filter((each) => each.key === key)) {
      const passed = fresh.filter((family) => rule.families.has(family));
      const targets = rule.jumpsAnywhere ? keysOf(rules, rule.table) : rule.jumps;
      for (const target of targets) waiting.push({ key: target, entered: passed });
    }
  }
  const found = rules.flatMap((rule) => {
    const families = rule.isMasquerade ? [...(reached.get(rule.key) ?? [])] : [];
    return families.filter((family) => rule.families.has(family));
  });
  return new Set(found);
}

/** Whether the output of `iptables-save` or `ip6tables-save` has a MASQUERADE or SNAT rule. */
export function isMasqueradedByIptables(output: string): boolean {
  const rules = savedNatRules(output);
  const reached = new Set<string>();
  const waiting = ['POSTROUTING'];
  for (let chain = waiting.pop(); chain !== undefined; chain = waiting.pop()) {
    if (reached.has(chain)) continue;
    reached.add(chain);
    const targets = rules.flatMap((rule) => (rule.chain === chain ? [rule.target] : []));
    if (targets.some((target) => XT_TARGETS.has(target))) return true;
    waiting.push(...targets);
  }
  return false;
}

function savedNatRules(output: string): readonly { readonly chain: string; readonly target: string }[] {
  let isNat = false;
  return output.split('\n').flatMap((line) => {
    if (line.startsWith('*')) isNat = line.trim() === '*nat';
    const words = line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
    const [append, chain] = words;
    if (!isNat || append !== '-A' || chain === undefined) return [];
    const target = words.find((_word, at) => isTargetOption(words, at - 1));
    return target === undefined ? [] : [{ chain, target }];
  });
}

/** A comment may be any word. */
function isTargetOption(words: readonly string[], at: number): boolean {
  return (words[at] === '-j' || words[at] === '-g') && words[at - 1] !== '--comment';
}

function parseItems(output: string): readonly Json[] | undefined {
  try {
    const items = asJson(JSON.parse(output)).nftables;
    return Array.isArray(items) ? items.map(asJson) : undefined;
  } catch {
    return undefined;
  }
}

/** A dormant table is kept, and not used. */
function dormantTable(value: unknown): readonly string[] {
  const { family, name, flags } = asJson(value);
  const isDormant = flags === 'dormant' || (Array.isArray(flags) && flags.includes('dormant'));
  return isDormant ? [`${family} ${name}`] : [];
}

function nftChain(value: unknown): readonly NftChain[] {
  const { family, table, name, type, hook } = asJson(value);
  if (type !== 'nat' || hook !== 'postrouting') return [];
  return [{ key: `${family} ${table} ${name}`, entered: TABLE_FAMILIES[String(family)] ?? [] }];
}

function nftRule(value: unknown): readonly NftRule[] {
  const { family, table, chain, expr } = asJson(value);
  const own = `${family} ${table}`;
  if (!Array.isArray(expr)) return [];
  let families = new Set(TABLE_FAMILIES[String(family)] ?? []);
  const narrow = (only: IpFamily | undefined): void => {
    if (only !== undefined) families = new Set([...families].filter((each) => each === only));
  };
  let [isMasquerade, jumpsAnywhere] = [false, false];
  const jumps: string[] = [];
  for (const node of nodesOf(expr)) {
    if (node.match !== undefined) narrow(familyOfMatch(asJson(node.match)));
    if (node.payload !== undefined) narrow(familyNamed(asJson(node.payload).protocol));
    if (node.snat !== undefined) narrow(familyNamed(asJson(node.snat).family));
    if ('masquerade' in node || 'snat' in node || XT_TARGETS.has(asJson(node.xt).name)) isMasquerade = true;
    for (const jump of [node.jump, node.goto]) {
      if (jump !== undefined) jumps.push(`${own} ${asJson(jump).target}`);
    }
    if (typeof asJson(node.vmap).data === 'string') jumpsAnywhere = true;
  }
  return [{ key: `${own} ${chain}`, table: own, families, isMasquerade, jumps, jumpsAnywhere }];
}

/** The one family that `meta nfproto` leaves; undefined: any. */
function familyOfMatch({ op, left, right }: Json): IpFamily | undefined {
  const { key } = asJson(asJson(left).meta);
  const named = familyNamed(right);
  if ((key !== 'nfproto' && key !== 'protocol') || named === undefined) return undefined;
  if (op === '!=') return named === 'ipv4' ? 'ipv6' : 'ipv4';
  return named;
}

function familyNamed(name: unknown): IpFamily | undefined {
  return typeof name === 'string' && Object.hasOwn(FAMILY_OF, name) ? FAMILY_OF[name] : undefined;
}

function keysOf(rules: readonly NftRule[], table: string): readonly string[] {
  return [...new Set(rules.flatMap((rule) => (rule.table === table ? [rule.key] : [])))];
}

/** Every map within a value, however deep. */
function nodesOf(value: unknown): readonly Json[] {
  const found: Json[] = [];
  const waiting: unknown[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    if (!Array.isArray(next)) found.push(next as Json);
    for (const child of Object.values(next)) if (child !== undefined) waiting.push(child);
  }
  return found;
}

function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
