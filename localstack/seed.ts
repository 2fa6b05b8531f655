/**
 * Builds the demo VPC at AWS_ENDPOINT_URL (LocalStack, moto) and prints what it is made of as JSON. Another run builds
 * another VPC. The embedded sandbox comes with one.
 */
import { type SeededVpc, seedVpc } from '../test/support/story/ec2-vpc.ts';
import { EndpointError, endpointFrom, openClient, probeEndpoint, regionFrom } from './endpoint.ts';

/** Seeds the endpoint, which is known not to be the sandbox. */
export async function seed(endpoint: string, region: string): Promise<SeededVpc> {
  const ec2 = openClient(endpoint, region);
  try {
    // Another octet each time: agents of several runs on one machine do not meet.
    const octet = 64 + Math.floor(Math.random() * 128);
    return await seedVpc(ec2, { region, zones: ['a', 'b', 'c'], octet });
  } finally {
    ec2.destroy();
  }
}

async function main(): Promise<number> {
  try {
    const endpoint = endpointFrom(process.env);
    if ((await probeEndpoint(endpoint)) === 'sandbox') {
      process.stderr.write(`${endpoint} is vpcast's own sandbox: it is seeded already\n`);
      return 0;
    }
    process.stdout.write(`${JSON.stringify(await seed(endpoint, regionFrom(process.env)), null, 2)}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`seed: ${error instanceof EndpointError ? error.message : describe(error)}\n`);
    return error instanceof EndpointError ? 69 : 1;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

if (import.meta.main) process.exitCode = await main();
