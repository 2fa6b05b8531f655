import type { AccountSpec } from '../scenario.ts';

/** Who an access key belongs to. */
export interface Accounts {
  accountOf(accessKeyId: string): string;
  arnOf(accessKeyId: string): string;
  issueKey(accountId: string, roleArn: string): string;
  /** The opaque text in a refusal. */
  encodedDenial(): string;
}

/** Keys that AssumeRole gave out are remembered up to this many; the oldest are forgotten first. */
const MAX_ISSUED = 10_000;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function createAccounts(options: {
  readonly accountId: string;
  readonly accounts: readonly AccountSpec[];
  readonly random: () => number;
}): Accounts {
  const { random, accountId: defaultAccount } = options;
  const configured = new Map(
    options.accounts.flatMap((account) => account.accessKeyIds.map((key) => [key, account.id] as const)),
  );
  const issued = new Map<string, { readonly accountId: string; readonly roleArn: string }>();
  const text = (length: number) =>
    Array.from({ length }, () => ALPHABET[Math.floor(random() * ALPHABET.length)] ?? 'A').join('');

  const accountOf = (key: string) => issued.get(key)?.accountId ?? configured.get(key) ?? defaultAccount;
  return {
    accountOf,
    arnOf(key) {
      const role = issued.get(key);
      if (role === undefined) return `arn:aws:iam::${accountOf(key)}:user/${key}`;
      const name = role.roleArn.split('/').at(-1) ?? 'role';
      return `arn:aws:sts::${role.accountId}:assumed-role/${name}/sandbox`;
    },
    issueKey(accountId, roleArn) {
      let key = `ASIA${text(16)}`;
      while (issued.has(key)) key = `ASIA${text(16)}`;
      issued.set(key, { accountId, roleArn });
      const oldest = issued.keys().next().value;
      if (issued.size > MAX_ISSUED && oldest !== undefined) issued.delete(oldest);
      return key;
    },
    encodedDenial: () => text(96),
  };
}
