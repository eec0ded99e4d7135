import assert from 'node:assert/strict';
import type { FlowSchema, PriorityLevelConfiguration } from '@keelson/types';
import type { Context } from '../context.ts';
import { operations } from '../operations.ts';
import { across, discovered, type Labelled, type Resource } from '../resource.ts';
import type { Specs } from '../specs.ts';

const group = 'flowcontrol.apiserver.k8s.io';
const v1 = `${group}/v1`;
const fairness = '[sig-api-machinery] API priority and fairness';

type Conditioned = Labelled & { status?: { conditions?: { type?: string | undefined }[] | undefined } | undefined };

/** Conditions of its own are patched into the status, and added to it; whoever else writes there leaves them. */
async function ownConditions<T extends Conditioned>(c: Context, resource: Resource<T>, name: string): Promise<void> {
  const types = ({ status }: Conditioned): (string | undefined)[] => (status?.conditions ?? []).map(({ type }) => type);
  const condition = (type: string) => ({ type, status: 'False', reason: 'Patched', message: `by ${c.unique('e2e')}` });
  const gotten = await resource.get(`${name}/status`);
  assert.equal(gotten.metadata.name, name);
  const patched = await resource.patch(`${name}/status`, { status: { conditions: [condition('PatchStatusFailed')] } }, 'merge');
  assert.ok(types(patched).includes('PatchStatusFailed'));
  const add = (present: T): T => {
    const conditions = [...(present.status?.conditions ?? []), condition('StatusUpdateFailed')];
    return { ...present, status: { ...present.status, conditions } };
  };
  const updated = await resource.update(name, add, '/status');
  assert.ok(types(updated).includes('PatchStatusFailed') && types(updated).includes('StatusUpdateFailed'));
}

export const flowControl: Specs = {
  async [`${fairness} should support FlowSchema API operations`](c) {
    await discovered(c, group, 'v1', ['flowschemas', 'flowschemas/status']);
    const resource = across<FlowSchema>(c, v1, 'flowschemas');
    const rule = {
      subjects: [{ kind: 'User', user: { name: 'example-e2e-non-existent-user' } }],
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['*'] }],
    };
    const spec = {
      matchingPrecedence: 10_000,
      priorityLevelConfiguration: { name: 'global-default' },
      distinguisherMethod: { type: 'ByUser' },
      rules: [rule],
    };
    const make = (labels: Record<string, string>) => ({ metadata: { generateName: 'e2e-example-fs', labels }, spec });
    await operations(c, { resource }, make, ({ metadata }) => ownConditions(c, resource, metadata.name ?? ''));
  },

  async [`${fairness} should support PriorityLevelConfiguration API operations`](c) {
    await discovered(c, group, 'v1', ['prioritylevelconfigurations', 'prioritylevelconfigurations/status']);
    const resource = across<PriorityLevelConfiguration>(c, v1, 'prioritylevelconfigurations');
    const spec = { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } };
    const make = (labels: Record<string, string>) => ({ metadata: { generateName: 'e2e-example-pl', labels }, spec });
    await operations(c, { resource }, make, ({ metadata }) => ownConditions(c, resource, metadata.name ?? ''));
  },
};
