import { execFile } from 'node:child_process';
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startBird } from '../../test/support/bgp/bird.ts';
import { FrrRouter } from '../../test/support/bgp/frr.ts';
import { waitFor } from '../../test/support/story/wait.ts';
import { type Contestant, HOLD_SEC, type Place } from './contestant.ts';
import { GobgpApi } from './gobgp-api.ts';
import { monotonicMs } from './monotonic.ts';

// Others that announce, as they are installed, each asked in the quickest of the ways that its users have.

const run = promisify(execFile);

const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/lib/frr`;

/** By the pipe of a process that it starts: the bench writes into it where the process would. */
export async function openExabgp(place: Place): Promise<Contestant> {
  const { lab, link, ownAddress, asn, peerAddress, peerAsn, prefix } = place;
  const own = (name: string): string => join(lab.folder, `exabgp-${link}.${name}`);
  await writeFile(own('sh'), `#!/bin/sh\necho $$ >${own('pid')}\nexec sleep infinity 2>/dev/null\n`);
  await chmod(own('sh'), 0o755);
  const config = `process trigger { run ${own('sh')}; encoder text; }
neighbor ${peerAddress} {
  router-id ${ownAddress}; local-address ${ownAddress}; local-as ${asn}; peer-as ${peerAsn};
  hold-time ${HOLD_SEC};
  family { ipv4 unicast; }
  api { processes [ trigger ]; }
}
`;
  await writeFile(own('conf'), config);
  const env = { 'exabgp.daemon.drop': 'false', 'exabgp.api.cli': 'false' };
  await lab.start(link, 'exabgp', ['exabgp', own('conf')], env);
  const pid = await waitFor(() => existsSync(own('pid')) && readFile(own('pid'), 'utf8'), {
    limitMs: 10_000,
    what: 'ExaBGP starts its process',
  });
  const pipe = openSync(`/proc/${pid.trim()}/fd/1`, 'w');
  return {
    name: 'ExaBGP, pipe',
    async trigger(isUp) {
      const line = `${isUp ? 'announce' : 'withdraw'} route ${prefix} next-hop self\n`;
      const atMs = monotonicMs();
      writeSync(pipe, line);
      return atMs;
    },
    close: () => closeSync(pipe),
  };
}

/** By gRPC, on a connection that stands. */
export async function openGobgp(place: Place): Promise<Contestant> {
  const { lab, link, ownAddress, asn, peerAddress, peerAsn, prefix } = place;
  const [config, socket] = [join(lab.folder, `gobgp-${link}.json`), join(lab.folder, `gobgp-${link}.sock`)];
  const settings = {
    global: { config: { as: asn, 'router-id': ownAddress, port: -1 } },
    neighbors: [
      {
        config: { 'neighbor-address': peerAddress, 'peer-as': peerAsn },
        timers: { config: { 'hold-time': HOLD_SEC, 'keepalive-interval': HOLD_SEC / 3, 'connect-retry': 1 } },
        transport: { config: { 'local-address': ownAddress } },
        'afi-safis': [{ config: { 'afi-safi-name': 'ipv4-unicast' } }],
      },
    ],
  };
  await writeFile(config, JSON.stringify(settings));
  const daemon = await lab.start(link, 'gobgpd', [
    ...['gobgpd', '-t', 'yaml', '-f', config, '-l', 'warn', '-p'],
    ...['--api-hosts', `unix://${socket}`, '--pprof-disable'],
  ]);
  const isListening = (): boolean => {
    if (!daemon.isRunning()) throw new Error(`GoBGP ended: ${daemon.lines.join('\n')}`);
    return existsSync(socket);
  };
  await waitFor(isListening, { limitMs: 10_000, what: 'GoBGP listens' });
  const api = new GobgpApi(socket);
  return {
    name: 'GoBGP, gRPC',
    async trigger(isUp) {
      const atMs = monotonicMs();
      if (isUp) await api.addPath(prefix, ownAddress);
      else await api.deletePath(prefix, ownAddress);
      return atMs;
    },
    close: () => api.close(),
  };
}

/** A static route that is switched on and off by birdc. */
export async function openBird(place: Place): Promise<Contestant> {
  const { lab, link, ownAddress, asn, peerAddress, peerAsn, prefix } = place;
  const [config, socket] = [join(lab.folder, `bird-${link}.conf`), join(lab.folder, `bird-${link}.ctl`)];
  const text = `log stderr all;
router id ${ownAddress};
protocol device { }
protocol static anycast { disabled; ipv4; route ${prefix} blackhole; }
protocol bgp peer {
  local ${ownAddress} as ${asn}; neighbor ${peerAddress} as ${peerAsn}; hold time ${HOLD_SEC};
  connect delay time 1; connect retry time 1;
  ipv4 { import none; export where proto = "anycast"; };
}
`;
  await writeFile(config, text);
  await startBird(lab, { link, config, socket });
  return {
    name: 'BIRD, birdc',
    trigger: (isUp) => runTimed('birdc', ['-s', socket, isUp ? 'enable' : 'disable', 'anycast']),
  };
}

/** `network` by vtysh. */
export async function openFrr(place: Place): Promise<Contestant> {
  const { lab, link, ownAddress, asn, peerAddress, peerAsn, prefix } = place;
  const router = new FrrRouter(lab, link, {
    routerId: ownAddress,
    asn,
    holdTimeSec: HOLD_SEC,
    neighbours: [
      {
        name: 'peer',
        address: peerAddress,
        localAddress: ownAddress,
        localAsn: asn,
        remoteAsn: peerAsn,
        families: ['ipv4'],
        isActive: true,
      },
    ],
  });
  await router.start();
  const configure = (...lines: readonly string[]): Promise<number> => {
    const commands = ['configure terminal', `router bgp ${asn}`, ...lines].flatMap((line) => ['-c', line]);
    return runTimed('vtysh', ['--vty_socket', join(lab.folder, `frr-${link}`), ...commands]);
  };
  await configure('no bgp network import-check');
  return {
    name: 'FRR, vtysh',
    trigger: (isUp) => configure('address-family ipv4 unicast', `${isUp ? '' : 'no '}network ${prefix}`),
  };
}

async function runTimed(program: string, args: readonly string[]): Promise<number> {
  const atMs = monotonicMs();
  await run(program, args, { timeout: 10_000, killSignal: 'SIGKILL', env: { PATH } });
  return atMs;
}

/** Whether such a program is installed. */
export async function isInstalled(program: string): Promise<boolean> {
  return await run('sh', ['-c', `command -v ${program}`], { env: { PATH } }).then(
    () => true,
    () => false,
  );
}
