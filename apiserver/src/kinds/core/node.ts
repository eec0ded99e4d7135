import { Node } from '@keelson/types';
import { ageColumn, nameColumn } from '../columns.ts';
import type { ServedKind } from '../served-kind.ts';
import type { Column } from '../types.ts';
import { firstOfAll } from './first-of-all.ts';
import { nodeErrors, nodeStatusErrors, nodeUpdateErrors } from './node-validation.ts';
import { nodeProxy } from './proxy.ts';

const rolePrefix = 'node-role.kubernetes.io/';

const address =
  (type: string) =>
  ({ status }: Node) =>
    status?.addresses?.find((one) => one.type === type)?.address ?? '<none>';

const columns: readonly Column<Node>[] = [
  nameColumn,
  { name: 'Status', type: 'string', cell: statusOf },
  { name: 'Roles', type: 'string', cell: rolesOf },
  ageColumn,
  { name: 'Version', type: 'string', cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '' },
  { name: 'Internal-IP', type: 'string', priority: 1, cell: address('InternalIP') },
  { name: 'External-IP', type: 'string', priority: 1, cell: address('ExternalIP') },
  { name: 'OS-Image', type: 'string', priority: 1, cell: ({ status }) => status?.nodeInfo?.osImage || '<unknown>' },
  { name: 'Kernel-Version', type: 'string', priority: 1, cell: ({ status }) => status?.nodeInfo?.kernelVersion || '<unknown>' },
  {
    name: 'Container-Runtime',
    type: 'string',
    priority: 1,
    cell: ({ status }) => status?.nodeInfo?.containerRuntimeVersion || '<unknown>',
  },
];

export const nodeKind: ServedKind<Node> = {
  kind: Node,
  prefix: '/registry/minions/',
  defaults(node) {
    node.spec ??= {};
    const { podCIDR, podCIDRs } = node.spec;
    if (podCIDR || podCIDRs?.length) {
      node.spec.podCIDRs = [...firstOfAll(podCIDR, podCIDRs ?? [])];
      node.spec.podCIDR = node.spec.podCIDRs[0];
    }
    if (node.status && !node.status.allocatable && node.status.capacity) node.status.allocatable = { ...node.status.capacity };
  },
  // Kubelets create their node with a status; it is the one kind whose status is kept on create.
  status: {
    keepOnCreate: true,
    prepareUpdate({ status }, old) {
      if (!old.status?.config) delete status?.config;
    },
    validateUpdate: nodeStatusErrors,
  },
  prepareCreate({ spec, status }) {
    delete spec?.configSource;
    delete status?.config;
  },
  prepareUpdate({ spec }, old) {
    if (!old.spec?.configSource) delete spec?.configSource;
  },
  validate: nodeErrors,
  validateUpdate: nodeUpdateErrors,
  generation: false,
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  subresources: { proxy: nodeProxy },
  columns,
};

function statusOf({ status, spec }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const words = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown'];
  if (spec?.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

function rolesOf({ metadata }: Node): string {
  const roles: string[] = [];
  for (const [label, value] of Object.entries(metadata.labels ?? {})) {
    if (label.startsWith(rolePrefix) && label.length > rolePrefix.length) roles.push(label.slice(rolePrefix.length));
    else if (label === 'kubernetes.io/role' && value) roles.push(value);
  }
  return roles.length > 0 ? [...new Set(roles)].sort().join(',') : '<none>';
}
