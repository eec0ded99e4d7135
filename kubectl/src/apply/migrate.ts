import { decodeFields, type FieldSet, hasPath, unionFields } from '@keelson/machinery';
import type { ManagedFieldsEntry } from '@keelson/types';
import type { AnyObject } from '../types.ts';
import { lastAppliedAnnotation } from './plan.ts';

/** The manager of server-side applies that name none. */
export const serverSideManager = 'kubectl';

const annotationPath = ['f:metadata', 'f:annotations', `f:${lastAppliedAnnotation}`];

/**
 * The account of an object after what client-side apply owned has gone over to `manager`, who applies on the server from now on: what the
 * manifest drops can then be removed. Undefined when client-side apply owns nothing.
 */
export function migratedAccount(entries: readonly ManagedFieldsEntry[], manager: string): ManagedFieldsEntry[] | undefined {
  const writers = new Set(entries.filter(isClientSide).map((entry) => entry.manager));
  if (writers.size === 0) return undefined;
  const isOld = (entry: ManagedFieldsEntry): boolean => isMain(entry, 'Update') && writers.has(entry.manager);
  const isNew = (entry: ManagedFieldsEntry): boolean => isMain(entry, 'Apply') && entry.manager === manager;
  const gone = entries.filter(isOld);
  const present = entries.find(isNew);
  const all = [...(present ? [present] : []), ...gone];
  const fields = all.map(fieldsOf).reduce(unionFields);
  const heir = { ...(present ?? gone[0]), manager, operation: 'Apply', fieldsV1: fields as Record<string, unknown> };
  return [heir, ...entries.filter((entry) => !isOld(entry) && entry !== present)];
}

function isMain({ operation, subresource }: ManagedFieldsEntry, wanted: string): boolean {
  return operation === wanted && !subresource;
}

/** Client-side apply is whoever wrote its annotation. */
function isClientSide(entry: ManagedFieldsEntry): boolean {
  return isMain(entry, 'Update') && hasPath(fieldsOf(entry), annotationPath);
}

function fieldsOf({ fieldsV1 }: ManagedFieldsEntry): FieldSet {
  return decodeFields(fieldsV1 ?? {});
}

/** What keeps the annotation of client-side apply where it is while everything else goes over; undefined where there is nothing to keep. */
export function annotationKeeper(object: AnyObject): { manager: string; config: AnyObject } | undefined {
  const { name, namespace, annotations, managedFields = [] } = object.metadata;
  const text = annotations?.[lastAppliedAnnotation];
  const manager = 'kubectl-last-applied';
  if (text === undefined) return undefined;
  const kept = managedFields.some(
    (entry) => entry.manager === manager && isMain(entry, 'Apply') && hasPath(fieldsOf(entry), annotationPath),
  );
  if (kept) return undefined;
  const metadata = { name, ...(namespace ? { namespace } : {}), annotations: { [lastAppliedAnnotation]: text } };
  return { manager, config: { apiVersion: object.apiVersion, kind: object.kind, metadata } };
}
