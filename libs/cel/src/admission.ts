import { errorMessage } from '@keelson/base';
import type { Scope } from './check.ts';
import { authorizerType, resourceCheckType } from './library/authorization.ts';
import { library, patchLibrary } from './library/index.ts';
import { Program } from './program.ts';
import * as types from './types.ts';
import { bool, type CelType, dyn, int, list, map, object, string, timestamp } from './types.ts';
import { Struct } from './values.ts';

/** What is known of the variables of an admission expression. */
export interface AdmissionTypes {
  /** Of `object` and `oldObject`; any unless told. */
  readonly object?: CelType;
  /** Of `params`; the variable is there only when this is. */
  readonly params?: CelType;
  /** Whether there is `namespaceObject`. */
  readonly namespace?: boolean;
}

const kindType = object('kubernetes.GroupVersionKind', { group: string, version: string, kind: string });
const resourceType = object('kubernetes.GroupVersionResource', { group: string, version: string, resource: string });
const userType = object('kubernetes.UserInfo', { username: string, uid: string, groups: list(string), extra: map(string, list(string)) });

const requestType = object('kubernetes.AdmissionRequest', {
  ...{ kind: kindType, resource: resourceType, subResource: string },
  ...{ requestKind: kindType, requestResource: resourceType, requestSubResource: string },
  ...{ name: string, namespace: string, operation: string, userInfo: userType, dryRun: bool, options: dyn },
});

const conditionType = object('kubernetes.NamespaceCondition', {
  ...{ type: string, status: string, reason: string, message: string, lastTransitionTime: timestamp },
});

const namespaceType = object('kubernetes.Namespace', {
  metadata: object('kubernetes.NamespaceMetadata', {
    ...{ name: string, generateName: string, namespace: string, labels: map(string, string), annotations: map(string, string) },
    ...{ UID: string, creationTimestamp: timestamp, deletionGracePeriodSeconds: int, deletionTimestamp: timestamp },
    ...{ generation: int, resourceVersion: string, finalizers: list(string) },
  }),
  spec: object('kubernetes.NamespaceSpec', { finalizers: list(string) }),
  status: object('kubernetes.NamespaceStatus', { conditions: list(conditionType), phase: string }),
});

/** What match conditions, and policies' expressions, may name. */
export function admissionScope({ object: objectType = dyn, params, namespace = false }: AdmissionTypes): Scope {
  const variables: Record<string, CelType> = {
    ...{ object: objectType, oldObject: objectType, request: requestType },
    ...{ authorizer: authorizerType, 'authorizer.requestResource': resourceCheckType },
    ...(params ? { params } : {}),
    ...(namespace ? { namespaceObject: namespaceType } : {}),
  };
  return { functions: library, variables };
}

/** The scope with what only mutations have: functions for patches, and types to make values of. */
export function mutationScope(scope: Scope): Scope {
  return { ...scope, functions: patchLibrary, struct: mutationStruct };
}

/** Any `Object…`, and `JSONPatch`. */
const mutationStruct: NonNullable<Scope['struct']> = (name) => {
  if (name === 'JSONPatch') return (field) => (Object.hasOwn(patchFields, field) ? patchFields[field] : undefined);
  return /^Object(\.|$)/.test(name) ? () => dyn : undefined;
};

/**
 * What is wrong with the names of types within a value: they are made of the names of the fields that lead to them. Words are upstream's;
 * undefined when nothing is.
 */
export function structNameFault(value: unknown): string | undefined {
  const faults = value instanceof Struct ? structFaults(value, value.typeName) : [];
  return faults.length > 0 ? faults.join('\n') : undefined;
}

function structFaults(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((element) => structFaults(element, path));
  if (!(value instanceof Map)) return [];
  if (!(value instanceof Struct)) return [...value.values()].flatMap((member) => structFaults(member, path));
  const { typeName } = value;
  const expected = `expected "${path}", which matches field name path from root Object type`;
  const own = typeName === path ? [] : [`unexpected type name "${typeName}", ${expected}`];
  return [...own, ...[...value].flatMap(([field, member]) => structFaults(member, `${path}.${field}`))];
}

const patchFields: Readonly<Record<string, CelType>> = { op: string, path: string, from: string, value: dyn };

export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

export interface NamedProgram {
  readonly name: string;
  /** Why there is none. */
  readonly program: Program | { readonly problem: string };
}

/** A policy's variables, each of which may name those before it, and the scope in which its other expressions stand. */
export function compiledVariables(
  scope: Scope,
  variables: readonly NamedExpression[],
): { readonly scope: Scope; readonly programs: readonly NamedProgram[] } {
  const fields: Record<string, CelType> = {};
  const programs: NamedProgram[] = [];
  const within = (): Scope => ({
    ...scope,
    variables: { ...scope.variables, variables: types.object('kubernetes.variables', { ...fields }) },
  });
  for (const { name, expression } of variables) {
    const program = compiled(expression, within());
    programs.push({ name, program });
    fields[name] = program instanceof Program ? program.type : dyn;
  }
  return { scope: within(), programs };
}

function compiled(expression: string, scope: Scope): NamedProgram['program'] {
  try {
    return new Program(expression, scope);
  } catch (error) {
    return { problem: errorMessage(error) };
  }
}
