import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { Pod, ServiceAccount } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../testing/fixture.ts';
import { Reviewer } from '../testing/reviewer.ts';
import { noAdmissionSettings, readAdmissionSettings } from './configuration.ts';
import { parseImagePolicy } from './image-policy-webhook.ts';

let reviewer: Reviewer;
let directory: string;
let strict: Fixture;
let lenient: Fixture;
const namespace = 'default';

async function start(defaultAllow: boolean): Promise<Fixture> {
  const kubeConfigFile = join(directory, 'reviewer.kubeconfig');
  await writeFile(kubeConfigFile, reviewer.kubeconfig);
  const imagePolicy = parseImagePolicy({ imagePolicy: { kubeConfigFile, retryBackoff: 1, defaultAllow } });
  const server = await startServer({
    clock: systemClock,
    admission: { ...noAdmissionSettings, imagePolicy, enabled: ['ImagePolicyWebhook'] },
  });
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
  return server;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keelson-image-policy-'));
  reviewer = await Reviewer.start();
  [strict, lenient] = await Promise.all([start(false), start(true)]);
});
beforeEach(() => {
  reviewer.seen.length = 0;
});
after(async () => {
  await Promise.all([strict.close(), lenient.close()]);
  reviewer.close();
  await rm(directory, { recursive: true });
});

function pod(name: string, image: string, annotations: Record<string, string> = {}): Pod {
  const made = podOf(name) as unknown as Pod;
  return {
    ...made,
    metadata: { name, namespace, annotations },
    spec: { ...made.spec, containers: [{ name: 'c', image }], initContainers: [{ name: 'i', image: 'init' }] },
  } as Pod;
}

test('a pod’s images are let in once the webhook has consented, which is asked once', async () => {
  reviewer.answer = () => ({ allowed: true });
  const annotations = { 'team.image-policy.k8s.io/ticket': '1', other: '2' };
  await strict.api.create(Pod, pod('one', 'good', annotations));
  await strict.api.create(Pod, pod('two', 'good', annotations));
  assert.deepEqual(reviewer.seen, [
    {
      apiVersion: 'imagepolicy.k8s.io/v1alpha1',
      kind: 'ImageReview',
      metadata: {},
      spec: { containers: [{ image: 'good' }, { image: 'init' }], annotations: { 'team.image-policy.k8s.io/ticket': '1' }, namespace },
      status: {},
    },
  ]);
});

test('what the webhook refuses is forbidden, with its reason', async () => {
  const message = async (image: string): Promise<string> =>
    (await strict.send('POST', `/api/v1/namespaces/${namespace}/pods`, pod('bad', image))).json<{ message: string }>().message;
  reviewer.answer = () => ({ allowed: false, reason: 'not signed' });
  assert.equal(await message('bad'), 'pods "bad" is forbidden: image policy webhook backend denied one or more images: not signed');
  reviewer.answer = () => ({ allowed: false });
  assert.equal(await message('worse'), 'pods "bad" is forbidden: one or more images rejected by webhook backend');
});

test('a webhook that cannot be asked lets nothing in, unless it is told to', async () => {
  reviewer.answer = () => 500;
  const refused = await strict.send('POST', `/api/v1/namespaces/${namespace}/pods`, pod('lost', 'lost'));
  assert.equal(refused.status, 403);
  assert.match(refused.text, /pods \\"lost\\" is forbidden: Post /);
  assert.equal(reviewer.seen.length, 5);
  const admitted = await lenient.api.create(Pod, pod('lost', 'lost'));
  assert.deepEqual(admitted.metadata.annotations, { 'alpha.image-policy.k8s.io/failed-open': 'true' });
});

test('its settings', async () => {
  const settings = (imagePolicy: object) => parseImagePolicy({ imagePolicy: { kubeConfigFile: '/a', ...imagePolicy } });
  assert.deepEqual(settings({}), {
    kubeConfigFile: '/a',
    ...{ allowTTL: 300_000, denyTTL: 30_000, retryBackoff: 500, defaultAllow: false },
  });
  assert.deepEqual(settings({ allowTTL: -1, denyTTL: 10, retryBackoff: 5, defaultAllow: true }), {
    kubeConfigFile: '/a',
    ...{ allowTTL: 0, denyTTL: 10_000, retryBackoff: 5, defaultAllow: true },
  });
  assert.throws(() => settings({ allowTTL: 1801 }), /valid value is between 1s and 30m0s/);
  assert.throws(() => parseImagePolicy({}), /no config specified/);
  await assert.rejects(readAdmissionSettings('', ['ImagePolicyWebhook']), /no config specified/);
});
