/**
 * A node's service: `service-main.ts ADDRESS PORT` says `listening`, answers every connection with one line, and says
 * `self` for each that came from its own address: the node's agent has probed it. It ends when its standard input does.
 */
import { createServer } from 'node:net';

const [address = '127.0.0.1', port = '0'] = process.argv.slice(2);
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.end(`${address} at your service\n`);
  if (socket.remoteAddress === address) console.log('self');
});
server.on('error', (error) => {
  console.log(`failed ${error.message}`);
  process.exit(1);
});
server.listen(Number(port), address, () => console.log('listening'));
process.stdin.on('close', () => process.exit(0)).resume();
