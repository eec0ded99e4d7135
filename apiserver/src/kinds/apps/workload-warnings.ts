import type { KubeObject } from '@keelson/client';
import type { ObjectMeta, PodTemplateSpec } from '@keelson/types';
import { nameWarnings, podTemplateWarnings } from '../core/pod-warnings.ts';

interface Workload extends KubeObject {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly template?: PodTemplateSpec | undefined } | undefined;
}

/** What upstream warns of in whatever makes pods: a name that cannot be a host's, and its template, when it is new or wants something else. */
export function workloadWarnings({ metadata, spec }: Workload, old: Workload | undefined): readonly string[] {
  if (old && metadata.generation === old.metadata.generation) return [];
  const name = old ? [] : nameWarnings(metadata, 'Pod names and hostnames');
  return [...name, ...podTemplateWarnings(spec?.template ?? {}, 'spec.template')];
}
