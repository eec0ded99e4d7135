import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfigKind, resolveOptions } from '@keelson/component';
import { configKind } from './config-file.ts';
import { options } from './options.ts';
import { plugins } from './plugins/index.ts';
import { defaultProfile, type Profile, readProfiles } from './profiles.ts';

const names = (profile: Profile | undefined, what: 'filter' | 'score') =>
  profile?.plugins.flatMap((plugin) => (plugin[what] ? [plugin.name] : []));
const usual = (what: 'filter' | 'score') => names(defaultProfile, what);

test('nothing said is the default scheduler', () => {
  assert.deepEqual(readProfiles([]), [defaultProfile]);
  const [only] = readProfiles([{}]);
  assert.equal(only?.name, 'default-scheduler');
  assert.deepEqual(names(only, 'score'), usual('score'));
  assert.deepEqual(
    only?.plugins.map(({ weight }) => weight),
    plugins.map(({ weight }) => weight ?? 1),
  );
});

test('several profiles, each with plugins of its own', () => {
  const [first, second, third] = readProfiles([
    { schedulerName: 'default-scheduler' },
    { schedulerName: 'no-scoring', plugins: { preScore: { disabled: [{ name: '*' }] }, score: { disabled: [{ name: '*' }] } } },
    {
      schedulerName: 'few',
      plugins: {
        multiPoint: { disabled: [{ name: '*' }], enabled: [{ name: 'NodeResourcesFit', weight: 5 }, { name: 'DefaultBinder' }] },
        score: { enabled: [{ name: 'TaintToleration', weight: 7 }] },
      },
    },
  ]);
  assert.deepEqual(names(first, 'filter'), usual('filter'));
  assert.deepEqual([names(second, 'filter'), names(second, 'score'), second?.preempts], [usual('filter'), [], true]);
  assert.deepEqual([names(third, 'filter'), third?.preempts], [['NodeResourcesFit'], false]);
  assert.deepEqual(
    third?.plugins.map(({ name, weight }) => [name, weight]),
    [
      ['TaintToleration', 7],
      ['NodeResourcesFit', 5],
    ],
  );
});

test('what nobody knows is refused', () => {
  const broken =
    (...documents: Parameters<typeof readProfiles>[0]) =>
    () =>
      readProfiles(documents);
  assert.throws(broken({ plugins: { score: { enabled: [{ name: 'Foo' }] } } }), { message: /plugins.score: plugin "Foo" does not exist$/ });
  assert.throws(broken({ plugins: { scores: {} } }), { message: 'strict decoding error: unknown field "profiles[0].plugins.scores"' });
  assert.throws(broken({}, {}), { message: 'profiles[1].schedulerName: Required value' });
  assert.throws(broken({ schedulerName: 'a' }, { schedulerName: 'a' }), { message: 'profiles[1].schedulerName: Duplicate value: "a"' });
});

test('a whole KubeSchedulerConfiguration', () => {
  const profiles = [{ schedulerName: 'a', pluginConfig: [{ name: 'NodeResourcesFit', args: { kind: 'NodeResourcesFitArgs' } }] }];
  const extenders = [{ urlPrefix: 'http://x' }];
  const document = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig: '/k', qps: 50, burst: 100, contentType: 'application/vnd.kubernetes.protobuf', acceptContentTypes: '' },
    leaderElection: {
      ...{ leaderElect: false, leaseDuration: '15s', renewDeadline: '10s', retryPeriod: '2s', resourceLock: 'leases' },
      ...{ resourceName: 'kube-scheduler', resourceNamespace: 'kube-system' },
    },
    ...{
      enableProfiling: true,
      enableContentionProfiling: true,
      parallelism: 16,
      percentageOfNodesToScore: 0,
      delayCacheUntilActive: true,
    },
    ...{ podInitialBackoffSeconds: 1, podMaxBackoffSeconds: 10, extenders, profiles },
  };
  const read = readConfigKind(document, configKind);
  const resolved = resolveOptions('kube-scheduler', options, { flags: new Map(), env: {}, config: read?.values });
  assert.equal(resolved.kind, 'run');
  if (resolved.kind !== 'run') return;
  assert.equal(resolved.options['leader-elect'], false);
  assert.deepEqual(JSON.parse(resolved.options.profiles), profiles);
  assert.deepEqual(JSON.parse(resolved.options.extenders), extenders);
  assert.throws(() => readConfigKind({ ...document, profile: [] }, configKind), {
    message: 'strict decoding error: unknown field "profile"',
  });
});
