import assert from 'node:assert/strict';
import { test } from 'node:test';
import { container, node, pod } from '@keelson/testing';
import type { Asked } from './flags.ts';
import { ephemeralContainer, nodePod, podCopy } from './pods.ts';

const defaults: Asked['flags'] = {
  ...{
    'arguments-only': false,
    attach: false,
    container: '',
    'copy-to': '',
    custom: '',
    env: [],
    filename: [],
    image: 'tool:1',
    'image-pull-policy': '',
  },
  ...{ 'keep-annotations': false, 'keep-init-containers': true, 'keep-labels': false, 'keep-liveness': false, 'keep-readiness': false },
  ...{ 'keep-startup': false, profile: 'general', quiet: false, replace: false, 'same-node': false, 'set-image': [] },
  ...{ 'share-processes': true, stdin: false, target: '', tty: false },
};

function ask(flags: Partial<Asked['flags']> = {}, more: Partial<Omit<Asked, 'flags'>> = {}): Asked {
  return {
    flags: { ...defaults, ...flags },
    command: [],
    env: [],
    images: new Map(),
    custom: undefined,
    shareProcesses: undefined,
    ...more,
  };
}

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const probe = { exec: { command: ['true'] } };
const target = pod({
  ...{ name: 'web', node: 'n1', labels: { app: 'web' }, annotations: { a: 'b' } },
  spec: { containers: [container({ livenessProbe: probe }), container({ name: 'side' })], initContainers: [container({ name: 'init' })] },
});

test('a container for a running pod', () => {
  const made = ephemeralContainer('dbg', ask({ target: 'main', stdin: true }, { command: ['sh'], env: [{ name: 'A', value: 'b' }] }));
  assert.deepEqual(plain(made), {
    ...{ name: 'dbg', image: 'tool:1', command: ['sh'], env: [{ name: 'A', value: 'b' }], stdin: true, targetContainerName: 'main' },
    ...{ terminationMessagePolicy: 'File', securityContext: { capabilities: { add: ['SYS_PTRACE'] } } },
  });
  assert.deepEqual(ephemeralContainer('dbg', ask({ 'arguments-only': true }, { command: ['-v'] })).args, ['-v']);
  assert.equal(ephemeralContainer('dbg', ask({ profile: 'legacy' })).securityContext, undefined);
  assert.deepEqual(ephemeralContainer('dbg', ask({ profile: 'sysadmin' })).securityContext, { privileged: true });
});

test('a pod that sees its node', () => {
  const made = nodePod(node({ name: 'n1' }), 'default', { pod: 'p', container: 'debugger' }, ask());
  assert.deepEqual(made.metadata.labels, { 'app.kubernetes.io/managed-by': 'kubectl-debug' });
  const { hostNetwork, hostPID, hostIPC, nodeName, restartPolicy, volumes, containers } = made.spec;
  assert.deepEqual([hostNetwork, hostPID, hostIPC, nodeName, restartPolicy], [true, true, true, 'n1', 'Never']);
  assert.deepEqual(volumes, [{ hostPath: { path: '/' }, name: 'host-root' }]);
  assert.deepEqual(containers[0]?.volumeMounts, [{ mountPath: '/host', name: 'host-root' }]);
  const restricted = nodePod(node({ name: 'n1' }), 'default', { pod: 'p', container: 'c' }, ask({ profile: 'restricted' })).spec;
  assert.deepEqual([restricted.hostPID, restricted.containers[0]?.securityContext?.runAsNonRoot], [undefined, true]);
});

test('a copy with a container more', () => {
  const copy = podCopy(target, ask({ 'copy-to': 'copy' }), 'debugger-x');
  const { metadata, spec } = plain(copy.pod);
  assert.deepEqual([copy.container, copy.added], ['debugger-x', true]);
  assert.deepEqual(metadata, { name: 'copy', namespace: 'default' });
  assert.deepEqual(
    spec.containers.map(({ name, image }) => [name, image]),
    [
      ['main', 'registry.local/app:1'],
      ['side', 'registry.local/app:1'],
      ['debugger-x', 'tool:1'],
    ],
  );
  assert.deepEqual([spec.containers[0]?.livenessProbe, spec.nodeName, spec.shareProcessNamespace], [undefined, undefined, true]);
  assert.equal(spec.initContainers?.length, 1);
});

test('a copy in which a container is another, or only images are', () => {
  const changed = podCopy(target, ask({ 'copy-to': 'copy', container: 'side', image: '', 'same-node': true }, { command: ['sh'] }), 'x');
  assert.deepEqual([changed.container, changed.added, changed.pod.spec.nodeName], ['side', false, 'n1']);
  assert.deepEqual(changed.pod.spec.containers[1]?.command, ['sh']);
  const images = new Map([['*', 'new:1']]);
  const only = podCopy(target, ask({ 'copy-to': 'copy', image: '' }, { images }), 'x');
  assert.deepEqual([only.container, only.pod.metadata.labels], [undefined, { app: 'web' }]);
  assert.deepEqual(
    [...(only.pod.spec.initContainers ?? []), ...only.pod.spec.containers].map(({ image }) => image),
    ['new:1', 'new:1', 'new:1'],
  );
  assert.throws(() => podCopy(target, ask({ 'copy-to': 'copy', image: '' }, { command: ['sh'] }), 'x'), {
    message: 'you must specify an existing container or a new image when specifying args.',
  });
});
