import { path } from '@keelson/machinery';
import { PodTemplate } from '@keelson/types';
import { templateColumns } from '../apps/workload.ts';
import { nameColumn } from '../columns.ts';
import { labelsText } from '../label-text.ts';
import type { Column, KindDefinition } from '../types.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import { podTemplateErrors } from './pod-validation.ts';
import { dropFromPod } from './unserved.ts';

const shownAlways: readonly Column<PodTemplate>[] = templateColumns((template: PodTemplate) => template)
  .slice(0, 2)
  .map((column) => ({ ...column, priority: 0 }));

export const podTemplateKind: KindDefinition<PodTemplate> = {
  kind: PodTemplate,
  generation: true,
  defaults: ({ template }) => defaultPodTemplate(template),
  dropUnserved: ({ template }) => dropFromPod(template?.spec),
  validate: ({ template }) => podTemplateErrors(template, path('template')),
  deletion: { returnsObject: true },
  columns: [
    nameColumn,
    ...shownAlways,
    { name: 'Pod Labels', type: 'string', cell: ({ template }) => labelsText(template?.metadata?.labels) },
  ],
};
