import { timestamp } from '@keelson/base';
import {
  type FieldError,
  fieldInvalid,
  fieldRequired,
  invalidBy,
  isDNS1035Label,
  isDNS1123Subdomain,
  isPathSegment,
  isPortNumber,
  path,
} from '@keelson/machinery';
import { APIService, type APIServiceSpec } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import { oneOf, optionalName } from '../field-checks.ts';
import type { KindDefinition } from '../types.ts';

const at = path('spec');
const highestGroupPriority = 20_000;
const highestVersionPriority = 1000;

/** Whose requests are handed on, and where to, is `extensions/aggregation`. */
export const apiServiceKind: KindDefinition<APIService> = {
  kind: APIService,
  prefix: '/registry/apiregistration.k8s.io/apiservices/',
  generation: false,
  conditionalUpdateOnly: true,
  anyFinalizers: true,
  name: isPathSegment,
  defaults({ spec }) {
    if (spec?.service) spec.service.port ??= 443;
  },
  prepareCreate(service, { clock }) {
    const local = { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' };
    service.status = service.spec?.service ? {} : { conditions: [{ ...local, lastTransitionTime: timestamp(clock) }] };
  },
  validate: serviceErrors,
  status: {
    leaves: 'metadata',
    validateUpdate: ({ status }) =>
      (status?.conditions ?? []).flatMap((condition, index) =>
        oneOf(condition.status, ['True', 'False', 'Unknown'], path('status', 'conditions').index(index).child('status')),
      ),
  },
  columns: [
    nameColumn,
    {
      name: 'Service',
      type: 'string',
      cell: ({ spec }) => (spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local'),
    },
    { name: 'Available', type: 'string', cell: availableText },
    ageColumn,
  ],
};

function availableText({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (!condition) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
}

function serviceErrors({ metadata, spec }: APIService): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  const { group = '', version = '', groupPriorityMinimum: groupPriority = 0, versionPriority = 0 } = spec;
  const name = `${version}.${group}`;
  const errors: FieldError[] = [];
  if (metadata.name && metadata.name !== name)
    errors.push(fieldInvalid(path('metadata', 'name'), metadata.name, `must be \`spec.version+"."+spec.group\`: "${name}"`));
  if (group === '' && version !== 'v1')
    errors.push(fieldRequired(at.child('group'), 'only v1 may have an empty group and it better be legacy kube'));
  errors.push(...optionalName(group, isDNS1123Subdomain, at.child('group')));
  errors.push(...invalidBy(isDNS1035Label(version), at.child('version'), version));
  if (groupPriority <= 0 || groupPriority > highestGroupPriority)
    errors.push(fieldInvalid(at.child('groupPriorityMinimum'), groupPriority, `must be positive and less than ${highestGroupPriority}`));
  if (versionPriority <= 0 || versionPriority > highestVersionPriority)
    errors.push(fieldInvalid(at.child('versionPriority'), versionPriority, `must be positive and less than ${highestVersionPriority}`));
  return [...errors, ...(spec.service ? remoteErrors(spec) : localErrors(spec))];
}

function localErrors({ caBundle, insecureSkipTLSVerify }: APIServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (caBundle) {
    const size = `${Buffer.byteLength(caBundle, 'base64')} bytes`;
    errors.push(fieldInvalid(at.child('caBundle'), size, 'local APIServices may not have a caBundle'));
  }
  if (insecureSkipTLSVerify)
    errors.push(fieldInvalid(at.child('insecureSkipTLSVerify'), true, 'local APIServices may not have insecureSkipTLSVerify'));
  return errors;
}

function remoteErrors({ service, caBundle, insecureSkipTLSVerify }: APIServiceSpec): FieldError[] {
  const { namespace, name, port = 443 } = service ?? {};
  const where = at.child('service');
  const errors: FieldError[] = [];
  if (!namespace) errors.push(fieldRequired(where.child('namespace')));
  if (!name) errors.push(fieldRequired(where.child('name')));
  const problems = isPortNumber(port);
  if (problems.length > 0) errors.push(fieldInvalid(where.child('port'), port, `port is not valid: ${problems.join(', ')}`));
  if (insecureSkipTLSVerify && caBundle)
    errors.push(fieldInvalid(at.child('insecureSkipTLSVerify'), true, 'may not be true if caBundle is present'));
  return errors;
}
