import type { OwnedProcess, Processes } from '../../test/support/story/processes.ts';
import { vpcastProgram } from '../../test/support/story/stage.ts';

/** What a contestant is started with in a zone. */
export interface Start {
  readonly configFile: string;
  readonly imdsUrl: string;
  readonly ec2Url: string;
  readonly proxyUrl: string;
  readonly authorityFile: string;
  readonly homeDir: string;
}

/** A program that takes part: ours, or the one that it is held against. */
export interface Contestant {
  readonly name: string;
  start(processes: Processes, start: Start, onLine: (line: string) => void): Promise<OwnedProcess>;
}

/** `vpcast run` as it is built. */
export const vpcast: Contestant = {
  name: 'vpcast',
  start: (processes, { configFile, imdsUrl, ec2Url, homeDir }, onLine) =>
    processes.start({
      name: 'vpcast',
      script: vpcastProgram(),
      args: ['run', '--config', configFile, '--log-format', 'json'],
      env: {
        PATH: process.env.PATH ?? '',
        HOME: homeDir,
        AWS_ENDPOINT_URL_EC2: ec2Url,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: imdsUrl,
      },
      onLine,
    }),
};

/** AWSnycast: AWS's addresses are built into its SDK, but for the metadata's. */
export function awsnycast(program: string): Contestant {
  return {
    name: 'AWSnycast',
    start: (processes, { configFile, imdsUrl, proxyUrl, authorityFile, homeDir }, onLine) =>
      processes.start({
        name: 'AWSnycast',
        script: program,
        isProgram: true,
        args: ['-f', configFile],
        env: {
          PATH: process.env.PATH ?? '',
          HOME: homeDir,
          AWS_EC2_METADATA_SERVICE_ENDPOINT: imdsUrl,
          HTTPS_PROXY: proxyUrl,
          NO_PROXY: '127.0.0.0/8',
          SSL_CERT_FILE: authorityFile,
        },
        onLine,
      }),
  };
}
