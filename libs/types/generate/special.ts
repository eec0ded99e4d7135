/** Types whose JSON form is not an object with named fields, and corrections to what the packages say. */
import type { Schema } from '../src/schema.ts';
import type { Shape } from './model.ts';

export interface Special {
  readonly ts: string;
  readonly schema: Schema;
}

const anything: Schema = { 'x-kubernetes-preserve-unknown-fields': true };

export const specials: Readonly<Record<string, Special>> = {
  'api.resource.Quantity': { ts: 'string', schema: { type: 'string', format: 'quantity' } },
  'util.intstr.IntOrString': { ts: 'number | string', schema: { format: 'int-or-string', 'x-kubernetes-int-or-string': true } },
  'runtime.RawExtension': { ts: 'Record<string, unknown>', schema: { type: 'object', ...anything } },
  'meta.v1.Time': { ts: 'string', schema: { type: 'string', format: 'date-time' } },
  'meta.v1.MicroTime': { ts: 'string', schema: { type: 'string', format: 'date-time' } },
  'meta.v1.FieldsV1': { ts: 'Record<string, unknown>', schema: { type: 'object', ...anything } },
  'apiextensions.v1.JSON': { ts: 'unknown', schema: anything },
  'apiextensions.v1.JSONSchemaPropsOrBool': { ts: 'JSONSchemaProps | boolean', schema: anything },
  'apiextensions.v1.JSONSchemaPropsOrArray': { ts: 'JSONSchemaProps | JSONSchemaProps[]', schema: anything },
  'apiextensions.v1.JSONSchemaPropsOrStringArray': { ts: 'JSONSchemaProps | string[]', schema: anything },
  'apiextensions.v1.CustomResourceSubresourceStatus': { ts: 'Record<string, unknown>', schema: { type: 'object', ...anything } },
};

/** Fields that kubernetes-models writes out in place instead of naming their type. */
export const shapeCorrections: Readonly<Record<string, Shape>> = {
  'apps.v1.StatefulSetSpec.volumeClaimTemplates': { is: 'list', of: { is: 'ref', to: 'core.v1.PersistentVolumeClaim' } },
};

/** Types that kubernetes-models lacks. */
export const onlyInClientNode: readonly string[] = ['meta.v1.GroupResource'];

/** Types of past releases that both packages still have. */
export const ofPastReleases: ReadonlySet<string> = new Set(['core.v1.ClaimSource']);

/** Kinds of meta/v1, which are served under the core group's name. */
export const metaKinds: readonly string[] = [
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'DeleteOptions',
  'Status',
  'WatchEvent',
];

/** Optional in the schema, but no object without it is of use: required in the TypeScript types only. */
export const alwaysPresent: ReadonlySet<string> = new Set(
  [
    'core.v1.Pod',
    'core.v1.Node',
    'core.v1.Service',
    'core.v1.PersistentVolume',
    'core.v1.PersistentVolumeClaim',
    'core.v1.PodTemplateSpec',
    'core.v1.ReplicationController',
    'apps.v1.DaemonSet',
    'apps.v1.Deployment',
    'apps.v1.ReplicaSet',
    'apps.v1.StatefulSet',
    'autoscaling.v1.HorizontalPodAutoscaler',
    'autoscaling.v2.HorizontalPodAutoscaler',
    'batch.v1.CronJob',
    'batch.v1.Job',
    'batch.v1.JobTemplateSpec',
    'policy.v1.PodDisruptionBudget',
  ].map((typeName) => `${typeName}.spec`),
);
