import { describe, expect, it } from 'vitest';
import { CERTIFICATE, loaded } from '../source.ts';

const TABLES = 'routetables:\n  a:\n    find: { type: main }\n    manage_routes: [{ cidr: 10.9.9.9 }]\n';

describe('a grpc check', () => {
  it('asks the server as a whole, in plain text', () => {
    const text = `healthchecks:\n  api: { type: grpc, destination: 10.0.0.1, port: 50051 }\n${TABLES}`;
    expect(loaded(text).spec.checks[0]).toMatchObject({
      destination: '10.0.0.1',
      everyMs: 1_000,
      timeoutMs: 1_000,
      probe: {
        type: 'grpc',
        port: 50_051,
        service: '',
        authority: undefined,
        tls: undefined,
        sourceAddress: undefined,
        sourceInterface: undefined,
      },
    });
  });

  it('has a service, an authority, TLS and a source; a remote one has no destination', () => {
    const options =
      'port: 443, service: shop.v1.Cart, authority: "api.internal:443", tls: { ca_file: /certs/ca.pem }, ' +
      'source_address: 10.0.0.10, source_interface: eth0';
    const text = `remote_healthchecks:\n  api: { type: grpc, ${options} }\n${TABLES}`;
    expect(loaded(text).spec.remoteChecks[0]?.probe).toEqual({
      type: 'grpc',
      port: 443,
      service: 'shop.v1.Cart',
      authority: 'api.internal:443',
      tls: { ca: CERTIFICATE, cert: undefined, key: undefined, serverName: undefined, skipVerify: false },
      sourceAddress: '10.0.0.10',
      sourceInterface: 'eth0',
    });
  });
});
