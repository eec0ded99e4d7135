import { type FieldPath, isDNS1123Label, isDNS1123Subdomain, repeats } from '@keelson/machinery';
import type { PodExtendedResourceClaimStatus, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';

/** Which requests of a claim stand for which extended resources of which containers. */
export function checkExtendedClaim(
  { requestMappings = [], resourceClaimName = '' }: PodExtendedResourceClaimStatus,
  { containers, initContainers = [] }: PodSpec,
  at: FieldPath,
  report: Report,
): void {
  if (requestMappings.length === 0) report.required(at, 'requestMappings', 'at least one request mapping is required');
  const again = repeats(requestMappings, (one) => JSON.stringify([one.containerName, one.resourceName, one.requestName]));
  for (const [index, mapping] of requestMappings.entries()) {
    const where = at.child('requestMappings').index(index);
    const { containerName = '', resourceName = '', requestName = '' } = mapping;
    const container = [...containers, ...initContainers].find(({ name }) => name === containerName);
    if (!container)
      report.invalid(
        where,
        'containerName',
        containerName,
        'must match the name of an entry in spec.initContainers.name or spec.containers.name',
      );
    else if (!Object.hasOwn(container.resources?.requests ?? {}, resourceName))
      report.invalid(
        where,
        'resourceName',
        resourceName,
        'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
      );
    report.problems(at, 'requestName', requestName, isDNS1123Label(requestName));
    if (again.has(index))
      for (const [member, value] of Object.entries({ containerName, resourceName, requestName })) report.duplicate(where, member, value);
  }
  if (!resourceClaimName) report.required(at, 'resourceClaimName');
  else report.problems(at, 'resourceClaimName', resourceClaimName, isDNS1123Subdomain(resourceClaimName));
}
