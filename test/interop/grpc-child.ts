/** Asks grpc-go in a network namespace while packets are lost and come again; prints the reasons by what was lost. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { grpcProbe } from '../../src/checks/grpc.ts';
import { systemClock as clock } from '../../src/lib/system-clock.ts';

const { program } = JSON.parse(process.argv[2] ?? '{}') as { program: string };
const TIMEOUT_MS = 300;
const server = spawn(program, ['-listen', '[::]:50051'], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  await once(server.stdout, 'data');
  const [v4, v6] = [probe('127.0.0.1'), probe('fd00:99::1')];
  const ask = async () => [await v4(), await v6()];
  const found = { nothing: await ask(), replies: await losing('sport', ask), nothingAgain: await ask() };
  const lost = { requests: await losing('dport', ask), nothingAtLast: await ask() };
  console.log(JSON.stringify({ ...found, ...lost }));
  for (const each of [v4, v6]) await each.close();
} finally {
  server.kill('SIGKILL');
}

function probe(destination: string) {
  const source = { sourceAddress: undefined, sourceInterface: undefined };
  const made = grpcProbe({
    spec: { type: 'grpc', port: 50_051, service: 'up', authority: undefined, tls: undefined, ...source },
    destination,
    version: '1.2.3',
    clock,
  });
  const ask = async (): Promise<string> => {
    const { reason, latencyMs } = await made.attempt(TIMEOUT_MS, new AbortController().signal);
    return latencyMs > TIMEOUT_MS + 100 ? `${reason}, late` : reason;
  };
  return Object.assign(ask, { close: () => made.close() });
}

async function losing<T>(port: 'sport' | 'dport', work: () => Promise<T>): Promise<T> {
  nft(`add rule inet filter input tcp ${port} 50051 drop`);
  const done = await work();
  nft('flush chain inet filter input');
  return done;
}

function nft(command: string): void {
  const { status, stderr } = spawnSync('nft', command.split(' '), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`nft ${command}: ${stderr}`);
}
