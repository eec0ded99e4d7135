import { compareStrings, goQuote } from '../go-text.ts';
import { applyConflict, type StatusError } from '../status.ts';
import { pathText } from './element.ts';
import { type FieldSet, pathsOf } from './fields.ts';
import { type FieldOwner, ownerText } from './managed.ts';

/** Fields that an apply would change though they are somebody else's. */
export interface Conflict {
  readonly owner: FieldOwner;
  readonly fields: FieldSet;
}

/** 409 with a cause per field, as upstream: `Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas`. */
export function conflictError(conflicts: readonly Conflict[]): StatusError {
  const sorted = conflicts.toSorted((a, b) => compareStrings(ownerText(a.owner), ownerText(b.owner)));
  const named = sorted.map(({ owner, fields }) => ({ owner: ownerName(owner), paths: pathsOf(fields).map(pathText) }));
  const causes = named.flatMap(({ owner, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
  );
  const [only] = causes;
  if (causes.length === 1 && only) return applyConflict(causes, `Apply failed with 1 conflict: ${only.message}: ${only.field}`);
  const lines = named.flatMap(({ owner, paths }) => [`conflicts with ${owner}:`, ...paths.map((path) => `- ${path}`)]);
  return applyConflict(causes, `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`);
}

function ownerName({ manager, operation, apiVersion, subresource }: FieldOwner): string {
  const name = subresource ? `${goQuote(manager)} with subresource ${goQuote(subresource)}` : goQuote(manager);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
