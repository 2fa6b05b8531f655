/**
 * The program of a small TCP service: `tcp-service-main.ts ADDRESS PORT` says `listening` and answers every connection
 * with one line. It ends with its parent: when its standard input closes.
 */
import { createServer } from 'node:net';

const [address = '127.0.0.1', port = '0'] = process.argv.slice(2);
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.end(`${address} at your service\n`);
});
server.on('error', (error) => {
  console.log(`failed ${error.message}`);
  process.exit(1);
});
server.listen(Number(port), address, () => console.log('listening'));
process.stdin.on('close', () => process.exit(0)).resume();
