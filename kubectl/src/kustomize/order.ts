import { compareStrings } from '@keelson/machinery';
import type { AnyObject } from '../types.ts';
import type { Resource } from './types.ts';

const first =
  'Namespace,ResourceQuota,StorageClass,CustomResourceDefinition,ServiceAccount,PodSecurityPolicy,Role,ClusterRole,RoleBinding,ClusterRoleBinding,ConfigMap,Secret,Endpoints,Service,LimitRange,PriorityClass,PersistentVolume,PersistentVolumeClaim,Deployment,StatefulSet,CronJob,PodDisruptionBudget'.split(
    ',',
  );
const last = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

/** Negative for what others need to be there before them, positive for what would stand in their way. */
function rank(kind: string): number {
  const at = first.indexOf(kind);
  return at >= 0 ? at - first.length : last.indexOf(kind) + 1;
}

function key({ apiVersion = '', kind = '', metadata }: AnyObject): string {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return [[group || '~G', version || '~V', kind].join('_'), metadata.namespace || '~X', metadata.name].join('|');
}

/** The order that kustomize prints in unless it is told another: by kind, then group, version, namespace and name. */
export function inOrder(resources: readonly Resource[]): Resource[] {
  return [...resources].sort(({ object: a }, { object: b }) => rank(a.kind ?? '') - rank(b.kind ?? '') || compareStrings(key(a), key(b)));
}
