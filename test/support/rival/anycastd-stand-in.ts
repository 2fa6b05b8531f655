/**
 * Stands in for anycastd where the plumbing around it is tested: the file that `CONFIG_PATH` names, a web check, and the
 * metric that tells what it knows.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parse } from 'yaml';

interface Config {
  readonly services: readonly {
    readonly name: string;
    readonly check_interval: string;
    readonly checks: readonly {
      readonly kind: string;
      readonly spec: { readonly url: string; readonly tries: number };
    }[];
  }[];
  readonly metrics: { readonly address: string };
}

const config: Config = parse(readFileSync(process.env.CONFIG_PATH ?? '', 'utf8'));
const [service] = config.services;
const spec = service?.checks[0]?.spec;
if (service === undefined || spec === undefined) throw new Error('no check');

let isUp = false;
let failures = 0;
setInterval(
  async () => {
    const isWell = await fetch(spec.url).then(
      (answer) => answer.ok,
      () => false,
    );
    failures = isWell ? 0 : failures + 1;
    if (isWell) isUp = true;
    else if (failures >= spec.tries) isUp = false;
  },
  Number.parseInt(service.check_interval, 10),
);

const [host = '', port = ''] = config.metrics.address.split(':');
createServer((_request, response) => {
  response.end(
    `anycastd_up{version="stand-in"} 1\nanycastd_service_up{service="${service.name}"} ${Number(isUp)}\n`,
  );
}).listen(Number(port), host);
