/**
 * `npm run test:localstack`: builds the demo VPC at AWS_ENDPOINT_URL and plays the takeover story there with real agents
 * and services. Exits with 0 if every step came about, 1 if one did not, 69 if there is nothing to run against.
 */
import { STORY_TIMING } from '../test/support/story/agent-config.ts';
import { openEc2Region } from '../test/support/story/ec2-region.ts';
import { moveText } from '../test/support/story/moves.ts';
import type { StoryRegion } from '../test/support/story/region.ts';
import { openRemoteSandboxRegion } from '../test/support/story/remote-sandbox-region.ts';
import { playScene, STORY } from '../test/support/story/scenes.ts';
import { openStage, type Stage } from '../test/support/story/stage.ts';
import { restartAgent } from '../test/support/story/trials.ts';
import {
  CREDENTIALS,
  EndpointError,
  endpointFrom,
  openClient,
  probeEndpoint,
  regionFrom,
} from './endpoint.ts';
import { seed } from './seed.ts';

process.exit(await main());

async function main(): Promise<number> {
  let stage: Stage | undefined;
  const stop = (code: number) => () => {
    stage?.close().finally(() => process.exit(code));
  };
  process.on('SIGINT', stop(130)).on('SIGTERM', stop(143));
  process.on('exit', () => stage?.processes.killNow());
  try {
    stage = await openStage({ region: await openRegion(), timing: STORY_TIMING });
    return await play(stage);
  } catch (error) {
    const text = error instanceof EndpointError ? error.message : describe(error);
    process.stderr.write(`test:localstack: ${text}\n`);
    return error instanceof EndpointError ? 69 : 1;
  } finally {
    await stage?.close();
  }
}

async function openRegion(): Promise<StoryRegion> {
  const endpoint = endpointFrom(process.env);
  const kind = await probeEndpoint(endpoint);
  if (kind === 'sandbox') return await openRemoteSandboxRegion(endpoint);
  const region = regionFrom(process.env);
  const vpc = await seed(endpoint, region);
  say(`built ${vpc.vpcId} (${vpc.vpcCidr}) at ${endpoint}`);
  const ec2 = openClient(endpoint, region);
  return await openEc2Region({ ec2, endpoint, vpc, accessKeyId: CREDENTIALS.accessKeyId });
}

async function play(stage: Stage): Promise<number> {
  let passed = 0;
  for (const scene of STORY) {
    const report = await playScene(stage, scene);
    passed += 1;
    say(`ok ${passed} ${report.title} (${report.tookMs} ms)`);
    for (const move of report.moves) say(`     ${moveText(move)}`);
  }
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const trial = await restartAgent(stage, stage.zone('c'), signal);
    if (trial.changes.length > 0) throw new Error(`a restart changed routes: ${trial.changes.join('; ')}`);
    passed += 1;
    say(`ok ${passed} an agent that ends by ${signal} and starts again moves no route`);
  }
  say(`${passed} passed, 0 failed`);
  return 0;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
