import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enforce, objectionsTo, releaseOf, type Versions } from './versions.ts';

const usual: Versions = { cluster: 'v1.36.0', kubeadm: 'v1.36.1', wanted: 'v1.36.1', kubelets: ['v1.36.0+keelson', 'v1.33.0'] };

test('a cluster goes to the version of kubeadm, its own again included', () => {
  for (const cluster of ['v1.36.0', 'v1.35.4', 'v1.36.1+keelson', 'v1.37.0'])
    assert.deepEqual(objectionsTo({ ...usual, cluster }), { fatal: [], passable: [] }, cluster);
});

test("to no other, in upstream's words", () => {
  const cases: readonly (readonly [Partial<Versions>, string])[] = [
    [{ cluster: 'v1.34.0' }, 'Specified version to upgrade to "v1.36.1" is too high; kubeadm can upgrade only 1 minor version at a time'],
    [
      { cluster: 'v1.38.0' },
      'Specified version to downgrade to "v1.36.1" is too low; kubeadm can downgrade only 1 minor version at a time',
    ],
    [
      { wanted: 'v1.37.0' },
      'Specified version to upgrade to "v1.37.0" is at least one minor release higher than the kubeadm minor release (37 > 36). Such an upgrade is not supported',
    ],
    [
      { wanted: 'v1.36.2' },
      'Specified version to upgrade to "v1.36.2" is higher than the kubeadm version "v1.36.1". Upgrade kubeadm first using the tool you used to install kubeadm',
    ],
    [{ wanted: 'v1.35.0' }, 'Kubeadm version v1.36.1 can only be used to upgrade to Kubernetes version 1.36'],
    [
      { wanted: 'v1.36.0' },
      'Specified version to upgrade to "v1.36.0" is lower than the kubeadm version "v1.36.1", whose programs are all there is',
    ],
    [{ wanted: 'lunch' }, 'couldn\'t parse Kubernetes version "lunch"'],
  ];
  for (const [change, sentence] of cases) assert.deepEqual(objectionsTo({ ...usual, ...change }).fatal, [sentence]);
});

test('kubelets that are too old can be passed with force', () => {
  const objections = objectionsTo({ ...usual, kubelets: ['v1.32.0', 'v1.32.0', 'v1.36.0'] });
  const told: string[] = [];
  const say = (line: string): void => void told.push(line);
  assert.throws(
    () => enforce(objections, false, say),
    /too old that have these versions \[v1\.32\.0\]\n\nCan be bypassed if you pass the --force flag$/,
  );
  enforce(objections, true, say);
  assert.match(told.join(), /^\[upgrade\/version\] Found 1 potential version compatibility errors/);
  assert.throws(() => enforce({ fatal: ['a', 'b'], passable: [] }, true, say), /fatal errors:\n\n\t- a\n\t- b\n\nPlease fix/);
});

test('a release is known without its builder', () =>
  assert.deepEqual(['v1.36.0+keelson', '1.36.0'].map(releaseOf), ['v1.36.0', 'v1.36.0']));
