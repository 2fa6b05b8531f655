import type { Context } from '../context.ts';
import type { Fields } from '../fields.ts';
import { anyText, form, port } from '../leaves.ts';
import { readTls } from '../tls.ts';
import { kind, type ProbePlace, type ReadProbe, readSource, sourceShape, tlsKey } from './kind.ts';

const shape = {
  port: port().describe('TCP port to connect to.'),
  service: anyText('the name of the service')
    .optional()
    .describe('Service to ask for. Default: the server as a whole.'),
  authority: form('an authority, a name with a port where needed', /^[^\s/@\p{Cc}]+$/u)
    .optional()
    .describe('The :authority header, and the TLS server name. Default: destination and port.'),
  tls: tlsKey,
  ...sourceShape,
};

/** Reads the options of a grpc check. */
function readGrpc(fields: Fields<typeof shape>, _place: ProbePlace, context: Context): ReadProbe | undefined {
  const port = fields.read('port');
  const options = {
    service: fields.read('service') ?? '',
    authority: fields.read('authority'),
    tls: readTls(fields.child('tls'), context),
    ...readSource(fields),
  };
  return port === undefined ? undefined : { probe: { type: 'grpc', port, ...options }, asks: 'required' };
}

export const grpc = kind(shape, readGrpc);
