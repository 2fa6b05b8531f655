import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentRequest } from './agent-main.ts';
import type { BareRequest, Flip, TriggerEvent } from './bare-main.ts';
import { BuiltAgent } from './built-agent.ts';
import { type Contestant, HOLD_SEC, type Place } from './contestant.ts';
import { monotonicMs } from './monotonic.ts';
import { fileCheck, type OwnConfig, ownConfig } from './own-config.ts';
import { ScriptChild } from './script-child.ts';

/** A script that announces at a word. */
export type TriggerChild = ScriptChild<Flip, TriggerEvent>;

const CHECK = 'service';

/** The agent's own code, from the result of a probe on. Resolves once the session stands. */
export async function startAgentChild(place: Place): Promise<TriggerChild> {
  const check = fileCheck(join(place.lab.folder, 'nothing'), '10ms');
  const request: AgentRequest = { config: configOf(place, check) };
  return await startChild(place, 'agent-main.ts', request);
}

/** A socket and two UPDATEs that lie ready. Resolves once the session stands. */
export async function startBareChild(place: Place): Promise<TriggerChild> {
  const { ownAddress: localAddress, peerAddress: remoteAddress, asn, prefix } = place;
  const request: BareRequest = { localAddress, remoteAddress, asn, prefix };
  return await startChild(place, 'bare-main.ts', request);
}

/** Both of these as contestants. */
export function childContestant(name: string, child: TriggerChild): Contestant {
  return {
    name,
    async trigger(isUp) {
      const turned = child.next('turned');
      child.send({ type: 'flip', isUp });
      return (await turned).atMs;
    },
  };
}

/** The built program, over a check of a file that is there or not. Resolves once the check has settled. */
export async function startBuiltAgent(
  place: Place,
  isUp: boolean,
): Promise<{ readonly agent: BuiltAgent; readonly file: string }> {
  const { lab, link, ownAddress } = place;
  const file = join(lab.folder, `healthy-${ownAddress}`);
  if (isUp) writeFileSync(file, '');
  const config = configOf(place, fileCheck(file, '10s'));
  const agent = await BuiltAgent.start(lab, { link, name: `vpcast-${ownAddress}`, config });
  await agent.ready();
  return { agent, file };
}

/** The same, asked by that file, which comes and goes. */
export async function openBuiltAgent(place: Place): Promise<Contestant> {
  const { file } = await startBuiltAgent(place, false);
  return {
    name: 'file → UPDATE',
    async trigger(isUp) {
      const atMs = monotonicMs();
      if (isUp) writeFileSync(file, '');
      else rmSync(file);
      return atMs;
    },
  };
}

function configOf(place: Place, check: object): string {
  const config: OwnConfig = {
    localAddress: place.ownAddress,
    asn: place.asn,
    peerAsn: place.peerAsn,
    peerAddresses: [place.peerAddress],
    routes: [{ prefix: place.prefix, healthcheck: CHECK }],
    checks: { [CHECK]: check },
    holdTime: `${HOLD_SEC}s`,
  };
  return ownConfig(config);
}

async function startChild(place: Place, script: string, request: unknown): Promise<TriggerChild> {
  const child: TriggerChild = await ScriptChild.start(place.lab, place.link, script, request);
  await child.next('established');
  return child;
}
