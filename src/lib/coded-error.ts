/**
 * An error whose `code` is the log field, the metric label and what tests assert. `facts` are the values that the
 * message was made from. Thrown only for bugs and at edges; an expected outcome is a value, not an error.
 */
export class CodedError<Code extends string = string> extends Error {
  override readonly name = 'CodedError';
  readonly code: Code;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, facts: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}
