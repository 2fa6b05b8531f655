import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { bytesField, numberField } from './protobuf.ts';

// GoBGP's gRPC API as its version 3 has it (package `apipb`, api/gobgp.proto and api/attribute.proto): field numbers below.

const SERVICE = 'apipb.GobgpApi';
const ANY = 'type.googleapis.com/apipb';
const ORIGIN_IGP = 0;
const AFI_IP = 1;
const SAFI_UNICAST = 1;

/** A connection with GoBGP's API by its Unix socket. */
export class GobgpApi {
  readonly #session: ClientHttp2Session;

  constructor(socket: string) {
    this.#session = connectHttp2('http://localhost', { createConnection: () => connect(socket) });
    this.#session.on('error', () => undefined);
  }

  /** Resolves when GoBGP has answered; rejects where it refuses. */
  async addPath(prefix: string, nextHop: string): Promise<void> {
    await this.#call('AddPath', bytesField(3, pathOf(prefix, nextHop)));
  }

  async deletePath(prefix: string, nextHop: string): Promise<void> {
    const request = Buffer.concat([bytesField(3, family()), bytesField(4, pathOf(prefix, nextHop))]);
    await this.#call('DeletePath', request);
  }

  close(): void {
    this.#session.destroy();
  }

  /** One message each way: a byte (not compressed), the length, the message. */
  #call(method: string, message: Buffer): Promise<void> {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': 'POST',
        ':path': `/${SERVICE}/${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      const judge = (headers: { readonly [name: string]: unknown }): void => {
        const status = headers['grpc-status'];
        if (status === undefined) return;
        if (status === '0') resolve();
        else reject(new Error(`GoBGP refuses ${method}: ${status} ${String(headers['grpc-message'])}`));
      };
      stream.on('response', judge).on('trailers', judge).on('error', reject);
      stream.resume().end(Buffer.concat([head, message]));
    });
  }
}

function family(): Buffer {
  return Buffer.concat([numberField(1, AFI_IP), numberField(2, SAFI_UNICAST)]);
}

/** `Path`: nlri 1, pattrs 2, family 9. */
function pathOf(prefix: string, nextHop: string): Buffer {
  const [address = '', length = ''] = prefix.split('/');
  const nlri = Buffer.concat([numberField(1, Number(length)), bytesField(2, address)]);
  return Buffer.concat([
    bytesField(1, any('IPAddressPrefix', nlri)),
    bytesField(2, any('OriginAttribute', numberField(1, ORIGIN_IGP))),
    bytesField(2, any('NextHopAttribute', bytesField(1, nextHop))),
    bytesField(9, family()),
  ]);
}

function any(name: string, message: Buffer): Buffer {
  return Buffer.concat([bytesField(1, `${ANY}.${name}`), bytesField(2, message)]);
}
