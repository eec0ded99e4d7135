import { type FieldError, type FieldPath, fieldRequired, path, validateAnnotations, validateLabels } from '@keelson/machinery';
import type { Pod, PodSpec, PodTemplateSpec } from '@keelson/types';
import { Place, Report } from '../report.ts';
import { checkAnnotationChanges, checkPodAnnotations, checkProfilesAgree } from './pod-spec/annotations.ts';
import { checkImageSpace } from './pod-spec/containers.ts';
import { checkPodSpec } from './pod-spec/spec.ts';
import { checkPodStatus } from './pod-spec/status.ts';
import { checkPodUpdate } from './pod-spec/update.ts';

const specPath = path('spec');
const specPlace = new Place(specPath);
const metadataPlace = new Place(path('metadata'));
const annotationsPlace = metadataPlace.child('annotations');
const statusPlace = new Place(path('status'));

/** What a pod is refused for, new or changed. */
export function podErrors(pod: Pod): FieldError[] {
  const { metadata, spec } = pod;
  if (!spec) return [fieldRequired(specPath.child('containers'))];
  const report = new Report();
  checkPodAnnotations(metadata.annotations, spec, annotationsPlace, report);
  checkPodSpec(spec, metadata, specPlace, report);
  if (!spec.serviceAccountName) checkTokens(spec, report);
  for (const [index, container] of (spec.containers ?? []).entries())
    checkImageSpace(container, specPlace.item('containers', index), report);
  for (const [index, container] of (spec.initContainers ?? []).entries())
    checkImageSpace(container, specPlace.item('initContainers', index), report);
  if (spec.nodeName && spec.schedulingGates?.length)
    report.forbidden(specPlace, 'nodeName', 'cannot be set until all schedulingGates have been cleared');
  if (!metadata.resourceVersion) checkProfilesAgree(pod, specPlace, report);
  return report.errors;
}

/** Tokens are some account's. */
function checkTokens({ volumes = [] }: PodSpec, report: Report): void {
  for (const [index, { projected }] of volumes.entries())
    for (const [place, { serviceAccountToken }] of (projected?.sources ?? []).entries())
      if (serviceAccountToken)
        report.forbidden(
          specPlace,
          `volumes[${index}].projected.sources[${place}].serviceAccountToken`,
          'must not be specified when serviceAccountName is not set',
        );
}

/** Upstream says what is wrong with a template's labels and annotations without the `metadata` they stand in. */
export function podTemplateErrors(template: PodTemplateSpec | undefined, at: FieldPath): FieldError[] {
  if (!template) return [fieldRequired(at)];
  const { spec, metadata: { labels, annotations } = {} } = template;
  const report = new Report();
  const place = new Place(at);
  if (labels) report.add(validateLabels(labels, at.child('labels')));
  if (annotations) report.add(validateAnnotations(annotations, at.child('annotations')));
  if (!spec) report.required(place, 'spec.containers');
  else {
    checkPodAnnotations(annotations, spec, place.child('annotations'), report);
    checkPodSpec(spec, undefined, place.child('spec'), report);
    if (spec.ephemeralContainers?.length)
      report.forbidden(place, 'spec.ephemeralContainers', 'ephemeral containers not allowed in pod template');
  }
  return report.errors;
}

/** What may not change of a pod. */
export function podUpdateErrors(next: Pod, old: Pod): FieldError[] {
  const report = new Report();
  checkAnnotationChanges(next.metadata.annotations, old.metadata.annotations, annotationsPlace, report);
  checkPodUpdate(next, old, specPlace, report);
  return report.errors;
}

export function podStatusErrors(next: Pod, old: Pod): FieldError[] {
  const report = new Report();
  checkAnnotationChanges(next.metadata.annotations, old.metadata.annotations, annotationsPlace, report);
  checkPodStatus(next, old, statusPlace, metadataPlace, report);
  return report.errors;
}
