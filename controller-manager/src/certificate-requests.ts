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
  return firstOf([
    [!isOfNodes(asked), notOfNodes],
    [asked.dnsNames.length > 0, 'DNS subjectAltNames are not allowed'],
    [asked.emails.length > 0, 'Email subjectAltNames are not allowed'],
    [asked.ips.length > 0, 'IP subjectAltNames are not allowed'],
    [asked.uris.length > 0, 'URI subjectAltNames are not allowed'],
    [!asked.commonName.startsWith(nodeUser), notNode],
    usageProblem(usages, 'client auth'),
  ]);
}

/** The same of the certificate a kubelet serves with. */
export function kubeletServingProblem(asked: AskedCertificate, usages: readonly string[]): string | undefined {
  return firstOf([
    [!isOfNodes(asked), notOfNodes],
    [asked.dnsNames.length + asked.ips.length === 0, 'DNS or IP subjectAltName is required'],
    [asked.emails.length > 0, 'Email subjectAltNames are not allowed'],
    [asked.uris.length > 0, 'URI subjectAltNames are not allowed'],
    usageProblem(usages, 'server auth'),
    [!asked.commonName.startsWith(nodeUser), notNode],
  ]);
}

const nodes = 'system:nodes';
const nodeUser = 'system:node:';
const notOfNodes = `subject organization is not ${nodes}`;
const notNode = `subject common name does not begin with ${nodeUser}`;

function isOfNodes({ organizations }: AskedCertificate): boolean {
  return organizations.length === 1 && organizations[0] === nodes;
}

type Problem = readonly [holds: boolean, message: string];

function firstOf(problems: readonly Problem[]): string | undefined {
  return problems.find(([holds]) => holds)?.[1];
}

/** RSA keys encipher keys, others do not. */
function usageProblem(usages: readonly string[], purpose: 'client auth' | 'server auth'): Problem {
  const needed = ['digital signature', purpose];
  const fits = needed.every((usage) => usages.includes(usage)) && usages.every((usage) => [...needed, 'key encipherment'].includes(usage));
  return [!fits, `usages did not match [${purpose} digital signature] or [${purpose} digital signature key encipherment]`];
}
