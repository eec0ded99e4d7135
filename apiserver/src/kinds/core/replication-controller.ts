import { type FieldError, fieldInvalid, fieldRequired, labelsSelector, path } from '@keelson/machinery';
import { ReplicationController } from '@keelson/types';
import { countErrors } from '../apps/replica-counts.ts';
import { templateColumns } from '../apps/workload.ts';
import { alwaysRunning } from '../apps/workload-validation.ts';
import { workloadWarnings } from '../apps/workload-warnings.ts';
import { ageColumn, nameColumn } from '../columns.ts';
import { nonNegative } from '../field-checks.ts';
import { labelsText } from '../label-text.ts';
import type { KindDefinition } from '../types.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import { podTemplateErrors } from './pod-validation.ts';
import { dropFromPod } from './unserved.ts';

const at = path('spec');

export const replicationControllerKind: KindDefinition<ReplicationController> = {
  kind: ReplicationController,
  prefix: '/registry/controllers/',
  defaults({ spec, metadata }) {
    if (!spec) return;
    spec.replicas ??= 1;
    const labels = spec.template?.metadata?.labels;
    if (labels && Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
    defaultPodTemplate(spec.template);
  },
  dropUnserved: ({ spec }) => dropFromPod(spec?.template?.spec),
  prepareCreate(controller) {
    controller.status = { replicas: 0 };
  },
  validate: controllerErrors,
  warnings: workloadWarnings,
  status: { validateUpdate: statusErrors },
  deletion: { defaultPolicy: 'Orphan' },
  selectableFields: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  scale: {
    path: '.spec.replicas',
    replicas: ({ spec }) => spec.replicas ?? 1,
    setReplicas: ({ spec }, replicas) => {
      spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: ({ spec }) => labelsSelector(spec.selector).toString(),
  },
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 1 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
    ageColumn,
    ...templateColumns(({ spec }: ReplicationController) => ({ template: spec.template })).slice(0, 2),
    { name: 'Selector', type: 'string', priority: 1, cell: ({ spec }) => labelsText(spec.selector) },
  ],
};

function controllerErrors({ spec }: ReplicationController): FieldError[] {
  if (!spec) return [fieldRequired(at)];
  const { selector = {}, template } = spec;
  const labels = template?.metadata?.labels ?? {};
  const errors = nonNegative(spec, at, 'minReadySeconds');
  if (Object.keys(selector).length === 0) errors.push(fieldRequired(at.child('selector')));
  else if (template && !labelsSelector(selector).matches(labels))
    errors.push(fieldInvalid(at.child('template', 'metadata', 'labels'), labels, '`selector` does not match template `labels`'));
  return [
    ...errors,
    ...nonNegative(spec, at, 'replicas'),
    ...(template ? podTemplateErrors(template, at.child('template')) : [fieldRequired(at.child('template'))]),
    ...alwaysRunning(template, at.child('template'), 'ReplicationController'),
  ];
}

function statusErrors({ status }: ReplicationController): FieldError[] {
  if (!status) return [];
  const counts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  return [...nonNegative(status, path('status'), 'replicas', ...counts, 'observedGeneration'), ...countErrors(status, counts)];
}
