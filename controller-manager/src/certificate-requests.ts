import { isConditionTrue } from '@keelson/machinery';
import type { CertificateSigningRequest } from '@keelson/types';

/** What a request, read, asks for. */
export interface AskedCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

export const signers = {
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  client: 'kubernetes.io/kube-apiserver-client',
  legacy: 'kubernetes.io/legacy-unknown',
} as const;

export type Signer = (typeof signers)[keyof typeof signers];

export function isApproved({ status }: CertificateSigningRequest): boolean {
  return isConditionTrue(status?.conditions, 'Approved') && !isConditionTrue(status?.conditions, 'Denied');
}

export function isDecided({ status }: CertificateSigningRequest): boolean {
  return status?.conditions?.some(({ type }) => type === 'Approved' || type === 'Denied') ?? false;
}

/** Why a request cannot be for the certificate a kubelet calls the API server with, in upstream's words; undefined when it can. */
export function kubeletClientProblem(asked: AskedCertificate, usages: readonly string[]): string | undefined {
  const { dnsNames, emails, ips, uris } = asked;
  const identity = identityProblem(asked);
  if (asked.organizations.join() !== nodes) return identity;
  if (dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (ips.length > 0) return 'IP subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  return identity ?? usageProblem(usages, 'client auth');
}

/** The same of the certificate a kubelet serves with. */
export function kubeletServingProblem(asked: AskedCertificate, usages: readonly string[]): string | undefined {
  const { dnsNames, emails, ips, uris } = asked;
  const identity = identityProblem(asked);
  if (asked.organizations.join() !== nodes) return identity;
  if (dnsNames.length === 0 && ips.length === 0) return 'DNS or IP subjectAltName is required';
  if (emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  return usageProblem(usages, 'server auth') ?? identity;
}

const nodes = 'system:nodes';
const nodeUser = 'system:node:';

function identityProblem({ commonName, organizations }: AskedCertificate): string | undefined {
  if (organizations.join() !== nodes) return 'subject organization is not system:nodes';
  return commonName.startsWith(nodeUser) ? undefined : `subject common name does not begin with ${nodeUser}`;
}

/** RSA keys encipher keys, others do not. */
function usageProblem(usages: readonly string[], purpose: 'client auth' | 'server auth'): string | undefined {
  const needed = ['digital signature', purpose];
  const wanted = new Set(usages);
  const rest = [...wanted].filter((usage) => !needed.includes(usage) && usage !== 'key encipherment');
  if (rest.length === 0 && needed.every((usage) => wanted.has(usage))) return undefined;
  return `usages did not match [${purpose} digital signature] or [${purpose} digital signature key encipherment]`;
}
