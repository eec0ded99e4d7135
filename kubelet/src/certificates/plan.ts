import type { Random } from '@keelson/base';

/** From when to when a certificate is valid, milliseconds since the epoch. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** When to ask for the next certificate: somewhere between 70 and 90 % of this one's life, so that nodes made together do not ask together. */
export function renewalAt({ notBefore, notAfter }: Validity, random: Random): number {
  return notBefore + (notAfter - notBefore) * (0.7 + 0.2 * random.next());
}

/** Who a kubelet is, and what it wants to show for it. */
export interface CertificateWish {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly signerName: string;
  readonly usages: readonly string[];
}

export function clientWish(nodeName: string): CertificateWish {
  return {
    ...nodeSubject(nodeName),
    dnsNames: [],
    ips: [],
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
  };
}

export function servingWish(nodeName: string, ips: readonly string[]): CertificateWish {
  return {
    ...nodeSubject(nodeName),
    dnsNames: [nodeName],
    ips,
    signerName: 'kubernetes.io/kubelet-serving',
    usages: ['digital signature', 'server auth'],
  };
}

function nodeSubject(nodeName: string): Pick<CertificateWish, 'commonName' | 'organizations'> {
  return { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] };
}
