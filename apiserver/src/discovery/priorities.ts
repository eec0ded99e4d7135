/**
 * Where each group stands among the others: higher is shown first. The order is Kubernetes' own, so that clients that take the first
 * group to know a resource find the same.
 */
const groupPriorities: Readonly<Record<string, number>> = {
  '': 18_000,
  'apiregistration.k8s.io': 17_900,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'resource.k8s.io': 16_000,
};

/** What a group defined by CustomResourceDefinitions is given. */
const customGroup = 1000;

export function groupPriority(group: string): number {
  return groupPriorities[group] ?? customGroup;
}

const customVersion = 100;
const builtInVersion = { stable: 15, beta: 9, alpha: 1 } as const;

/** How a version of a group stands among the others: higher is preferred. `v1` and up only differ where a group has several. */
export function versionPriority(group: string, version: string): number {
  if (groupPriorities[group] === undefined) return customVersion;
  const [, major = '1', stage = ''] = /^v(\d+)(alpha|beta)?\d*$/.exec(version) ?? [];
  if (stage === 'alpha' || stage === 'beta') return builtInVersion[stage];
  return group === '' ? 1 : builtInVersion.stable * Number(major);
}
