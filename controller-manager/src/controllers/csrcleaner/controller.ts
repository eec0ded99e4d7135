import type { Clock } from '@keelson/base';
import { parseBundle } from '@keelson/pki';
import { type ControllerDefinition, defineController, self } from '@keelson/runtime';
import { CertificateSigningRequest } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { endOf } from './plan.ts';

/** Removes certificate requests that are decided or that nobody decides, once whoever made them has had time to look. */
export function csrCleanerController(clock: Clock): ControllerDefinition {
  return defineController({
    name: 'csrcleaner',
    reads: [CertificateSigningRequest],
    writes: [CertificateSigningRequest],
    triggers: [self(CertificateSigningRequest)],
    workers: 1,
    async reconcile(name, { of, api }) {
      const csr = of(CertificateSigningRequest).get(name);
      const end = csr && endOf(csr, certificateEnd(csr));
      if (!csr || end === undefined) return undefined;
      if (end > clock.now()) return { again: end - clock.now() };
      try {
        await api.delete(CertificateSigningRequest, { name }, { preconditions: { uid: csr.metadata.uid ?? '' } });
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}

/** Undefined when there is no certificate, or it cannot be read. */
function certificateEnd({ status }: CertificateSigningRequest): number | undefined {
  try {
    const [certificate] = parseBundle(Buffer.from(status?.certificate ?? '', 'base64').toString());
    return certificate?.validToDate.getTime();
  } catch {
    return undefined;
  }
}
