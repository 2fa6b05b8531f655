import type { ListenerPeer } from '../../src/bgp/listener-peers.ts';
import type { PeerSecurity } from '../../src/bgp/spec.ts';
import type { DialOptions } from '../../src/bgp/transport.ts';

export const OPEN_SECURITY: PeerSecurity = {
  password: undefined,
  tcpAo: undefined,
  hasGtsm: false,
  multihopTtl: undefined,
  device: undefined,
};

/** An eBGP peer that may connect, with nothing asked for but what is given. */
export function listenerPeer(remoteAddress: string, security: Partial<PeerSecurity> = {}): ListenerPeer {
  return { name: remoteAddress, remoteAddress, isEbgp: true, security: { ...OPEN_SECURITY, ...security } };
}

/** The same for dialling. */
export function dialOptions(
  at: Pick<DialOptions, 'remoteAddress' | 'remotePort'> & { readonly localAddress?: string },
  security: Partial<PeerSecurity> = {},
): DialOptions {
  return { localAddress: undefined, isEbgp: true, ...at, security: { ...OPEN_SECURITY, ...security } };
}
