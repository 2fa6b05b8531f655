/** `tcp`, `tcp and http`, `tcp, http and dns`. */
export function enumerate(words: readonly string[]): string {
  const [last = '', ...others] = words.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
}

/** The same of the first `most`, and how many others there are. */
export function enumerateFew(words: readonly string[], most = 5): string {
  if (words.length <= most) return enumerate(words);
  return `${words.slice(0, most).join(', ')} and ${words.length - most} others`;
}
