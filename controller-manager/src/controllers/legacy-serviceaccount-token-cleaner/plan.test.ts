import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '@keelson/testing';
import type { Pod, Secret, ServiceAccount } from '@keelson/types';
import { tokenType } from '../serviceaccount-token/plan.ts';
import { planCleaning, type View } from './plan.ts';

const now = Date.UTC(2026, 5, 30);
const period = 30 * 86_400_000;
const account = { metadata: { name: 'robot', namespace: 'ns', uid: 'u' }, secrets: [{ name: 'key' }] } as ServiceAccount;

function secret(labels: Record<string, string> = {}, metadata: object = {}): Secret {
  const annotations = { 'kubernetes.io/service-account.name': 'robot' };
  const creationTimestamp = '2026-01-01T00:00:00Z';
  return { type: tokenType, metadata: { name: 'key', namespace: 'ns', creationTimestamp, annotations, labels, ...metadata } };
}

function steps(one: Secret, more: Partial<View> = {}): string {
  const view: View = { secrets: [one], account: () => account, pods: () => [], now, period, since: '2026-01-01', ...more };
  const { mark, remove } = planCleaning(view);
  return mark.length > 0 ? 'mark' : remove.length > 0 ? 'remove' : 'keep';
}

const used = (day: string) => ({ 'kubernetes.io/legacy-token-last-used': day });
const marked = (day: string) => ({ 'kubernetes.io/legacy-token-invalid-since': day });

test('an unused token is marked, and removed when it stayed so', () => {
  assert.equal(steps(secret()), 'mark');
  assert.equal(steps(secret(used('2026-05-30'))), 'mark');
  assert.equal(steps(secret(marked('2026-06-01'))), 'keep');
  assert.equal(steps(secret(marked('2026-05-30'))), 'remove');
  assert.equal(steps(secret({ ...marked('2026-05-30'), ...used('2026-05-31') })), 'keep', 'used since');
  assert.equal(steps(secret(marked('some day'))), 'mark');
});

test('nothing happens to tokens that may be in use', () => {
  assert.equal(steps(secret(used('2026-05-31'))), 'keep');
  assert.equal(steps(secret(used('yesterday'))), 'keep');
  assert.equal(steps(secret({}, { creationTimestamp: '2026-06-20T00:00:00Z' })), 'keep');
  assert.equal(steps(secret({}, { name: 'made by hand' })), 'keep');
  assert.equal(steps(secret(), { account: () => undefined }), 'keep');
  assert.equal(steps(secret(), { since: '2026-05-31' }), 'keep', 'not watched for long enough');
  assert.equal(steps(secret(), { since: 'nonsense' }), 'keep');
});

test('a token that a pod mounts stays', () => {
  const mounting = (spec: object): Pod[] => [{ ...pod({ namespace: 'ns' }), spec: { containers: [], ...spec } } as unknown as Pod];
  const volume = mounting({ volumes: [{ name: 'v', secret: { secretName: 'key' } }] });
  const env = mounting({ containers: [{ name: 'c', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'key', key: 'token' } } }] }] });
  for (const pods of [volume, env]) assert.equal(steps(secret(), { pods: () => pods }), 'keep');
  assert.equal(steps(secret(), { pods: () => mounting({}) }), 'mark');
});
