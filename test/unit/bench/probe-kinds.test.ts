import { describe, expect, it } from 'vitest';
import { mixedChecks } from '../../../bench/cadence/mix.ts';
import { DROPPED_ADDRESS, type Targets, withFault } from '../../../bench/probes/kind.ts';
import { checkOf, chosenKinds, KINDS, type Kind } from '../../../bench/probes/kinds.ts';
import { DNS_ADDRESS, DNS_NAME, dnsAnswer, ntpAnswer, tftpAnswer } from '../../../bench/probes/responders.ts';
import { encodeQuery, readReply } from '../../../src/checks/dns-message.ts';
import { measureNtp } from '../../../src/checks/ntp-judge.ts';
import { decodeNtpReply, encodeNtpRequest } from '../../../src/checks/ntp-packet.ts';
import type { ProbeSpec } from '../../../src/checks/spec.ts';
import { beginTransfer, stepTransfer } from '../../../src/checks/tftp-transfer.ts';

const TARGETS: Targets = {
  address: '127.0.0.1',
  ports: {
    tcp: 1,
    http: 2,
    https: 3,
    cabourotte: 4,
    grpc: 5,
    dnsOverTcp: 6,
    dns: 7,
    ntp: 8,
    tftp: 9,
  },
  silent: { tcp: 10, udp: 11 },
  closing: { tcp: 12 },
  ca: '',
  files: { chain: '/chain', text: '/text' },
};

const TYPES: Readonly<Record<ProbeSpec['type'], true>> = {
  ping: true,
  tcp: true,
  http: true,
  command: true,
  dns: true,
  tls_certificate: true,
  assigned_address: true,
  ntp: true,
  tftp: true,
  cabourotte: true,
  file: true,
  systemd: true,
  grpc: true,
  conntrack: true,
  nat: true,
};
/** In November 2026. */
const NOW_MS = 1_795_275_000_250;
const NAMES = Object.keys(KINDS) as Kind[];

describe('the kinds of probe that are measured', () => {
  it('have every type of check among them', () => {
    const types = new Set<string>(NAMES.map((name) => checkOf(name, TARGETS).probe.type));
    expect([...types].sort()).toEqual(Object.keys(TYPES).sort());
  });

  it('can be chosen by name', () => {
    expect(chosenKinds('ntp,dns', () => undefined)).toEqual(['dns', 'ntp']);
    expect(() => chosenKinds('dns,dnssec', () => undefined)).toThrow('there is no kind dnssec');
  });

  it('ask other ports, or another address, where the peer has a fault', () => {
    expect(withFault(TARGETS, 'silent').ports).toMatchObject({ grpc: 10, dnsOverTcp: 10, dns: 11, tftp: 11 });
    expect(withFault(TARGETS, 'closing').ports).toMatchObject({ http: 12, cabourotte: 12 });
    const dropped = checkOf('cabourotte', withFault(TARGETS, 'dropped'));
    expect(dropped.destination).toBe(DROPPED_ADDRESS);
    expect(dropped.probe).toMatchObject({ url: `http://${DROPPED_ADDRESS}:4` });
  });
});

describe('the mix of an agent with many checks', () => {
  const mixed = mixedChecks(1_000, TARGETS);
  const count = (kinds: readonly Kind[]) =>
    mixed.filter(({ kind, isHanging }) => !isHanging && kinds.includes(kind)).length;

  it('has one in ten that hangs, of many kinds', () => {
    const hanging = mixed.filter(({ isHanging }) => isHanging);
    expect(hanging).toHaveLength(100);
    expect(new Set(hanging.map(({ kind }) => kind)).size).toBeGreaterThan(10);
  });

  it('starts few processes, and does few handshakes', () => {
    const processes = count(['command', 'systemd', 'nat']);
    expect(processes).toBeGreaterThan(0);
    expect(processes).toBeLessThanOrEqual(4);
    expect(count(['https', 'tls-certificate'])).toBe(20);
  });

  it('has every kind that this host has', () => {
    const kinds = new Set(mixed.map(({ kind }) => kind));
    expect(chosenKinds(undefined, () => undefined).filter((name) => !kinds.has(name))).toEqual([]);
  });
});

describe('the services that are probed', () => {
  it('answer DNS', () => {
    const query = { id: 7, name: DNS_NAME, recordType: 'A', recursionDesired: true, hasEdns: true } as const;
    expect(readReply(dnsAnswer(encodeQuery(query)), query)).toMatchObject({
      kind: 'reply',
      reply: { rcode: 'NOERROR', answers: [DNS_ADDRESS] },
    });
  });

  it('answer NTP with the time that they are given', () => {
    const nonce = Buffer.alloc(8, 5);
    const reply = decodeNtpReply(ntpAnswer(encodeNtpRequest(nonce), NOW_MS), nonce);
    expect(reply).toMatchObject({ leap: 0, version: 4, mode: 4, stratum: 2 });
    const offsetMs = reply && measureNtp(reply, { sentUnixMs: NOW_MS - 250, elapsedMs: 0 }).offsetMs;
    expect(offsetMs).toBeCloseTo(250, 3);
  });

  it.each([512, 1_408])('answer TFTP in blocks of %i bytes', (blockBytes) => {
    let transfer = beginTransfer({ path: 'image', blockBytes, maxBytes: 1_000 });
    for (let round = 0; round < 2; round += 1) {
      const answer = tftpAnswer(transfer.last);
      if (answer === undefined) break;
      const step = stepTransfer(transfer, answer);
      expect(['send', 'done']).toContain(step.kind);
      if (step.kind === 'send' || step.kind === 'done') transfer = step.transfer;
    }
    expect(transfer).toMatchObject({ blocks: 1, bytes: 64 });
    expect(tftpAnswer(transfer.last)).toBeUndefined();
  });
});
