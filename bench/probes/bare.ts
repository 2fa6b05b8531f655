import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import { createSecureContext } from 'node:tls';
import { connectSocket, openEchoSocket, sendDatagram } from '../../src/lib/sockopt.ts';
import { ADDRESS, ANSWER, type Kind, PAYLOAD_BYTES, PROGRAM, QUESTION, type Targets } from './kinds.ts';

/** Does the I/O of one probe and calls back; nothing is checked, timed or bounded. */
export interface BareLoop {
  once(done: () => void): void;
  close(): void;
}

/** The least that Node needs for the I/O of one probe of that kind. undefined: this process may not do it. */
export function bareLoop(kind: Kind, targets: Targets): BareLoop | undefined {
  switch (kind) {
    case 'ping':
      return barePing();
    case 'tcp':
      return bareTcp(targets.tcpPort);
    case 'tcp-answer':
      return bareAnswer(targets.tcpPort);
    case 'http':
      return bareHttp(targets.httpPort);
    case 'https':
      return bareHttps(targets.httpsPort, targets.ca);
    case 'command':
      return bareCommand();
  }
}

function barePing(): BareLoop | undefined {
  const opened = openEchoSocket({ kind: 'ping-socket', family: 'ipv4' });
  if (!opened.ok || !connectSocket(opened.fd, ADDRESS).ok) return undefined;
  const socket = createSocket('udp4');
  socket.bind({ fd: opened.fd });
  const packet = Buffer.alloc(8 + PAYLOAD_BYTES);
  packet.writeUInt8(8, 0); // an echo request; the kernel fills in the identifier and the checksum
  return {
    once(done) {
      socket.once('message', done);
      sendDatagram(opened.fd, packet);
    },
    close: () => socket.close(),
  };
}

function bareTcp(port: number): BareLoop {
  return {
    once(done) {
      const socket = connect(port, ADDRESS, () => {
        socket.destroy();
        done();
      });
    },
    close: () => undefined,
  };
}

function bareAnswer(port: number): BareLoop {
  return {
    once(done) {
      const socket = connect(port, ADDRESS, () => socket.write(QUESTION));
      socket.on('data', (chunk: Buffer) => {
        if (!chunk.includes(ANSWER)) return;
        socket.destroy();
        done();
      });
    },
    close: () => undefined,
  };
}

function bareHttp(port: number): BareLoop {
  return {
    once(done) {
      const request = requestHttp({ host: ADDRESS, port, agent: false }, () => {
        request.destroy();
        done();
      });
      request.end();
    },
    close: () => undefined,
  };
}

function bareHttps(port: number, ca: string): BareLoop {
  const secureContext = createSecureContext({ ca });
  const options = { host: ADDRESS, port, agent: false, secureContext } as const;
  return {
    once(done) {
      const request = requestHttps(options as RequestOptions, () => {
        request.destroy();
        done();
      });
      request.end();
    },
    close: () => undefined,
  };
}

function bareCommand(): BareLoop {
  return {
    once(done) {
      spawn(PROGRAM, { stdio: 'ignore' }).once('exit', done);
    },
    close: () => undefined,
  };
}
