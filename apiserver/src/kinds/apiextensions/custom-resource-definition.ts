import { goQuote, path } from '@keelson/machinery';
import { CustomResourceDefinition } from '@keelson/types';
import { newFormats } from '../../extensions/crd/unknown-formats.ts';
import { defaultClientConfig } from '../admissionregistration/client-config.ts';
import { defaultColumns } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { cleanupFinalizer } from './cleanup-finalizer.ts';
import { definitionErrors, definitionUpdateErrors, namesErrors } from './custom-resource-definition-validation.ts';

/** What clients see until the first condition is written. */
const noneYet = null as unknown as undefined;

/** The version in which objects are stored; none where none is told. */
function storageVersion(spec: CustomResourceDefinition['spec'] | undefined): string[] {
  const storage = spec?.versions?.find((version) => version.storage);
  return storage ? [storage.name] : [];
}

/** Accepting names, establishing and serving what it defines is `extensions/crd`'s. */
export const customResourceDefinitionKind: KindDefinition<CustomResourceDefinition> = {
  kind: CustomResourceDefinition,
  prefix: '/registry/apiextensions.k8s.io/customresourcedefinitions/',
  conditionalUpdateOnly: true,
  anyFinalizers: true,
  defaults({ spec, status }) {
    if (!spec) return;
    if (status && !status.storedVersions?.length) status.storedVersions = storageVersion(spec);
    if (spec.names?.kind) {
      spec.names.singular ||= spec.names.kind.toLowerCase();
      spec.names.listKind ||= `${spec.names.kind}List`;
    }
    if (!spec.preserveUnknownFields) spec.preserveUnknownFields = undefined;
    spec.conversion ??= { strategy: 'None' };
    defaultClientConfig(spec.conversion.webhook?.clientConfig);
    for (const { additionalPrinterColumns } of spec.versions ?? [])
      for (const column of additionalPrinterColumns ?? []) if (column.priority === 0) column.priority = undefined;
  },
  prepareCreate(definition) {
    definition.status = { conditions: noneYet, acceptedNames: { plural: '', kind: '' }, storedVersions: storageVersion(definition.spec) };
  },
  prepareUpdate(next) {
    const stored = next.status?.storedVersions ?? [];
    const added = storageVersion(next.spec).filter((version) => !stored.includes(version));
    if (added.length > 0) next.status = { ...next.status, storedVersions: [...stored, ...added] };
  },
  warnings: (next, old) => newFormats(next, old).map((format) => `unrecognized format ${goQuote(format)}`),
  validate: definitionErrors,
  validateUpdate: definitionUpdateErrors,
  deletion: {
    pending: ({ metadata }) => !metadata.deletionTimestamp,
    mark(definition) {
      const { metadata, status } = definition;
      metadata.finalizers = [...(metadata.finalizers ?? []).filter((one) => one !== cleanupFinalizer), cleanupFinalizer];
      const terminating = {
        ...{ type: 'Terminating', status: 'True', lastTransitionTime: metadata.deletionTimestamp, reason: 'InstanceDeletionPending' },
        message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      };
      definition.status = { ...status, conditions: [...(status?.conditions ?? []), terminating] };
    },
  },
  status: { validateUpdate: ({ status }) => namesErrors(status?.acceptedNames ?? {}, path('status', 'acceptedNames')) },
  columns: defaultColumns,
};
