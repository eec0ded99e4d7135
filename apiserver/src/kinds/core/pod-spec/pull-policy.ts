import type { FieldPath } from '@keelson/machinery';
import type { Report } from '../../report.ts';

const policies = ['Always', 'IfNotPresent', 'Never'];

/** When an image is fetched, of a container or of a volume. */
export function checkPullPolicy(policy: string | undefined, at: FieldPath, where: string, report: Report): void {
  if (!policy) report.required(at, where);
  else if (!policies.includes(policy)) report.unsupported(at, where, policy, policies);
}
