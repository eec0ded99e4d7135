import { X509Certificate } from 'node:crypto';
import { type Clock, timestamp } from '@keelson/base';
import { type Credential, isKeyUsage, parseCSR, signCSR } from '@keelson/pki';
import { type ControllerDefinition, defineController, self } from '@keelson/runtime';
import { CertificateSigningRequest } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import type { Signer } from '../../certificate-requests.ts';
import { failed, isDue, refusal, validityOf } from './plan.ts';

/** With what requests are signed. */
export interface SigningConfig {
  /** Whose certificates are signed by whom; a signer that has no authority signs nothing. */
  readonly authorities: Readonly<Partial<Record<Signer, Credential>>>;
  /** The longest life of a certificate, in milliseconds. */
  readonly duration: number;
}

/** Kubernetes' own signers: they answer approved requests with certificates. */
export function csrSigningController({ authorities, duration }: SigningConfig, clock: Clock): ControllerDefinition {
  const authorityOf = (signer: string): Credential | undefined => (authorities as Readonly<Record<string, Credential>>)[signer];
  return defineController({
    name: 'csrsigning',
    reads: [CertificateSigningRequest],
    writes: ['certificatesigningrequests/status'],
    triggers: [self(CertificateSigningRequest)],
    async reconcile(name, { of, api }) {
      const csr = of(CertificateSigningRequest).get(name);
      const authority = csr && authorityOf(csr.spec.signerName);
      if (!csr || !authority || !isDue(csr)) return undefined;
      try {
        await api.update(CertificateSigningRequest, answer(csr, authority, duration, clock), { subresource: 'status' });
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}

/** The request with its certificate, or with the reason why it gets none. @throws when the authority can sign no longer. */
function answer(csr: CertificateSigningRequest, ca: Credential, duration: number, clock: Clock): CertificateSigningRequest {
  const csrPem = Buffer.from(csr.spec.request, 'base64').toString();
  const reason = refusal(csr, parseCSR(csrPem));
  if (reason !== undefined) return failed(csr, reason, timestamp(clock));
  const now = clock.now();
  if (now >= new X509Certificate(ca.certPem).validToDate.getTime())
    throw new Error('refusing to sign a certificate that expired in the past');
  const certificate = signCSR(csrPem, { ca, usages: (csr.spec.usages ?? []).filter(isKeyUsage), ...validityOf(csr, duration, now) });
  return { ...csr, status: { ...csr.status, certificate: Buffer.from(certificate).toString('base64') } };
}
