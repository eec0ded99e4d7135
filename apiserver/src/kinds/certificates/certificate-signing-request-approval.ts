import { timestamp } from '@keelson/base';
import type { CertificateSigningRequest } from '@keelson/types';
import type { PartRules, WriteContext } from '../types.ts';
import { statusChangeErrors } from './certificate-signing-request-validation.ts';

/** `certificatesigningrequests/<name>/approval`: an approver writes conditions and nothing else. */
export const approvalPart: PartRules<CertificateSigningRequest> = {
  take(asked, old, context) {
    const certificate = old.status?.certificate;
    const next = { ...asked, spec: old.spec, status: { ...asked.status, ...(certificate === undefined ? {} : { certificate }) } };
    stampConditions(next, old, context);
    return next;
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
