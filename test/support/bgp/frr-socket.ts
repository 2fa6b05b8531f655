import { connect } from 'node:net';

const ASK_LIMIT_MS = 10_000;

/** Three zeros and the exit status end an answer. */
const END_BYTES = 4;

/**
 * Has a daemon of FRR carry out a command by its own Unix socket, which is what vtysh does; vtysh itself takes ten times as
 * long to start as the daemon to answer. Resolves with what it prints; rejects when the command fails.
 */
export function askFrr(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    // `clear` is allowed from "enable" on.
    const commands = ['enable', command];
    let answer = Buffer.alloc(0);
    const next = (): void => {
      answer = Buffer.alloc(0);
      socket.write(`${commands.shift()}\0`);
    };
    socket.setTimeout(ASK_LIMIT_MS, () => {
      socket.destroy(new Error(`FRR did not answer "${command}" in ${ASK_LIMIT_MS} ms`));
    });
    socket.on('connect', next).on('error', reject);
    socket.on('close', () => reject(new Error('FRR closed its socket')));
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length < END_BYTES || answer.readUIntBE(answer.length - END_BYTES, 3) !== 0) return;
      if (commands.length > 0) return next();
      const text = answer.toString('utf8', 0, answer.length - END_BYTES);
      const status = answer.at(-1);
      socket.destroy();
      if (status === 0) resolve(text);
      else reject(new Error(`FRR refused "${command}" (${status}): ${text}`));
    });
  });
}
