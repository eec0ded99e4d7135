import type { CertificateSigningRequest, SubjectAccessReview } from '@keelson/types';
import { type AskedCertificate, kubeletClientProblem, signers } from '../../certificate-requests.ts';

/** A sort of request that is approved of without anybody being asked, where who sent it has a permission. */
export interface Recognized {
  /** A subresource of certificatesigningrequests that stands for the permission: whoever may create it may have such a request approved. */
  readonly permission: 'selfnodeclient' | 'nodeclient';
  readonly message: string;
}

/** Of what sorts a request is, most particular first. */
export function recognize({ spec }: CertificateSigningRequest, asked: AskedCertificate): readonly Recognized[] {
  if (spec.signerName !== signers.kubeletClient || kubeletClientProblem(asked, spec.usages ?? []) !== undefined) return [];
  const node: Recognized = { permission: 'nodeclient', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' };
  const self: Recognized = {
    permission: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
  };
  return spec.username === asked.commonName ? [self, node] : [node];
}

/** The question whether who sent the request has a permission. */
export function reviewOf({ spec }: CertificateSigningRequest, { permission }: Recognized): SubjectAccessReview {
  const { username, uid, groups, extra } = spec;
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      ...{ user: username, groups, extra, uid },
      resourceAttributes: {
        group: 'certificates.k8s.io',
        version: '*',
        resource: 'certificatesigningrequests',
        subresource: permission,
        verb: 'create',
      },
    },
  } as SubjectAccessReview;
}

/** The request with its approval. */
export function approved(csr: CertificateSigningRequest, { message }: Recognized): CertificateSigningRequest {
  const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
  return { ...csr, status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] } };
}
