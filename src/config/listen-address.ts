import { parseIpAddress } from '../lib/sockaddr.ts';
import { accept, type Leaf, leaf, refuse } from './leaf.ts';

/** Where to listen; without a host on every address of this machine. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

const ADMIN_EXAMPLES = '127.0.0.1:9551, [::1]:9551 or :9551';
const FORM = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/;

/** An IP address and a port: `127.0.0.1:9551`, `[::1]:9551`, or `:9551` for every address. */
export function listenAddress(examples = ADMIN_EXAMPLES): Leaf<ListenAddress> {
  return leaf({ kind: 'text', pattern: FORM }, (written) => {
    const found = typeof written === 'string' ? FORM.exec(written) : null;
    if (found === null) return refuse(`write an IP address and a port, such as ${examples}`);
    const [, inBrackets, plain, digits] = found;
    const host = inBrackets ?? plain ?? '';
    const family = parseIpAddress(host)?.family;
    const port = Number(digits);
    if (inBrackets !== undefined && family !== 'ipv6') return refuse('write an IPv6 address in the brackets');
    if (inBrackets === undefined && host !== '' && family === undefined)
      return refuse(`write an IP address before the port, such as ${examples}`);
    if (port < 1 || port > 65_535) return refuse('write a port from 1 to 65535');
    return accept({ host: host === '' ? undefined : host, port });
  });
}
