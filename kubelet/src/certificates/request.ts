import { type Clock, type Logger, sleep } from '@keelson/base';
import type { Api } from '@keelson/client';
import { getCondition } from '@keelson/machinery';
import { createCSR } from '@keelson/pki';
import { CertificateSigningRequest } from '@keelson/types';
import { type HeldCertificate, heldCertificate } from './files.ts';
import type { CertificateWish } from './plan.ts';

export interface RequestDeps {
  readonly api: Api;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** The request was denied, or its signer refused it: to ask the same again is of no use. */
export class RequestRefused extends Error {}

/** How long somebody has to approve; then it is asked again. */
const patience = 15 * 60_000;
const looks = { first: 50, last: 2_000 };

/**
 * A certificate for a new key, asked of the cluster's signers; resolves once it is approved and signed.
 * @param prefix of the request's name. @throws RequestRefused when it is denied or failed, ApiError when it may not be asked for.
 */
export async function requestCertificate(wish: CertificateWish, prefix: string, deps: RequestDeps): Promise<HeldCertificate> {
  const { api, log } = deps;
  const { signerName, usages, ...subject } = wish;
  const { csrPem, keyPem } = await createCSR(subject);
  const { metadata } = await api.create(CertificateSigningRequest, {
    apiVersion: CertificateSigningRequest.apiVersion,
    kind: CertificateSigningRequest.kind,
    metadata: { generateName: prefix },
    spec: { request: Buffer.from(csrPem).toString('base64'), signerName, usages: [...usages] },
  });
  const { name = '' } = metadata;
  log.info('waiting for the certificate signing request to be approved and signed', { csr: name, signerName });
  return heldCertificate((await issued(name, metadata.uid, deps)) + keyPem);
}

async function issued(name: string, uid: string | undefined, { api, clock, signal }: RequestDeps): Promise<string> {
  const deadline = clock.now() + patience;
  for (let wait = looks.first; clock.now() < deadline; wait = Math.min(wait * 2, looks.last)) {
    await sleep(clock, wait, signal);
    const { metadata, status } = await api.get(CertificateSigningRequest, { name });
    if (metadata.uid !== uid) throw new Error(`certificate signing request ${name} was replaced`);
    for (const type of ['Denied', 'Failed']) {
      const verdict = getCondition(status?.conditions, type);
      if (verdict) {
        const { reason = '', message = '' } = verdict;
        throw new RequestRefused(`certificate signing request is ${type.toLowerCase()}, reason: "${reason}", message: "${message}"`);
      }
    }
    if (status?.certificate) return Buffer.from(status.certificate, 'base64').toString();
  }
  throw new Error(`timed out waiting for the certificate signing request ${name}`);
}
