import { readFileSync } from 'node:fs';
import { CodedError } from '../../lib/coded-error.ts';
import {
  demoScenario,
  parseScenario,
  type Sandbox,
  type SandboxEvent,
  type Scenario,
  startSandbox,
} from '../../sandbox/index.ts';
import type { Command } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Io } from '../io.ts';
import { type ParsedOptions, wholeNumber } from '../options.ts';
import { sandboxEventText } from '../sandbox-text.ts';

export const sandbox: Command = {
  name: 'sandbox',
  operands: '',
  about: 'run an embedded VPC: EC2 and IMDSv2 over HTTP on this machine, with faults to switch on',
  options: [
    {
      name: 'azs',
      value: 'N',
      about: 'availability zones of the built-in scenario, an instance each (default: 3)',
    },
    { name: 'scenario', value: 'FILE', about: 'build the VPC from this JSON file instead (docs/sandbox.md)' },
    { name: 'host', value: 'ADDRESS', about: 'listen here (default: 127.0.0.1)' },
    { name: 'port', value: 'PORT', about: 'port of the API (default: any free one)' },
    { name: 'json', about: 'print what happens as JSON, a line each' },
  ],
  notes: [
    'Prints the endpoints and what every instance sets to be itself, then every change and every refused call.',
    'The page at the endpoint shows the route tables live. Faults: POST /_sandbox/faults (docs/sandbox.md).',
  ],
  run: runSandbox,
};

async function runSandbox(io: Io, options: ParsedOptions): Promise<ExitCode> {
  const isJson = options.switches.has('json');
  const print = (event: SandboxEvent): void => {
    const text = isJson ? JSON.stringify(event) : sandboxEventText(event, io.isColored);
    if (text !== undefined) io.out(`${text}\n`);
  };
  const port = wholeNumber(options.values.port ?? '0', '--port', 0);
  const region = await open({
    scenario: chooseScenario(options),
    host: options.values.host ?? '127.0.0.1',
    port,
    print,
  });
  io.out(isJson ? `${JSON.stringify({ kind: 'ready', ...endpoints(region) })}\n` : readyText(region));
  await new Promise<void>((resolve) => {
    io.onSignal('SIGINT', resolve);
    io.onSignal('SIGTERM', resolve);
  });
  await region.close();
  return EXIT.ok;
}

async function open(wanted: {
  readonly scenario: Scenario;
  readonly host: string;
  readonly port: number;
  print(event: SandboxEvent): void;
}): Promise<Sandbox> {
  try {
    return await startSandbox({ ...wanted, onEvent: wanted.print });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CodedError(
      'unavailable',
      `the sandbox can't listen on ${wanted.host}, port ${wanted.port}: ${why}`,
    );
  }
}

function chooseScenario({ values }: ParsedOptions): Scenario {
  if (values.scenario !== undefined) return readScenario(values.scenario);
  const azs = wholeNumber(values.azs ?? '3', '--azs', 1);
  if (azs > 26) throw new CodedError('usage', `--azs takes at most 26, not ${azs}`);
  return demoScenario({ azs });
}

function readScenario(file: string): Scenario {
  const result = parseScenario(parseJson(file));
  if (result.ok) return result.scenario;
  throw new CodedError('config', result.problems.map((problem) => `${file}: ${problem}`).join('\n'));
}

function parseJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CodedError(
      'no-input',
      `scenario can't be read: ${error instanceof Error ? error.message : error}`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CodedError('config', `${file}: not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function endpoints(region: Sandbox): {
  readonly url: string;
  readonly imds: Readonly<Record<string, string>>;
} {
  const ids = [...region.world.state().instances.keys()];
  return { url: region.url, imds: Object.fromEntries(ids.map((id) => [id, region.imdsUrl(id)])) };
}

function readyText(region: Sandbox): string {
  const { url, imds } = endpoints(region);
  const blocks = Object.entries(imds).map(([id, imdsUrl]) =>
    [`# as ${id}`, `export AWS_ENDPOINT_URL_EC2=${url} AWS_EC2_METADATA_SERVICE_ENDPOINT=${imdsUrl}`].join(
      '\n',
    ),
  );
  return [`EC2 at ${url} (open it in a browser to watch the route tables)`, '', ...blocks, '', ''].join('\n');
}
