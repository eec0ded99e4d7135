import { timestamp } from '@keelson/base';
import { forbidden } from '@keelson/machinery';
import { CertificateSigningRequest } from '@keelson/types';
import { serveResource } from '../../http/resources.ts';
import type { ResourceHandler, ResourceRequest } from '../../http/types.ts';
import type { KindStore } from '../../registry/kind-store.ts';
import type { KindDefinition, StatusRules, WriteContext } from '../types.ts';
import { statusChangeErrors } from './certificate-signing-request-validation.ts';

/** An approver writes conditions and nothing else. */
const approvalRules: StatusRules<CertificateSigningRequest> = {
  prepareUpdate(next, old, context) {
    const certificate = old.status?.certificate;
    next.status = { ...next.status, ...(certificate === undefined ? {} : { certificate }) };
    stampConditions(next, old, context);
  },
  validateUpdate: (next, old) => statusChangeErrors(next, old, 'approval'),
};

/** Conditions that come without times get them here: clients need no clock. */
export function stampConditions(
  { status }: CertificateSigningRequest,
  { status: before }: CertificateSigningRequest,
  { clock }: Pick<WriteContext, 'clock'>,
): void {
  const now = timestamp(clock);
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    const old = before?.conditions?.find(({ type }) => type === condition.type);
    condition.lastTransitionTime ??= (old?.status === condition.status ? old.lastTransitionTime : undefined) ?? now;
  }
}

/** `get`, `update` and `patch` of `certificatesigningrequests/<name>/approval`: its status, under the rules for approvers. */
export const serveApproval: ResourceHandler = async (request) => {
  if (request.info.verb !== 'get') await mustApprove(request);
  await serveResource({ ...request, info: { ...request.info, subresource: 'status' }, store: underApproval(request.store) });
};

/** The same store, whose status has other rules. */
function underApproval(store: KindStore): KindStore {
  const definition: KindDefinition = { ...store.definition, status: approvalRules as unknown as StatusRules<object> };
  return Object.create(store, { definition: { value: definition } }) as KindStore;
}

/** Besides the right to write the subresource, an approver needs the verb `approve` on the signer, or on all of its domain. */
async function mustApprove({ registry, info, user, services, store }: ResourceRequest): Promise<void> {
  const signer = registry.read(CertificateSigningRequest, '', info.name)?.spec.signerName;
  if (signer === undefined) return;
  for (const name of [signer, `${signer.split('/')[0]}/*`]) {
    const asked = { verb: 'approve', group: 'certificates.k8s.io', version: '*', resource: 'signers', name };
    const decision = await services.authorize({ ...asked, user, isResource: true, path: '', subresource: '', namespace: '' });
    if (decision.type === 'allow') return;
  }
  throw forbidden(store.groupResource, info.name, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
}
