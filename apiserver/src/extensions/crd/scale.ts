import type { KubeObject } from '@keelson/client';
import { type FieldError, fieldInvalid, goPrint, goTypeOf, internalError } from '@keelson/machinery';
import type { CustomResourceDefinitionVersion } from '@keelson/types';
import type { ScaleRules } from '../../kinds/types.ts';
import { memberNames, memberText, readMember, writeMember } from './members.ts';
import { isMap } from './schema.ts';

type Scale = NonNullable<NonNullable<CustomResourceDefinitionVersion['subresources']>['scale']>;

/** How a custom resource is scaled, by the paths its definition names. */
export function scaleRules({ specReplicasPath, statusReplicasPath, labelSelectorPath }: Scale): ScaleRules<KubeObject> {
  return {
    path: specReplicasPath,
    replicas(object) {
      const replicas = readMember(object, specReplicasPath);
      if (typeof replicas !== 'number') throw internalError(new Error(`the spec replicas field "${specReplicasPath}" does not exist`));
      return replicas;
    },
    isSet: (object) => typeof readMember(object, specReplicasPath) === 'number',
    setReplicas: (object, replicas) => writeMember(object, specReplicasPath, replicas),
    statusReplicas: (object) => count(readMember(object, statusReplicasPath)),
    selector: (object) => (labelSelectorPath ? memberText(readMember(object, labelSelectorPath)) : ''),
  };
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

const mostReplicas = 2 ** 31 - 1;

/** What a scale could not say, by the path as the definition spells it. */
export function scaleErrors({ specReplicasPath, statusReplicasPath, labelSelectorPath }: Scale, object: KubeObject): FieldError[] {
  const selector = labelSelectorPath ? misread(object, labelSelectorPath, 'string', '') : [];
  return [...[specReplicasPath, statusReplicasPath].flatMap((path) => replicasErrors(path, object)), ...selector];
}

function replicasErrors(path: string, object: KubeObject): FieldError[] {
  const wrong = misread(object, path, 'int64', 0);
  if (wrong.length > 0) return wrong;
  const replicas = count(readMember(object, path));
  if (replicas < 0) return [fieldInvalid(path, replicas, 'should be a non-negative integer')];
  return replicas > mostReplicas ? [fieldInvalid(path, replicas, `should be less than or equal to ${mostReplicas}`)] : [];
}

/** That something on the way, or at its end, is of another type in Go. @param zero what is read instead. */
function misread(object: KubeObject, path: string, wanted: 'int64' | 'string', zero: number | string): FieldError[] {
  let value: unknown = object;
  let at = '';
  for (const name of memberNames(path)) {
    at += `.${name}`;
    if (!isMap(value)) return [mistyped(path, zero, `${at} accessor error`, value, 'map[string]interface{}')];
    value = value[name];
    if (value === undefined || value === null) return [];
  }
  return goTypeOf(value) === wanted ? [] : [mistyped(path, zero, `${at} accessor error`, value, wanted)];
}

function mistyped(path: string, zero: number | string, what: string, value: unknown, wanted: string): FieldError {
  return fieldInvalid(path, zero, `${what}: ${goPrint(value)} is of the type ${goTypeOf(value)}, expected ${wanted}`);
}
