import type { V1Deployment, V1OwnerReference, V1Service } from '@kubernetes/client-node';
import { group, type Site, type SiteStatus, version } from './site.ts';

/** What there is to be for a site: owned by it, so that it goes with it. */
export function childrenOf(site: Site): { readonly deployment: V1Deployment; readonly service: V1Service } {
  const { name = '', namespace = '', uid = '' } = site.metadata ?? {};
  const { greeting, replicas, image } = site.spec;
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': 'site-operator' };
  const owner: V1OwnerReference = {
    apiVersion: `${group}/${version}`,
    kind: 'Site',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  const metadata = { name, namespace, labels, ownerReferences: [owner] };
  const container = { name: 'web', image, env: [{ name: 'GREETING', value: greeting }], ports: [{ containerPort: 8080 }] };
  return {
    deployment: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
    },
    service: { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] } },
  };
}

/** How a site does, as far as its deployment tells. */
export function statusOf({ metadata, spec }: Site, deployment: V1Deployment | undefined): SiteStatus {
  const { replicas = 0, readyReplicas = 0, observedGeneration = 0 } = deployment?.status ?? {};
  const seen = deployment !== undefined && observedGeneration >= (deployment.metadata?.generation ?? 0);
  const ready = seen && readyReplicas === spec.replicas && deployment.spec?.replicas === spec.replicas;
  const condition = ready
    ? { type: 'Ready', status: 'True', reason: 'AllReady', message: `${readyReplicas} of ${spec.replicas} are ready` }
    : { type: 'Ready', status: 'False', reason: 'Progressing', message: `${readyReplicas} of ${spec.replicas} are ready` };
  return { observedGeneration: metadata?.generation, replicas, readyReplicas, conditions: [condition] };
}

/** Why a site is not to be, in one sentence; undefined when it may. */
export function refusal({ spec }: Pick<Site, 'spec'>): string | undefined {
  const rude = /\b(bah|humbug)\b/i.exec(spec.greeting)?.[0];
  return rude && `"${rude}" is no way to greet anybody`;
}
