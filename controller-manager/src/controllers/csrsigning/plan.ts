import { isConditionTrue } from '@keelson/machinery';
import type { CertificateSigningRequest } from '@keelson/types';
import { type AskedCertificate, isApproved, kubeletClientProblem, kubeletServingProblem, signers } from '../../certificate-requests.ts';

/** From when to when a certificate is valid, milliseconds since the epoch. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Peers' clocks may be behind by so much. */
const backdate = 5 * 60_000;
/** The shortest life that is granted. */
const shortest = 10 * 60_000;
/** Shorter lives are counted from now, longer ones from the backdated beginning. */
const short = 8 * 3_600_000;

/** Whether a signer has something to do: the request is approved, and neither answered nor failed. */
export function isDue(csr: CertificateSigningRequest): boolean {
  return isApproved(csr) && !csr.status?.certificate && !isConditionTrue(csr.status?.conditions, 'Failed');
}

/** Why a request's signer refuses it, in upstream's words; undefined: it signs. */
export function refusal({ spec }: CertificateSigningRequest, asked: AskedCertificate): string | undefined {
  const usages = spec.usages ?? [];
  switch (spec.signerName) {
    case signers.kubeletClient:
      return kubeletClientProblem(asked, usages);
    case signers.kubeletServing:
      return kubeletServingProblem(asked, usages);
    case signers.client:
      return clientUsageProblem(usages);
    default:
      // What this signer is for nobody knows any more, so it refuses nothing.
      return undefined;
  }
}

function clientUsageProblem(usages: readonly string[]): string | undefined {
  const foreign = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (foreign !== undefined) return `invalid usage for client certificate: ${foreign}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

/** @param longest what is granted unless less is asked for, in milliseconds, as `now`. */
export function validityOf({ spec }: CertificateSigningRequest, longest: number, now: number): Validity {
  const asked = spec.expirationSeconds === undefined ? longest : spec.expirationSeconds * 1000;
  const life = asked > longest ? longest : Math.max(asked, shortest);
  const notBefore = now - backdate;
  return { notBefore, notAfter: life < short ? now + life : notBefore + life };
}

/** The request as its signer leaves it. `now` as `metav1.Time`. */
export function failed(csr: CertificateSigningRequest, message: string, now: string): CertificateSigningRequest {
  const condition = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message, lastUpdateTime: now };
  return { ...csr, status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] } };
}
