/** How much of the beginning is kept to tell what came instead. */
const HEAD_BYTES = 100;

/** Looks for a text in a stream of any length that comes in pieces of any size, keeping only what a match could begin in. */
export class AnswerSearch {
  readonly #wanted: Buffer;
  #tail: Buffer = Buffer.alloc(0);
  #head: Buffer = Buffer.alloc(0);

  constructor(wanted: string) {
    this.#wanted = Buffer.from(wanted);
  }

  /** Takes the next piece; true: the text has come (with this piece). */
  push(chunk: Buffer): boolean {
    if (this.#head.length < HEAD_BYTES)
      this.#head = Buffer.concat([this.#head, chunk]).subarray(0, HEAD_BYTES);
    const window = this.#tail.length === 0 ? chunk : Buffer.concat([this.#tail, chunk]);
    const kept = Math.min(window.length, Math.max(this.#wanted.length - 1, 0));
    this.#tail = Buffer.from(window.subarray(window.length - kept));
    return window.includes(this.#wanted);
  }

  /** Whether anything has come at all. */
  get isEmpty(): boolean {
    return this.#head.length === 0;
  }

  /** The first 100 bytes, for people. */
  get beginning(): string {
    return beginningOf(this.#head);
  }
}

/** The first 100 bytes of an answer in quotes, what is not printable ASCII escaped. */
export function beginningOf(answer: Buffer): string {
  const text = JSON.stringify(answer.subarray(0, HEAD_BYTES).toString('latin1'));
  return text.replace(/[\x7f-\xff]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`);
}
