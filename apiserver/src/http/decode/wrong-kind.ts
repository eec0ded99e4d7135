import type { KubeObject } from '@keelson/client';
import { fieldInvalid, invalid, type StatusError } from '@keelson/machinery';
import type { Kind } from '@keelson/types';
import type { Schemas } from '@keelson/types/schemas';
import { DecodeError } from './decode-error.ts';
import { wrongVersion } from './type-meta.ts';

type Expected = Pick<Kind, 'kind' | 'apiVersion'>;

/** The built-in kinds by group, as Go's types tell them apart. */
export class BuiltInKinds {
  readonly #kinds = new Map<string, Set<string>>();

  constructor(schemas: Schemas) {
    for (const schema of Object.values(schemas)) {
      for (const { group, kind } of schema['x-kubernetes-group-version-kind'] ?? [])
        this.#kinds.set(group, (this.#kinds.get(group) ?? new Set()).add(kind));
    }
  }

  /** Older versions of a group count too: upstream still reads what it no longer serves. */
  has(group: string, version: string, kind: string): boolean {
    return /^v\d+((alpha|beta)\d+)?$/.test(version) && (this.#kinds.get(group)?.has(kind) ?? false);
  }
}

/** Nothing where an object is what the path says. A custom resource's kind is a field like any other, and found to be wrong as such. */
export function checkKind(expected: Expected, { kind = '', apiVersion = '', metadata }: KubeObject, builtIn?: BuiltInKinds): void {
  if (apiVersion === expected.apiVersion && kind === expected.kind) return;
  const [group] = groupVersion(expected.apiVersion);
  const [foundGroup, foundVersion] = groupVersion(apiVersion);
  const refusal = (why: string): StatusError =>
    new DecodeError(`${kind} in version ${JSON.stringify(foundVersion)} cannot be handled as a ${expected.kind}: ${why}`);
  if (builtIn && !builtIn.has(foundGroup, foundVersion, kind))
    throw refusal(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "${schemeOf(group)}"`);
  if (builtIn && kind !== expected.kind)
    throw refusal(`converting (${foundVersion}.${kind}) to (${internalPackage(group)}.${expected.kind}): unknown conversion`);
  if (apiVersion !== expected.apiVersion) throw wrongVersion(apiVersion, expected.apiVersion);
  throw invalid({ group, kind }, metadata?.name ?? '', [fieldInvalid('kind', kind, `must be ${expected.kind}`)]);
}

function groupVersion(apiVersion: string): readonly [group: string, version: string] {
  const at = apiVersion.indexOf('/');
  return at < 0 ? ['', apiVersion] : [apiVersion.slice(0, at), apiVersion.slice(at + 1)];
}

/** Where upstream's types of a group are registered. */
function schemeOf(group: string): string {
  return group === 'apiextensions.k8s.io'
    ? 'k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55'
    : 'k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30';
}

function internalPackage(group: string): string {
  const package_ = group.split('.')[0] || 'core';
  return package_ === 'events' ? 'core' : package_;
}
