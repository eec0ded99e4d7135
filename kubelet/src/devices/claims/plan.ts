import type { Container, Pod, ResourceClaim } from '@keelson/types';
import { podSpec } from '../../pod/containers.ts';
import { podName, podNamespace, podUid } from '../../pod/naming.ts';
import type { Claim, ClaimDevice } from './book.ts';

/** A claim that a pod uses. */
export interface Use {
  /** The pod's name for it; undefined: it stands behind extended resources that the pod asks for by amount. */
  readonly entry: string | undefined;
  readonly claim: string;
  /** It was made for the pod, and must be its own. */
  readonly owned: boolean;
}

/** The claims of a pod, in its order; entries that need none are left out. @throws Error in Kubernetes' words while one is not made yet. */
export function usesOf(pod: Pod): readonly Use[] {
  const told = pod.status?.resourceClaimStatuses ?? [];
  const about = `pod "${podNamespace(pod)}/${podName(pod)}"`;
  const uses = (podSpec(pod).resourceClaims ?? []).flatMap(({ name, resourceClaimName, resourceClaimTemplateName }): Use[] => {
    if (resourceClaimName) return [{ entry: name, claim: resourceClaimName, owned: false }];
    if (!resourceClaimTemplateName) throw new Error(`${about}, spec.resourceClaim "${name}": none of the supported fields are set`);
    const made = told.find((one) => one.name === name);
    if (!made) throw new Error(`${about}: ResourceClaim not created yet`);
    return made.resourceClaimName ? [{ entry: name, claim: made.resourceClaimName, owned: true }] : [];
  });
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  return extended ? [...uses, { entry: undefined, claim: extended, owned: false }] : uses;
}

/** Why a pod cannot use a claim; undefined: it can. In Kubernetes' words. */
export function whyNot(pod: Pod, { metadata, status }: ResourceClaim, { owned }: Use): string | undefined {
  const uid = podUid(pod);
  const isOwner = metadata.ownerReferences?.some((one) => one.controller && one.uid === uid) === true;
  if (owned && !isOwner)
    return `ResourceClaim ${metadata.namespace}/${metadata.name} was not created for pod ${podNamespace(pod)}/${podName(pod)} (pod is not owner)`;
  if (!status?.reservedFor?.some((one) => one.resource === 'pods' && one.uid === uid))
    return `pod ${podName(pod)} (${uid}) is not allowed to use ResourceClaim ${metadata.name} (${metadata.uid})`;
  return status.allocation ? undefined : `ResourceClaim ${metadata.name}: not allocated`;
}

/** The drivers whose devices a claim has. */
export function driversOf({ status }: ResourceClaim): readonly string[] {
  return [...new Set((status?.allocation?.devices?.results ?? []).map(({ driver }) => driver))];
}

/** What one container uses of a pod's claims: the claim, and of its requests which; an empty request stands for all. */
export interface ContainerUse {
  readonly claim: string;
  readonly request: string;
}

export function containerUses(pod: Pod, container: Container): readonly ContainerUse[] {
  const uses = usesOf(pod);
  const named = (container.resources?.claims ?? []).flatMap(({ name, request }) =>
    uses.filter(({ entry }) => entry === name).map(({ claim }) => ({ claim, request: request ?? '' })),
  );
  const { resourceClaimName = '', requestMappings = [] } = pod.status?.extendedResourceClaimStatus ?? {};
  const asked = container.resources?.requests ?? {};
  const extended = requestMappings
    .filter(({ containerName, resourceName }) => containerName === container.name && asked[resourceName] !== undefined)
    .map(({ requestName }) => ({ claim: resourceClaimName, request: requestName }));
  return [...named, ...extended];
}

/** The devices that a claim has for one of its requests, or for all. A request of several choices goes by what stands before the slash. */
export function devicesFor({ drivers }: Claim, request: string): readonly (ClaimDevice & { readonly driver: string })[] {
  const [base = ''] = request.split('/');
  return [...drivers].flatMap(([driver, devices]) =>
    devices
      .filter(({ requests }) => base === '' || requests.length === 0 || requests.includes(base))
      .map((device) => ({ ...device, driver })),
  );
}
