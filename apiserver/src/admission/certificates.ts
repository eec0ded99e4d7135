import { equal, forbidden } from '@keelson/machinery';
import { parseCSR } from '@keelson/pki';
import { CertificateSigningRequest } from '@keelson/types';
import type { AuthorizationAttributes, Decision } from '../auth/types.ts';
import { isWriteOf } from './objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

type Authorize = (attributes: AuthorizationAttributes) => Promise<Decision>;

/** Besides the right to write `approval`, an approver needs the verb `approve` on the request's signer. */
export function certificateApproval(authorize: Authorize): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    async validate(attributes) {
      if (!isUpdateOf(attributes, 'approval')) return;
      const { signerName } = (attributes.old as CertificateSigningRequest).spec;
      if (await isPermitted(authorize, attributes, 'approve', signerName)) return;
      throw refusal(attributes, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`);
    },
  };
}

/** Besides the right to write `status`, a signer needs the verb `sign` on the request's signer. */
export function certificateSigning(authorize: Authorize): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    async validate(attributes) {
      if (!isUpdateOf(attributes, 'status')) return;
      const [next, old] = [attributes.object as CertificateSigningRequest, attributes.old as CertificateSigningRequest];
      const isSame = (next.status?.certificate ?? '') === (old.status?.certificate ?? '');
      if (isSame && equal(next.status?.conditions ?? [], old.status?.conditions ?? [])) return;
      const { signerName } = old.spec;
      if (await isPermitted(authorize, attributes, 'sign', signerName)) return;
      throw refusal(attributes, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`);
    },
  };
}

const clientSigner = 'kubernetes.io/kube-apiserver-client';
const masters = 'system:masters';

/** Nobody gets a client certificate that no authorizer could refuse. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  validate(attributes) {
    if (!isWriteOf(attributes, CertificateSigningRequest, 'CREATE')) return;
    const { signerName, request } = (attributes.object as CertificateSigningRequest).spec;
    if (signerName !== clientSigner) return;
    const { organizations } = parseCSR(Buffer.from(request, 'base64').toString());
    if (organizations.includes(masters)) throw refusal(attributes, `use of ${clientSigner} signer with ${masters} group is not allowed`);
  },
};

function isUpdateOf({ store, operation, subresource }: AdmissionAttributes, wanted: string): boolean {
  return store.kind.typeName === CertificateSigningRequest.typeName && operation === 'UPDATE' && subresource === wanted;
}

/** The verb may be granted on the signer, or on all signers of its domain. */
async function isPermitted(authorize: Authorize, { user }: AdmissionAttributes, verb: string, signer: string): Promise<boolean> {
  const signers = { verb, user, isResource: true, path: '', group: 'certificates.k8s.io', version: '*', resource: 'signers' };
  for (const name of [signer, `${signer.split('/')[0]}/*`]) {
    const decision = await authorize({ ...signers, subresource: '', namespace: '', name });
    if (decision.type === 'allow') return true;
  }
  return false;
}

function refusal({ store, name }: AdmissionAttributes, why: string): Error {
  return forbidden(store.groupResource, name, why);
}
