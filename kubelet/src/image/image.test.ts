import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { SimulatedClock } from '@keelson/testing';
import type { Container, Secret } from '@keelson/types';
import { ModelRuntime } from '../cri/model/index.ts';
import type { Image, SandboxConfig } from '../cri/types.ts';
import { testPod } from '../pod/testpod.ts';
import { credentialsFor } from './credentials.ts';
import { excess, imagesToRemove } from './gc.ts';
import { ImageManager } from './images.ts';
import { pullPolicy, registryOf, withDefaultTag } from './name.ts';

test('names', () => {
  assert.deepEqual(['nginx', 'a/b', 'localhost/a', 'r.io:5000/a/b'].map(registryOf), ['docker.io', 'docker.io', 'localhost', 'r.io:5000']);
  assert.deepEqual(['a', 'a:1', 'r:5000/a', 'a@sha256:1'].map(withDefaultTag), ['a:latest', 'a:1', 'r:5000/a:latest', 'a@sha256:1']);
  assert.deepEqual(
    [pullPolicy('a', undefined), pullPolicy('a:1', undefined), pullPolicy('a', 'Never')],
    ['Always', 'IfNotPresent', 'Never'],
  );
});

test('credentials by registry, the longest match first', () => {
  const auths = {
    'https://index.docker.io/v1/': { auth: Buffer.from('hub:p:w').toString('base64') },
    'r.io': { username: 'u', password: 'p' },
    'r.io/team': { username: 't', password: 'q' },
    '*.corp': { username: 'c', password: 'c' },
  };
  const secret = { data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') } } as unknown as Secret;
  const users = (image: string): string[] => credentialsFor(image, [secret]).map(({ username, password }) => `${username}/${password}`);
  assert.deepEqual(users('nginx'), ['hub/p:w']);
  assert.deepEqual(users('r.io/team/app'), ['t/q', 'u/p']);
  assert.deepEqual(users('hub.corp/app'), ['c/c']);
  assert.deepEqual(users('other.io/app'), []);
});

describe('pull policy', () => {
  const manager = (images: string[], error?: string) => {
    const clock = new SimulatedClock();
    const runtime = new ModelRuntime({
      clock,
      random: seededRandom(1),
      podCidr: '10.0.0.0/24',
      images,
      registry: () => ({ ms: 0, ...(error ? { error } : {}) }),
    });
    const subject = new ImageManager(runtime.images, clock);
    const told: string[] = [];
    const ensure = (policy: string, image = 'a:1') =>
      subject.ensure({
        pod: testPod(),
        container: { name: 'app', image, imagePullPolicy: policy } as Container,
        sandbox: {} as SandboxConfig,
        pullSecrets: async () => [],
        event: (_, reason, message) => void told.push(`${reason}: ${message}`),
      });
    return { clock, told, ensure };
  };

  test('Never, and the image is not there', async () => {
    const { ensure } = manager([]);
    await assert.rejects(ensure('Never'), {
      reason: 'ErrImageNeverPull',
      message: 'Container image "a:1" is not present with pull policy of Never',
    });
  });

  test('IfNotPresent pulls once, Always each time', async () => {
    const { ensure, told } = manager([]);
    await ensure('IfNotPresent');
    await ensure('IfNotPresent');
    await ensure('Always');
    assert.deepEqual(
      told.map((line) => line.split(':')[0]),
      ['Pulling', 'Pulled', 'Pulled', 'Pulling', 'Pulled'],
    );
    assert.equal(told[1], 'Pulled: Successfully pulled image "a:1" in 0ms (0ms including waiting). Image size: 10485760 bytes.');
  });

  test('failures back off', async () => {
    const { clock, ensure } = manager([], 'denied');
    await assert.rejects(ensure('IfNotPresent'), { reason: 'ErrImagePull', message: 'denied' });
    await assert.rejects(ensure('IfNotPresent'), { reason: 'ImagePullBackOff' });
    await clock.advance(10_000);
    await assert.rejects(ensure('IfNotPresent'), { reason: 'ErrImagePull' });
    await clock.advance(10_000);
    await assert.rejects(ensure('IfNotPresent'), { reason: 'ImagePullBackOff' });
  });

  test('a name that is none', async () => {
    await assert.rejects(manager([]).ensure('Always', 'UPPER case!'), { reason: 'InvalidImageName' });
  });
});

test('garbage: least recently used first, nothing in use, nothing young, only when the disk is full', () => {
  const image = (id: string, lastUsed: number, inUse = false) => ({ image: { id, sizeBytes: 10 } as Image, lastUsed, inUse });
  const images = [image('new', 900_000), image('old', 0), image('used', 0, true), image('older', -1)];
  const ids = (available: number): string[] =>
    imagesToRemove(excess({ capacityBytes: 100, availableBytes: available }), images, 1_000_000).map(({ id }) => id);
  assert.deepEqual(ids(50), []);
  assert.deepEqual(ids(14), ['older']);
  assert.deepEqual(ids(5), ['older', 'old']);
});
