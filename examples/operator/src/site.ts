import type { KubernetesObject, V1Condition } from '@kubernetes/client-node';

export const group = 'web.example.com';
export const version = 'v1';
export const plural = 'sites';

/** What the definition in deploy/crd.yaml says. */
export interface Site extends KubernetesObject {
  readonly spec: { readonly greeting: string; readonly replicas: number; readonly image: string };
  readonly status?: SiteStatus;
}

export interface SiteStatus {
  readonly observedGeneration?: number | undefined;
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly conditions: readonly Pick<V1Condition, 'type' | 'status' | 'reason' | 'message'>[];
}
