import type { KubeObject } from '@keelson/client';
import type { ObjectMeta, PodTemplateSpec } from '@keelson/types';
import { nameWarnings, podTemplateWarnings } from '../core/pod-warnings.ts';

interface Named extends KubeObject {
  readonly metadata: ObjectMeta;
}

interface Workload extends Named {
  readonly spec?: { readonly template?: PodTemplateSpec | undefined } | undefined;
}

/** What upstream warns of in whatever makes pods. */
export function workloadWarnings(next: Workload, old: Workload | undefined): readonly string[] {
  return makerWarnings(next, old, next.spec?.template, 'spec.template');
}

/** Of a name that cannot be a host's, and of the template at `at`, when its owner is new or wants something else. */
export function makerWarnings(
  { metadata }: Named,
  old: Named | undefined,
  template: PodTemplateSpec | undefined,
  at: string,
): readonly string[] {
  if (old && metadata.generation === old.metadata.generation) return [];
  const name = old ? [] : nameWarnings(metadata, 'Pod names and hostnames');
  return [...name, ...podTemplateWarnings(template ?? {}, at)];
}
