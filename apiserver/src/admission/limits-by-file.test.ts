import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseQuantity } from '@keelson/machinery';
import type { ResourceQuota } from '@keelson/types';
import { readAdmissionSettings } from './configuration.ts';
import { eventRateLimit, parseEventLimits } from './event-rate-limit.ts';
import { missingQuota, parseLimitedResources } from './limited-resources.ts';
import { checkPluginNames } from './names.ts';
import { areAllowed, covers, mergeTolerations } from './tolerations.ts';
import type { AdmissionAttributes } from './types.ts';

test('events come as fast as their limits let them', () => {
  const limits = parseEventLimits({
    ...{ kind: 'Configuration', apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1' },
    limits: [
      { type: 'Namespace', qps: 1, burst: 2, cacheSize: 2 },
      { type: 'User', qps: 10, burst: 10 },
    ],
  });
  const plugin = eventRateLimit(limits);
  let now = 0;
  const send = (namespace: string): string => {
    const registry = { options: { clock: { now: () => now } } };
    const store = { kind: { kind: 'Event' } };
    try {
      plugin.validate?.({
        operation: 'CREATE',
        store,
        subresource: '',
        namespace,
        registry,
        object: {},
        user: { name: 'jane' },
      } as unknown as AdmissionAttributes);
      return 'ok';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const refused = 'limit reached on type Namespace for key a';
  assert.deepEqual([send('a'), send('a'), send('a'), send('b')], ['ok', 'ok', refused, 'ok']);
  now += 1000;
  assert.deepEqual([send('a'), send('a')], ['ok', refused]);
});

test('limits of events that cannot be', () => {
  const of = (limit: object) => () =>
    parseEventLimits({ kind: 'Configuration', apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', limits: [limit] });
  assert.throws(of({ type: 'Pod', qps: 1, burst: 1 }), /limits\[0\]\.type: Unsupported value: "Pod"/);
  assert.throws(of({ type: 'Server', qps: 0, burst: 1 }), /limits\[0\]\.qps: Invalid value: 0: must be positive/);
});

test('what is limited needs a quota that speaks of it', () => {
  const limited = parseLimitedResources({
    ...{ kind: 'ResourceQuotaConfiguration', apiVersion: 'apiserver.config.k8s.io/v1' },
    limitedResources: [
      { resource: 'persistentvolumeclaims', matchContains: ['gold.storageclass'] },
      { resource: 'pods', matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
    ],
  });
  const claims = { group: '', resource: 'persistentvolumeclaims' };
  const name = 'gold.storageclass.storage.k8s.io/requests.storage';
  const usage = { [name]: parseQuantity('1Gi'), persistentvolumeclaims: parseQuantity('1') };
  const quota = (spec: object) => ({ metadata: { name: 'q' }, spec }) as unknown as ResourceQuota;
  assert.equal(missingQuota(limited, claims, { object: {}, usage, quotas: [] }), `insufficient quota to consume: ${name}`);
  assert.equal(missingQuota(limited, claims, { object: {}, usage, quotas: [quota({ hard: { [name]: '5Gi' } })] }), undefined);
  const pod = (priorityClassName: string) => ({ metadata: {}, spec: { containers: [], priorityClassName } });
  const pods = { group: '', resource: 'pods' };
  assert.equal(missingQuota(limited, pods, { object: pod('low'), usage: {}, quotas: [] }), undefined);
  assert.equal(
    missingQuota(limited, pods, { object: pod('high'), usage: {}, quotas: [] }),
    'insufficient quota to match these scopes: [{PriorityClass In [high]}]',
  );
  const matchExpressions = [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }];
  assert.equal(
    missingQuota(limited, pods, { object: pod('high'), usage: {}, quotas: [quota({ scopeSelector: { matchExpressions } })] }),
    undefined,
  );
});

test('tolerations that cover others', () => {
  const forever = { key: 'a', operator: 'Exists', effect: 'NoExecute' };
  const minute = { ...forever, tolerationSeconds: 60 };
  assert.deepEqual([covers(forever, minute), covers(minute, forever), covers({ operator: 'Exists' }, minute)], [true, false, true]);
  assert.deepEqual(mergeTolerations([minute], [forever, forever]), [forever]);
  assert.deepEqual([areAllowed([minute], []), areAllowed([forever], [minute])], [true, false]);
});

test('plugins are told in one file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'admission-'));
  try {
    const path = join(folder, 'admission.yaml');
    const text = (plugins: string) => `apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n${plugins}`;
    await writeFile(join(folder, 'selectors.yaml'), 'podNodeSelectorPluginConfig:\n  clusterDefaultNodeSelector: a=b\n  x: c=d,e=f\n');
    const tolerations = `- name: PodTolerationRestriction\n  configuration:\n    apiVersion: podtolerationrestriction.admission.k8s.io/v1alpha1\n    kind: Configuration\n    whitelist: [{key: a, operator: Exists}]\n`;
    await writeFile(path, text(`- name: PodNodeSelector\n  path: selectors.yaml\n${tolerations}`));
    const settings = await readAdmissionSettings(path, ['PodNodeSelector']);
    assert.deepEqual(settings.podNodeSelector, { clusterDefault: { a: 'b' }, allowed: { x: { c: 'd', e: 'f' } } });
    assert.deepEqual(settings.podTolerations, { default: [], whitelist: [{ key: 'a', operator: 'Exists' }] });
    assert.deepEqual(settings.enabled, ['PodNodeSelector']);
    await writeFile(path, text('- name: Priority\n'));
    await assert.rejects(readAdmissionSettings(path), /plugin "Priority" takes no configuration/);
    await assert.rejects(readAdmissionSettings('', ['EventRateLimit']), /limits: Required value/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('names of plugins', () => {
  checkPluginNames('enable-admission-plugins', ['AlwaysPullImages', 'NodeRestriction', 'PodResizeValidator']);
  assert.throws(() => checkPluginNames('enable-admission-plugins', ['ImagePolicy']), /plugin "ImagePolicy" is unknown/);
});
