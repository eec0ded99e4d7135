import { parseTime } from '@keelson/machinery';
import type { CertificateSigningRequest } from '@keelson/types';

const hour = 3_600_000;
/** How long a request stays, in milliseconds: decided ones for whoever waits for the answer, undecided ones for whoever decides. */
const lives = { Approved: hour, Denied: hour, Failed: hour, pending: 24 * hour };

/**
 * When a request is to be removed, milliseconds since the epoch; undefined: not by what is known of it now.
 * @param certificateEnd when the certificate it was answered with expires.
 */
export function endOf({ metadata, status }: CertificateSigningRequest, certificateEnd: number | undefined): number | undefined {
  const created = parseTime(metadata.creationTimestamp);
  const conditions = status?.conditions ?? [];
  const ends = conditions.flatMap(({ type, lastUpdateTime }) => {
    if (type !== 'Denied' && type !== 'Failed' && !(type === 'Approved' && status?.certificate)) return [];
    const at = parseTime(lastUpdateTime);
    return at === undefined ? [] : [at + lives[type]];
  });
  if (certificateEnd !== undefined) ends.push(certificateEnd);
  if (conditions.length === 0 && created !== undefined) ends.push(created + lives.pending);
  return ends.length === 0 ? undefined : Math.min(...ends);
}
