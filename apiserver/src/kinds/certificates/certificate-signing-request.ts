import { humanDuration, isConditionTrue } from '@keelson/machinery';
import { CertificateSigningRequest } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { approvalPart, stampConditions } from './certificate-signing-request-approval.ts';
import { requestErrors, statusChangeErrors } from './certificate-signing-request-validation.ts';

export const certificateSigningRequestKind: KindDefinition<CertificateSigningRequest> = {
  kind: CertificateSigningRequest,
  generation: false,
  name: () => [],
  prepareCreate(request, { user }) {
    request.status = {};
    if (!request.spec) return;
    request.spec.username = user.name;
    request.spec.uid = user.uid;
    request.spec.groups = [...user.groups];
    request.spec.extra = user.extra && Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]));
  },
  prepareUpdate(next, old) {
    next.spec = old.spec;
  },
  validate: requestErrors,
  status: {
    prepareUpdate: stampConditions,
    validateUpdate: (next, old) => statusChangeErrors(next, old, 'certificate'),
  },
  parts: { approval: approvalPart },
  selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  columns: [
    nameColumn,
    ageColumn,
    { name: 'SignerName', type: 'string', cell: ({ spec }) => spec.signerName || '<none>' },
    { name: 'Requestor', type: 'string', cell: ({ spec }) => spec.username ?? '' },
    {
      name: 'RequestedDuration',
      type: 'string',
      cell: ({ spec }) => (spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000)),
    },
    { name: 'Condition', type: 'string', cell: conditionText },
  ],
};

/** `Approved,Issued` */
function conditionText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => isConditionTrue(status?.conditions, type);
  const verdict = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return [verdict, has('Failed') && 'Failed', status?.certificate && 'Issued'].filter(Boolean).join(',');
}
