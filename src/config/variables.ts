/** What the instance's metadata says of itself. A fact that is not known is undefined. */
export interface InstanceFacts {
  readonly instanceId: string | undefined;
  readonly az: string | undefined;
  readonly region: string | undefined;
  readonly vpcId: string | undefined;
  readonly subnetId: string | undefined;
  readonly localIpv4: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** `placeholder`: no instance is at hand and none is asked; plausible values stand in (`vpcast validate` elsewhere). */
export interface Variables {
  readonly instance?: InstanceFacts | 'placeholder' | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Resolved =
  | { readonly ok: true; readonly value: string; readonly isGuess: boolean; readonly isSecret: boolean }
  /** `unknown`: no variable of that name exists. `absent`: it exists, and has no value here. */
  | { readonly ok: false; readonly why: 'unknown' | 'absent' };

const FACT_OF: Readonly<Record<string, Exclude<keyof InstanceFacts, 'tags'>>> = {
  instance_id: 'instanceId',
  az: 'az',
  region: 'region',
  vpc_id: 'vpcId',
  subnet_id: 'subnetId',
  local_ipv4: 'localIpv4',
};

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  instance_id: 'i-0123456789abcdef0',
  az: 'eu-west-1a',
  region: 'eu-west-1',
  vpc_id: 'vpc-0123456789abcdef0',
  subnet_id: 'subnet-0123456789abcdef0',
  local_ipv4: '10.0.0.10',
};

/** For "did you mean", and for the list of what can be written. */
export const VARIABLE_NAMES: readonly string[] = [...Object.keys(FACT_OF), 'tag:KEY', 'env:NAME'];

/** True where the name asks for a fact of the instance, which only its metadata can tell. */
export function isInstanceFact(name: string): boolean {
  return Object.hasOwn(FACT_OF, name) || /^tag:./.test(name);
}

/** The value that `${name}` stands for. */
export function resolveVariable(name: string, variables: Variables): Resolved {
  const colon = name.indexOf(':');
  const kind = colon < 0 ? name : name.slice(0, colon);
  const rest = colon < 0 ? '' : name.slice(colon + 1);
  if (kind === 'env' && rest !== '') return known(own(variables.env, rest), { isSecret: true });
  if (!isInstanceFact(name)) return { ok: false, why: 'unknown' };
  const { instance } = variables;
  if (instance === 'placeholder') {
    return kind === 'tag' ? known('placeholder', { isGuess: true }) : known(PLACEHOLDERS[name]);
  }
  if (kind === 'tag') return known(own(instance?.tags ?? {}, rest));
  const fact = FACT_OF[name];
  return known(fact === undefined ? undefined : instance?.[fact]);
}

function known(value: string | undefined, marks: { isGuess?: boolean; isSecret?: boolean } = {}): Resolved {
  if (value === undefined) return { ok: false, why: 'absent' };
  return { ok: true, value, isGuess: marks.isGuess ?? false, isSecret: marks.isSecret ?? false };
}

function own(record: Readonly<Record<string, string | undefined>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
