import { type FieldError, type FieldPath, fieldRequired, path, validateAnnotations, validateLabels } from '@keelson/machinery';
import type { Pod, PodSpec, PodTemplateSpec } from '@keelson/types';
import { Report } from '../report.ts';
import { checkAnnotationChanges, checkPodAnnotations, checkProfilesAgree } from './pod-spec/annotations.ts';
import { checkImageSpace } from './pod-spec/containers.ts';
import { checkPodSpec } from './pod-spec/spec.ts';
import { checkPodStatus } from './pod-spec/status.ts';
import { checkPodUpdate } from './pod-spec/update.ts';

const specPath = path('spec');
const metadataPath = path('metadata');
const annotationsPath = metadataPath.child('annotations');
const statusPath = path('status');

/** What a pod is refused for, new or changed. */
export function podErrors(pod: Pod): FieldError[] {
  const { metadata, spec } = pod;
  if (!spec) return [fieldRequired(specPath.child('containers'))];
  const report = new Report();
  checkPodAnnotations(metadata.annotations, spec, annotationsPath, report);
  checkPodSpec(spec, metadata, specPath, report);
  if (!spec.serviceAccountName) checkTokens(spec, report);
  for (const [index, container] of (spec.containers ?? []).entries())
    checkImageSpace(container, specPath.child('containers').index(index), report);
  for (const [index, container] of (spec.initContainers ?? []).entries())
    checkImageSpace(container, specPath.child('initContainers').index(index), report);
  if (spec.nodeName && spec.schedulingGates?.length)
    report.forbidden(specPath, 'nodeName', 'cannot be set until all schedulingGates have been cleared');
  if (!metadata.resourceVersion) checkProfilesAgree(pod, specPath, report);
  return report.errors;
}

/** Tokens are some account's. */
function checkTokens({ volumes = [] }: PodSpec, report: Report): void {
  for (const [index, { projected }] of volumes.entries())
    for (const [place, { serviceAccountToken }] of (projected?.sources ?? []).entries())
      if (serviceAccountToken)
        report.forbidden(
          specPath,
          `volumes[${index}].projected.sources[${place}].serviceAccountToken`,
          'must not be specified when serviceAccountName is not set',
        );
}

/** Upstream says what is wrong with a template's labels and annotations without the `metadata` they stand in. */
export function podTemplateErrors(template: PodTemplateSpec | undefined, at: FieldPath): FieldError[] {
  const { spec, metadata: { labels, annotations } = {} } = template ?? {};
  const report = new Report();
  if (labels) report.add(validateLabels(labels, at.child('labels')));
  if (annotations) report.add(validateAnnotations(annotations, at.child('annotations')));
  if (!spec) report.required(at, 'spec.containers');
  else {
    checkPodAnnotations(annotations, spec, at.child('annotations'), report);
    checkPodSpec(spec, undefined, at.child('spec'), report);
    checkProfilesAgree({ metadata: { annotations }, spec }, at.child('spec'), report);
    if (spec.ephemeralContainers?.length)
      report.forbidden(at, 'spec.ephemeralContainers', 'ephemeral containers not allowed in pod template');
  }
  return report.errors;
}

/** What may not change of a pod. */
export function podUpdateErrors(next: Pod, old: Pod): FieldError[] {
  const report = new Report();
  checkAnnotationChanges(next.metadata.annotations, old.metadata.annotations, annotationsPath, report);
  checkPodUpdate(next, old, specPath, report);
  return report.errors;
}

export function podStatusErrors(next: Pod, old: Pod): FieldError[] {
  const report = new Report();
  checkAnnotationChanges(next.metadata.annotations, old.metadata.annotations, annotationsPath, report);
  checkPodStatus(next, old, statusPath, report);
  return report.errors;
}
