import type { AnyObject } from '../types.ts';

/** The object without the version it was read at, which the server refuses of what is to be made. */
export function asNew(object: AnyObject): AnyObject {
  if (!object.metadata?.resourceVersion) return object;
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
