import {
  type FieldError,
  type FieldPath,
  fieldForbidden,
  fieldRequired,
  invalidBy,
  isDNS1123Label,
  path,
  validateImmutable,
} from '@keelson/machinery';
import { IngressClass, type IngressClassParametersReference } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { atMostBytes, domainPrefixedPath, requiredOneOf } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';
import { resourceErrors } from './ingress-validation.ts';

const controllerLimit = 250;

export const ingressClassKind: KindDefinition<IngressClass> = {
  kind: IngressClass,
  generation: true,
  defaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  validate({ spec = {} }) {
    const at = path('spec');
    return [
      ...atMostBytes(spec.controller, controllerLimit, at.child('controller')),
      ...domainPrefixedPath(spec.controller, at.child('controller')),
      ...(spec.parameters ? parametersErrors(spec.parameters, at.child('parameters')) : []),
    ];
  },
  validateUpdate: (next, old) => validateImmutable(next.spec?.controller, old.spec?.controller, path('spec', 'controller')),
  columns: [
    nameColumn,
    { name: 'Controller', type: 'string', cell: ({ spec }) => spec?.controller ?? '' },
    { name: 'Parameters', type: 'string', cell: parametersText },
    ageColumn,
  ],
};

function parametersErrors(parameters: IngressClassParametersReference, at: FieldPath): FieldError[] {
  const { scope, namespace } = parameters;
  const errors = [...resourceErrors(parameters, at), ...requiredOneOf(scope, ['Cluster', 'Namespace'], at.child('scope'))];
  const where = at.child('namespace');
  if (scope === 'Namespace' && namespace === undefined) errors.push(fieldRequired(where, "`parameters.scope` is set to 'Namespace'"));
  else if (scope === 'Namespace') errors.push(...invalidBy(isDNS1123Label(namespace ?? ''), where, namespace));
  if (scope === 'Cluster' && namespace !== undefined) errors.push(fieldForbidden(where, "`parameters.scope` is set to 'Cluster'"));
  return errors;
}

function parametersText({ spec }: IngressClass): string {
  if (!spec?.parameters) return '<none>';
  const { kind, apiGroup, name } = spec.parameters;
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`;
}
