import { ReplicationController } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { KindDefinition } from '../types.ts';
import { defaultPodTemplate } from './pod-defaults.ts';

const selectorOf = ({ spec }: ReplicationController): string =>
  Object.entries(spec.selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');

/** Thin: served for the scheduler, which spreads the pods of one controller; its own controller comes later. */
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
  prepareCreate(controller) {
    controller.status = { replicas: 0 };
  },
  status: {},
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 1,
    setReplicas: ({ spec }, replicas) => {
      spec.replicas = replicas;
    },
    statusReplicas: ({ status }) => status?.replicas ?? 0,
    selector: selectorOf,
  },
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', cell: ({ spec }) => spec.replicas ?? 1 },
    { name: 'Current', type: 'integer', cell: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: ({ status }) => status?.readyReplicas ?? 0 },
    ageColumn,
    { name: 'Containers', type: 'string', priority: 1, cell: ({ spec }) => (spec.template?.spec.containers ?? []).map(({ name }) => name).join(',') },
    { name: 'Images', type: 'string', priority: 1, cell: ({ spec }) => (spec.template?.spec.containers ?? []).map(({ image }) => image).join(',') },
    { name: 'Selector', type: 'string', priority: 1, cell: (controller) => selectorOf(controller) || '<none>' },
  ],
};
