import assert from 'node:assert/strict';
import { join } from 'node:path';
import { eventually } from '@keelson/testing';
import { ConfigMap } from '@keelson/types';
import { fieldRef, idle, lines, namespace, patience, type Subtests, shell, statusOf } from './bench.ts';

/** What Kubernetes' storage specs look at beyond the plain cases. */
export const volumeEdges: Subtests = {
  async 'objects that are optional come and go'(bench) {
    await bench.configMap('opt-gone', { key: 'value' });
    const volumes = ['opt-gone', 'opt-new'].map((name) => ({ name, configMap: { name, optional: true } }));
    volumes.push({ name: 'both', projected: { sources: [{ configMap: { name: 'opt-gone', optional: true } }] } } as never);
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
    await bench.create('optional', { containers: [idle({ volumeMounts })], volumes });
    await bench.running('optional');
    assert.equal(await bench.exec('optional', 'cat /opt-gone/key /both/key'), 'valuevalue');
    await bench.api.delete(ConfigMap, { namespace, name: 'opt-gone' });
    await bench.configMap('opt-new', { key: 'new' });
    const shows = (): Promise<boolean> =>
      bench.exec('optional', 'ls /opt-gone /both; cat /opt-new/key || true').then((text) => /new$/.test(text) && !/^key$/m.test(text));
    await eventually(shows, { deadlineMs: patience, message: 'what went is gone, what came is there' });
  },

  async 'sub paths of file volumes: over a file of the image, and new after a restart'(bench) {
    await bench.configMap('sub', { key: 'one' });
    const volumes = [{ name: 'v', configMap: { name: 'sub' } }];
    const volumeMounts = [
      { name: 'v', mountPath: '/etc/resolv.conf', subPath: 'key' },
      { name: 'v', mountPath: '/sub', subPath: 'key' },
    ];
    const script = 'cat /etc/resolv.conf /sub; echo; until [ -e /tmp/end ]; do sleep 0.1; done; exit 1';
    await bench.create('sub-file', { containers: [shell(script, { volumeMounts })], volumes });
    await bench.running('sub-file');
    await bench.api.patch(ConfigMap, { namespace, name: 'sub' }, 'application/merge-patch+json', { data: { key: 'two' } });
    const text = (): Promise<string> => bench.log('sub-file');
    await eventually(async () => (await text()) === 'oneone\n', { deadlineMs: patience });
    await bench.exec('sub-file', '(sleep 1; touch /tmp/end) >/dev/null 2>&1 &');
    await bench.until('sub-file', 'runs again', (pod) => (statusOf(pod).restartCount ?? 0) === 1 && statusOf(pod).state?.running);
    await eventually(async () => (await text()) === 'twotwo\n', { deadlineMs: patience, message: 'the new content' });
  },

  async 'a sub path that leads out of its volume, or names nothing, keeps the container back'(bench) {
    const volumes = [{ name: 'v', emptyDir: {} }];
    const link = shell('ln -s /etc /v/out', { name: 'link', volumeMounts: [{ name: 'v', mountPath: '/v' }] });
    const mounting = (mount: object): object => ({
      initContainers: [link],
      containers: [
        idle({
          env: [{ name: 'NOTE', ...fieldRef("metadata.annotations['note']") }],
          volumeMounts: [{ name: 'v', mountPath: '/x', ...mount }],
        }),
      ],
      volumes,
    });
    await bench.create('sub-out', mounting({ subPath: 'out/passwd' }));
    await bench.create('sub-later', mounting({ subPathExpr: '$(NOTE)' }));
    const waits = (name: string, words: RegExp) =>
      bench.until(name, 'waits', (pod) => {
        const { reason = '', message = '' } = statusOf(pod).state?.waiting ?? {};
        return reason === 'CreateContainerConfigError' && words.test(message);
      });
    await waits('sub-out', /^failed to prepare subPath for volumeMount "v" of container "c"$/);
    await waits('sub-later', /^missing value for NOTE$/);
    await bench.patch('sub-later', { metadata: { annotations: { note: 'made' } } });
    await bench.running('sub-later');
    await bench.remove('sub-out');
  },

  async 'tokens and memory belong to who runs; sizes are kept'(bench) {
    const script =
      'cd /var/run/secrets/kubernetes.io/serviceaccount; stat -Lc "%a %u %g" token; wc -c <token; df -k /m | tail -1 | tr -s " " | cut -d" " -f2; stat -c "%a %g" /m /sub';
    const volumes = [{ name: 'm', emptyDir: { medium: 'Memory', sizeLimit: '10Mi' } }];
    const volumeMounts = [
      { name: 'm', mountPath: '/m' },
      { name: 'm', mountPath: '/sub', subPath: 'a/b' },
    ];
    const run = async (name: string, securityContext: object): Promise<string[]> =>
      lines(await bench.output(name, { securityContext, containers: [shell(script, { volumeMounts })], volumes }));
    const user = await run('owner', { runAsUser: 1000 });
    assert.deepEqual([user[0], user[2], user[3], user[4]], ['600 1000 0', '10240', '1777 0', '1777 0']);
    const group = await run('owner-group', { runAsUser: 1000, fsGroup: 2000 });
    assert.deepEqual([group[0], group[3], group[4]], ['640 1000 2000', '3777 2000', '3777 2000']);
    assert.ok(Number(group[1]) > 100);
  },

  async 'an image as a volume: shown, or refused where the runtime cannot'(bench) {
    const volumes = [{ name: 'v', image: { reference: 'busybox:1.37', pullPolicy: 'IfNotPresent' } }];
    const volumeMounts = [{ name: 'v', mountPath: '/image' }];
    await bench.create('image-volume', {
      containers: [shell('ls /image/bin/sh; while :; do sleep 0.1; done', { volumeMounts }), idle({ name: 'beside' })],
      volumes,
    });
    await bench.until('image-volume', 'runs its other container', (pod) => statusOf(pod, 'beside').state?.running);
    const pod = await bench.until(
      'image-volume',
      'is decided',
      (found) => statusOf(found).state?.running ?? statusOf(found).state?.waiting?.message,
    );
    const { running, waiting } = statusOf(pod).state ?? {};
    if (running) assert.match(await bench.log('image-volume', 'container=c'), /\/image\/bin\/sh/);
    else
      assert.match(
        `${waiting?.reason}: ${waiting?.message}`,
        /^CreateContainerError: cannot mount image volume "v": containerd \S+ does not support image volumes/,
      );
    await bench.remove('image-volume', 0);
  },

  async 'hostPath makes files only where there is a directory'(bench) {
    const path = join(bench.work, 'nowhere', 'file');
    const volumes = [{ name: 'v', hostPath: { path, type: 'FileOrCreate' } }];
    await bench.create('host-nowhere', { containers: [idle({ volumeMounts: [{ name: 'v', mountPath: '/v' }] })], volumes });
    await bench.event(
      'host-nowhere',
      'FailedMount',
      /MountVolume.SetUp failed for volume "v" : open .*nowhere\/file: no such file or directory/,
    );
    await bench.remove('host-nowhere');
  },
};
