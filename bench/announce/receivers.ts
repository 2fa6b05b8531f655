import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startBird } from '../../test/support/bgp/bird.ts';
import { FrrRouter } from '../../test/support/bgp/frr.ts';
import type { Lab } from '../../test/support/bgp/lab.ts';
import { HOLD_SEC } from './contestant.ts';
import type { RouteEvent } from './route-watch-main.ts';
import { ScriptChild } from './script-child.ts';

/** A router that puts what it is told into its kernel's table, as routers do. */
export interface ReceiverSpec {
  readonly link: number;
  readonly address: string;
  readonly asn: number;
  readonly neighbours: readonly { readonly address: string; readonly asn: number }[];
}

/** Tells of the kernel's table of a namespace. */
export type RouteWatch = ScriptChild<never, RouteEvent>;

export async function startReceivingBird(lab: Lab, spec: ReceiverSpec): Promise<void> {
  const { link, address, asn, neighbours } = spec;
  const [config, socket] = [join(lab.folder, `bird-${link}.conf`), join(lab.folder, `bird-${link}.ctl`)];
  const lines = [
    'log stderr all;',
    `router id ${address};`,
    'protocol device { scan time 1; }',
    'protocol direct { ipv4; }',
    'protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }',
    ...neighbours.flatMap((neighbour, index) => [
      `protocol bgp peer${index} {`,
      `  local ${address} as ${asn}; neighbor ${neighbour.address} as ${neighbour.asn};`,
      `  hold time ${HOLD_SEC}; passive on;`,
      '  ipv4 { import all; export none; };',
      '}',
    ]),
    '',
  ];
  await writeFile(config, lines.join('\n'));
  await startBird(lab, { link, config, socket });
}

export async function startReceivingFrr(lab: Lab, spec: ReceiverSpec): Promise<void> {
  const { link, address, asn, neighbours } = spec;
  const router = new FrrRouter(lab, link, {
    routerId: address,
    asn,
    holdTimeSec: HOLD_SEC,
    neighbours: neighbours.map((neighbour, index) => ({
      name: `peer${index}`,
      address: neighbour.address,
      localAddress: address,
      localAsn: asn,
      remoteAsn: neighbour.asn,
      families: ['ipv4'],
    })),
  });
  await router.start();
}

/** Resolves once it hears of everything. */
export async function watchRoutes(lab: Lab, link: number): Promise<RouteWatch> {
  const watch: RouteWatch = await ScriptChild.start(lab, link, 'route-watch-main.ts', {});
  await watch.next('listening');
  return watch;
}
