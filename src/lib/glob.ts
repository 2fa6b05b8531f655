/** One step of a pattern: what one character has to be; `any-run` is any number of characters, also none. */
type Step = 'any-run' | ((character: string) => boolean);

/** Whether a name without slashes has wildcards in it: `*`, `?`, or `[` with its `]`. */
export function hasWildcard(pattern: string): boolean {
  return /[*?]|\[[^\]]+\]/.test(pattern);
}

/**
 * Whether a file name fits a pattern, as a shell has it: `*` any characters, `?` one, `[abc]`, `[a-z]` and `[!a-z]` one
 * of a set. A dot at the start has to be written. In time proportional to the product of both lengths at most.
 */
export function fitsGlob(name: string, pattern: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  const steps = stepsOf(pattern);
  const characters = [...name];
  let [at, step] = [0, 0];
  /** Where the last run of anything began, and how far it reaches by now: only that one has ever to be made longer. */
  let run: { readonly step: number; readonly end: number } | undefined;
  while (at < characters.length) {
    const wanted = steps[step];
    if (wanted === 'any-run') {
      run = { step, end: at };
      step += 1;
    } else if (wanted?.(characters[at] ?? '') === true) {
      at += 1;
      step += 1;
    } else if (run === undefined) return false;
    else {
      run = { step: run.step, end: run.end + 1 };
      [at, step] = [run.end, run.step + 1];
    }
  }
  return steps.slice(step).every((left) => left === 'any-run');
}

function stepsOf(pattern: string): readonly Step[] {
  const tokens = pattern.match(/\[[!^]?(?:\][^\]]*|[^\]]+)\]|[\s\S]/gu) ?? [];
  return tokens.map((token): Step => {
    if (token === '*') return 'any-run';
    if (token === '?') return () => true;
    return token.length > 1 && token.startsWith('[') ? setOf(token.slice(1, -1)) : (got) => got === token;
  });
}

function setOf(inside: string): (character: string) => boolean {
  const isNegated = /^[!^]./su.test(inside);
  const parts = (isNegated ? inside.slice(1) : inside).match(/[\s\S]-[\s\S]|[\s\S]/gu) ?? [];
  return (character) => {
    const isIn = parts.some((part) => {
      const [from = '', dash, to] = [...part];
      return dash === undefined || to === undefined
        ? from === character
        : from <= character && character <= to;
    });
    return isIn !== isNegated;
  };
}
