import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@keelson/testing';
import { ConfigMap, Secret } from '@keelson/types';
import { fieldRef, idle, lines, namespace, patience, present, type Subtests, shell, statusOf } from './bench.ts';

/** What lies beneath their mounts. */
export const volumes: Subtests = {
  async 'file volumes: content, modes, links, and what changes while the pod runs'(bench) {
    await bench.configMap('vol-map', { one: '1', two: '2', 'sub.conf': 'x' }, { bin: Buffer.from([0, 255, 254]).toString('base64') });
    await bench.secret('vol-secret', { user: 'admin' });
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
    ];
    const memory = { path: 'memory', resourceFieldRef: { containerName: 'c', resource: 'limits.memory' }, mode: 0o400 };
    const volumes = [
      { name: 'map', configMap: { name: 'vol-map' } },
      {
        name: 'picked',
        configMap: {
          name: 'vol-map',
          defaultMode: 0o440,
          items: [
            { key: 'one', path: 'a/b/uno' },
            { key: 'two', path: 'dos', mode: 0o600 },
          ],
        },
      },
      { name: 'secret', secret: { secretName: 'vol-secret', defaultMode: 0o400 } },
      { name: 'optional', configMap: { name: 'vol-later', optional: true } },
      { name: 'down', downwardAPI: { items: [...items, memory] } },
      {
        name: 'all',
        projected: {
          defaultMode: 0o444,
          sources: [
            { configMap: { name: 'vol-map', items: [{ key: 'one', path: 'one' }] } },
            { secret: { name: 'vol-secret' } },
            { downwardAPI: { items } },
          ],
        },
      },
    ];
    const volumeMounts = [
      ...volumes.map(({ name }) => ({ name, mountPath: `/v/${name}` })),
      { name: 'map', mountPath: '/etc/sub.conf', subPath: 'sub.conf' },
    ];
    const spec = { containers: [idle({ volumeMounts, resources: { limits: { memory: '32Mi' } } })], volumes };
    await bench.create('files', spec, { labels: { a: '1', b: '2' }, annotations: { note: 'a "b"\nc' } });
    await bench.running('files');
    const script =
      'cd /v; for f in map/* picked/a/b/* picked/dos secret/* down/* all/*; do stat -Lc "%n %a" $f; done; od -An -tx1 map/bin; cat down/*; ls optional; readlink map/one; touch map/x 2>&1 || true; cat /etc/sub.conf';
    const text = await bench.exec('files', script);
    const modes =
      'map/bin 644,map/one 644,map/sub.conf 644,map/two 644,picked/a/b/uno 440,picked/dos 600,secret/user 400,down/annotations 644,down/labels 644,down/memory 400,all/annotations 444,all/labels 444,all/one 444,all/user 444';
    assert.deepEqual(lines(text).slice(0, 14), modes.split(','));
    assert.match(text, / 00 ff fe\n/);
    assert.ok(text.includes('note="a \\"b\\"\\nc"') && text.includes('a="1"\nb="2"') && text.includes(String(32 * 2 ** 20)), text);
    assert.match(text, /\.\.data\/one\n.*Read-only file system/);
    assert.ok(text.endsWith('x'));

    const shows = (path: string, wanted: RegExp): Promise<boolean> =>
      eventually(async () => wanted.test(await bench.exec('files', `cat /v/${path} || true`)), {
        deadlineMs: patience,
        message: `${path} shows ${wanted}`,
      });
    await bench.patch('files', { metadata: { labels: { a: '7' }, annotations: { extra: 'yes' } } });
    await shows('down/labels', /a="7"/);
    await shows('all/annotations', /extra="yes"/);
    await bench.api
      .patch(ConfigMap, { namespace, name: 'vol-map' }, 'application/merge-patch+json', { data: { one: 'changed', two: null, three: '3' } })
      .catch(() => undefined);
    await shows('map/one', /^changed$/);
    await shows('map/three', /^3$/);
    await shows('map/two', /No such file/);
    await bench.api.patch(Secret, { namespace, name: 'vol-secret' }, 'application/merge-patch+json', {
      data: { user: Buffer.from('root').toString('base64') },
    });
    await shows('secret/user', /^root$/);
    await bench.configMap('vol-later', { now: 'here' });
    await shows('optional/now', /^here$/);
    assert.equal(await bench.exec('files', 'cat /etc/sub.conf'), 'x');
  },

  async 'the service account token opens the API from inside'(bench) {
    const script =
      'cd /var/run/secrets/kubernetes.io/serviceaccount; cat namespace; echo; cat token; echo; head -1 ca.crt; nc -w 5 10.96.0.1 443 </dev/null && echo reached';
    const [home, token, ca, reached] = lines(await bench.output('token', { containers: [shell(script)] }));
    assert.deepEqual([home, ca, reached], [namespace, '-----BEGIN CERTIFICATE-----', 'reached']);
    const claims = JSON.parse(Buffer.from(present(token).split('.')[1] ?? '', 'base64url').toString());
    const { pod, serviceaccount, node } = claims['kubernetes.io'];
    assert.deepEqual(
      [pod.name, pod.uid, serviceaccount.name, claims.sub],
      ['token', bench.pod('token')?.metadata?.uid, 'default', 'system:serviceaccount:default:default'],
    );
    assert.equal(node?.name, bench.cluster.netns, 'tokens of pods name their node');
    const review = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';
    const headers = ['-H', `authorization: Bearer ${token}`, '-H', 'content-type: application/json'];
    const url = 'https://10.96.0.1/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const { stdout } = await bench.cluster.inside('curl', '-sk', '-m', '5', ...headers, '-d', review, url);
    assert.equal(JSON.parse(stdout).status.userInfo.username, 'system:serviceaccount:default:default');
    const none = await bench.output('no-token', {
      automountServiceAccountToken: false,
      containers: [shell('ls /var/run/secrets 2>&1 || true')],
    });
    assert.match(none, /No such file/);
  },

  async 'emptyDir: shared, in memory, with a group of its own'(bench) {
    const volumeMounts = [
      { name: 'disk', mountPath: '/disk' },
      { name: 'memory', mountPath: '/memory' },
    ];
    const volumes = [
      { name: 'disk', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ];
    const script =
      'echo -n hi >/disk/word; stat -c "%n %a %g" /disk /memory /disk/word; grep -o "/memory tmpfs rw.*size=1024k" /proc/mounts | cut -c1-16; id -G; dd if=/dev/zero of=/memory/big bs=1M count=3 2>&1 | head -1';
    const other = shell('until [ -s /disk/word ]; do sleep 0.05; done; cat /disk/word', { name: 'other', volumeMounts });
    const plain = await bench.output('empty', { containers: [shell(script, { volumeMounts }), other], volumes });
    assert.equal(await bench.log('empty', 'container=other'), 'hi');
    assert.match(plain, /^\/disk 777 0\n\/memory 1777 0\n\/disk\/word 644 0\n\/memory tmpfs rw/);
    assert.match(plain, /No space left/);
    const securityContext = { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000] };
    const grouped = await bench.output('empty-group', { securityContext, containers: [shell(script, { volumeMounts })], volumes });
    assert.match(grouped, /^\/disk 2777 2000\n\/memory 3777 2000\n\/disk\/word 644 2000\n/);
    assert.match(grouped, /\n3000 (2000 4000|4000 2000)\n/);
  },

  async 'files of a Secret belong to fsGroup'(bench) {
    await bench.secret('grouped', { key: 'value' });
    const volumes = [{ name: 's', secret: { secretName: 'grouped', defaultMode: 0o440 } }];
    const script = 'stat -Lc "%a %u %g" /s/key; cat /s/key';
    const text = await bench.output('secret-group', {
      securityContext: { runAsUser: 1000, fsGroup: 1001 },
      containers: [shell(script, { volumeMounts: [{ name: 's', mountPath: '/s' }] })],
      volumes,
    });
    assert.equal(text, '440 0 1001\nvalue');
  },

  async 'subPath and subPathExpr'(bench) {
    const volumes = [{ name: 'v', emptyDir: {} }];
    const env = [{ name: 'POD', ...fieldRef('metadata.name') }];
    const volumeMounts = [
      { name: 'v', mountPath: '/all' },
      { name: 'v', mountPath: '/one', subPath: 'a/b' },
      { name: 'v', mountPath: '/mine', subPathExpr: 'x/$(POD)' },
    ];
    const text = await bench.output('subpath', {
      containers: [shell('touch /one/1 /mine/2; cd /all; find . -type f | sort', { env, volumeMounts })],
      volumes,
    });
    assert.equal(text, './a/b/1\n./x/subpath/2\n');
    const bad = (value: string): object => ({
      containers: [shell('true', { env: [{ name: 'P', value }], volumeMounts: [{ name: 'v', mountPath: '/v', subPathExpr: '$(P)' }] })],
      volumes,
    });
    await bench.create('subpath-absolute', bad('/tmp'));
    await bench.create('subpath-up', bad('../x'));
    for (const name of ['subpath-absolute', 'subpath-up']) {
      await bench.until(name, 'waits', (pod) => /CreateContainer(Config)?Error/.test(statusOf(pod).state?.waiting?.reason ?? ''));
    }
    await bench.create('subpath-tick', bad('`ls`'), {});
    await bench.event('subpath-tick', 'Pulled');
  },

  async 'hostPath is made or checked by its type'(bench) {
    const path = (name: string): string => join(bench.work, 'host', name);
    mkdirSync(path('there'), { recursive: true });
    writeFileSync(path('there/file'), 'from the node');
    const volumes = [
      { name: 'dir', hostPath: { path: path('made'), type: 'DirectoryOrCreate' } },
      { name: 'file', hostPath: { path: path('file'), type: 'FileOrCreate' } },
      { name: 'there', hostPath: { path: path('there'), type: 'Directory' } },
    ];
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/h/${name}`, readOnly: name === 'there' }));
    const text = await bench.output('host', {
      containers: [shell('echo a >/h/dir/a; echo b >/h/file; cat /h/there/file; touch /h/there/x 2>&1 || true', { volumeMounts })],
      volumes,
    });
    assert.match(text, /^from the node.*Read-only file system/);
    assert.equal(readFileSync(path('made/a'), 'utf8') + readFileSync(path('file'), 'utf8'), 'a\nb\n');
    const one = (type: string, name: string): object => ({
      containers: [idle({ volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
      volumes: [{ name: 'v', hostPath: { path: path(name), type } }],
    });
    await bench.create('host-missing', one('Directory', 'nothing'));
    await bench.event(
      'host-missing',
      'FailedMount',
      /MountVolume.SetUp failed for volume "v" : hostPath type check failed: .*nothing is not a directory/,
    );
    assert.equal(statusOf(bench.pod('host-missing')).state?.waiting?.reason, 'ContainerCreating');
    await bench.create('host-wrong', one('File', 'there'));
    await bench.event('host-wrong', 'FailedMount', /is not a file/);
  },
};
