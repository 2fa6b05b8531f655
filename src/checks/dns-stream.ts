const PREFIX_BYTES = 2;

/** The first message of a TCP stream (RFC 1035 §4.2.2), whatever pieces it comes in; what follows it is dropped. */
export class FirstMessage {
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixBytes = 0;
  #body: Buffer | undefined;
  #bodyBytes = 0;

  /** Takes the next piece; gives the message once it is complete. */
  push(piece: Buffer): Buffer | undefined {
    const taken = piece.copy(this.#prefix, this.#prefixBytes);
    this.#prefixBytes += taken;
    if (this.#prefixBytes < PREFIX_BYTES) return undefined;
    this.#body ??= Buffer.allocUnsafe(this.#prefix.readUInt16BE(0));
    this.#bodyBytes += piece.copy(this.#body, this.#bodyBytes, taken);
    return this.#bodyBytes === this.#body.length ? this.#body : undefined;
  }

  /** How far it has come, for people. */
  get progress(): string {
    if (this.#body === undefined) return `${this.#prefixBytes} bytes`;
    return `${this.#bodyBytes} of ${this.#body.length} bytes`;
  }
}

/** A message as it goes over TCP. */
export function withLength(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed.writeUInt16BE(message.length, 0);
  message.copy(framed, PREFIX_BYTES);
  return framed;
}
