import { type FieldError, type FieldPath, fieldForbidden, validateAnnotations, validateLabels } from '@keelson/machinery';
import type { ObjectMeta } from '@keelson/types';

/** Metadata of what is made for a pod, from a template that stands in another object: labels and annotations are all it can have. */
export function templateMetaErrors(metadata: ObjectMeta = {}, at: FieldPath): FieldError[] {
  const others = Object.entries(metadata).filter(
    ([member, value]) => member !== 'annotations' && member !== 'labels' && value !== undefined && value !== null && value !== '',
  );
  return [
    ...validateAnnotations(metadata.annotations, at.child('annotations')),
    ...validateLabels(metadata.labels, at.child('labels')),
    ...others.map(([member]) => fieldForbidden(at.child(member), 'cannot be set')),
  ];
}
