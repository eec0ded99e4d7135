import { createHash } from 'node:crypto';
import type { Endpoint, Protocol } from '../model/types.ts';

/** Chain names as kube-proxy makes them, so that operators, tools and a replaced kube-proxy recognise them. */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** First 16 characters of the RFC 4648 base32 of the SHA-256 of `text`: 80 bits, which is ten whole bytes. */
export function hash(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  let out = '';
  for (let bit = 0; bit < 80; bit += 5) {
    const at = bit >> 3;
    const pair = ((digest[at] ?? 0) << 8) | (digest[at + 1] ?? 0);
    out += alphabet[(pair >> (11 - (bit & 7))) & 31];
  }
  return out;
}

export interface PortChains {
  /** Endpoints under policy Cluster. */
  readonly svc: string;
  /** Endpoints under policy Local. */
  readonly svl: string;
  /** Traffic from outside. */
  readonly ext: string;
  /** Load balancer source ranges. */
  readonly fw: string;
}

export function portChains(name: string, protocol: Protocol): PortChains {
  const suffix = hash(name + protocol);
  return { svc: `KUBE-SVC-${suffix}`, svl: `KUBE-SVL-${suffix}`, ext: `KUBE-EXT-${suffix}`, fw: `KUBE-FW-${suffix}` };
}

export function endpointChain(name: string, protocol: Protocol, endpoint: Endpoint): string {
  return `KUBE-SEP-${hash(name + protocol + socket(endpoint))}`;
}

/** `ip:port`, IPv6 in brackets. */
export function socket({ ip, port }: { readonly ip: string; readonly port: number }): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Chains that belong to one service port and come and go with it. */
export const portChainPattern = /^KUBE-(SVC|SVL|EXT|FW|SEP)-[A-Z2-7]{16}$/;
