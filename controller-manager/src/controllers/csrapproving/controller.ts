import { Backoff, type Clock } from '@keelson/base';
import { parseCSR } from '@keelson/pki';
import { type ControllerDefinition, defineController, type ReconcileContext, self } from '@keelson/runtime';
import { CertificateSigningRequest, SubjectAccessReview } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { isDecided } from '../../certificate-requests.ts';
import { approved, type Recognized, recognize, reviewOf } from './plan.ts';

/** Approves of the requests of kubelets for client certificates, where who sent them may have that. */
export function csrApprovingController(clock: Clock): ControllerDefinition {
  const backoff = new Backoff({ initial: 200, max: 1_000_000 }, clock);
  return defineController({
    name: 'csrapproving',
    reads: [CertificateSigningRequest],
    writes: ['certificatesigningrequests/approval', SubjectAccessReview],
    triggers: [self(CertificateSigningRequest)],
    async reconcile(name, context) {
      const csr = context.of(CertificateSigningRequest).get(name);
      if (!csr || csr.status?.certificate || isDecided(csr)) return void backoff.reset(name);
      const sorts = recognize(csr, parseCSR(Buffer.from(csr.spec.request, 'base64').toString()));
      if (sorts.length === 0) return undefined;
      for (const sort of sorts) {
        if (!(await isPermitted(csr, sort, context))) continue;
        await approve(csr, sort, context);
        return void backoff.reset(name);
      }
      const tried = sorts.map(({ permission }) => permission).join(' ');
      context.log.debug(`recognized csr ${JSON.stringify(name)} as [${tried}] but subject access review was not approved`);
      // The permission may be granted after the request was made.
      return { again: backoff.next(name) };
    },
  });
}

async function isPermitted(csr: CertificateSigningRequest, sort: Recognized, { api }: ReconcileContext): Promise<boolean> {
  const { status } = await api.create(SubjectAccessReview, reviewOf(csr, sort));
  return status?.allowed === true && status.denied !== true;
}

async function approve(csr: CertificateSigningRequest, sort: Recognized, { api }: ReconcileContext): Promise<void> {
  try {
    await api.update(CertificateSigningRequest, approved(csr, sort), { subresource: 'approval' });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
