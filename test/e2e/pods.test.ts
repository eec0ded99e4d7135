import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { type Api, createApi, loadKubeconfig, type Transport, transportFor } from '@keelson/client';
import { createInformers, type Informers, type Store } from '@keelson/runtime';
import { eventually } from '@keelson/testing';
import { ConfigMap, type ContainerStatus, Event, Node, Pod, Secret, Service, ServiceAccount } from '@keelson/types';
import * as k8s from '@kubernetes/client-node';
import { type Kubectl, kubectls, RealCluster, root, whyNotReal } from './cluster.ts';

/*
 * What users and Kubernetes' conformance tests expect of a kubelet, of a real one. Subtests run side by side, each on pods of its own.
 */

const skip = whyNotReal();
if (skip) process.stderr.write(`pods in real containers: skipped, ${skip}\n`);

const namespace = 'default';
const image = 'busybox:1.37';
const patience = 25_000;

/** A container that runs a script. */
function shell(script: string, more: object = {}): object {
  return { name: 'c', image, command: ['sh', '-c', script], ...more };
}

/** A container that runs until it is told to end. */
function idle(more: object = {}): object {
  return shell('trap "exit 0" TERM; while :; do sleep 0.1; done', more);
}

/** What the subtests work with. */
class Bench {
  readonly cluster = new RealCluster('pods');
  /** On the node, for hostPath volumes. */
  readonly work = mkdtempSync(join(tmpdir(), 'keelson-pods-'));
  readonly #stop = new AbortController();
  #kubectl: Kubectl | undefined;
  #transport: Transport | undefined;
  #api: Api | undefined;
  #informers: Informers | undefined;
  readonly #config = new k8s.KubeConfig();

  async up(): Promise<void> {
    await this.cluster.up();
    this.#config.loadFromFile(this.cluster.kubeconfig);
    this.#kubectl = kubectls(this.cluster)[0];
    this.#transport = transportFor(loadKubeconfig(this.cluster.kubeconfig));
    this.#api = createApi(this.#transport);
    this.#informers = createInformers({ api: this.#api, clock: systemClock, random: seededRandom(1), log: silentLogger });
    this.#informers.for(Pod);
    this.#informers.for(Event);
    await this.#informers.start(this.#stop.signal);
    await eventually(() => this.api.get(ServiceAccount, { namespace, name: 'default' }), { deadlineMs: 10_000 });
  }

  async down(): Promise<void> {
    this.#stop.abort();
    this.#transport?.close();
    const { code, stdout, stderr } = await this.cluster.down();
    rmSync(this.work, { recursive: true, force: true });
    assert.equal(code, 0, `down: ${stdout}${stderr}`);
  }

  get api(): Api {
    return present(this.#api);
  }

  get kubectl(): Kubectl {
    return present(this.#kubectl);
  }

  get #pods(): Store<Pod> {
    return present(this.#informers).for(Pod).store;
  }

  async create(name: string, spec: object, metadata: object = {}): Promise<Pod> {
    const full = { terminationGracePeriodSeconds: 1, ...spec };
    return this.api.create(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, ...metadata },
      spec: full,
    } as unknown as Pod);
  }

  pod(name: string): Pod | undefined {
    return this.#pods.get(`${namespace}/${name}`);
  }

  /** The pod once `holds` is true of it. */
  async until(name: string, what: string, holds: (pod: Pod) => unknown, deadlineMs = patience): Promise<Pod> {
    const check = (): Pod | undefined => {
      const pod = this.pod(name);
      return pod && holds(pod) ? pod : undefined;
    };
    return eventually(check, { deadlineMs, message: `${name}: ${what}` }).catch((error: Error) => {
      throw new Error(`${error.message}\n${JSON.stringify(this.pod(name)?.status, undefined, 1)}`);
    });
  }

  running(name: string): Promise<Pod> {
    return this.until(
      name,
      'runs',
      (pod) => pod.status?.phase === 'Running' && pod.status.containerStatuses?.every(({ state }) => state?.running),
    );
  }

  ready(name: string): Promise<Pod> {
    return this.until(name, 'is ready', isReady);
  }

  ended(name: string): Promise<Pod> {
    return this.until(name, 'has ended', ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');
  }

  /** Runs a pod to its end and returns what its first container printed. */
  async output(name: string, spec: object, metadata: object = {}): Promise<string> {
    await this.create(name, { restartPolicy: 'Never', ...spec }, metadata);
    const { status } = await this.ended(name);
    const log = await this.log(name, `container=${status?.containerStatuses?.[0]?.name}`);
    assert.equal(status?.phase, 'Succeeded', `${name}: ${log}${JSON.stringify(status)}`);
    return log;
  }

  async log(name: string, query = ''): Promise<string> {
    const response = await this.api.raw({ method: 'GET', path: `/api/v1/namespaces/${namespace}/pods/${name}/log?${query}` });
    const chunks: Buffer[] = [];
    for await (const chunk of response.chunks) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  async exec(name: string, script: string, container = 'c', stdin?: Buffer): Promise<string> {
    const [out, err] = [new PassThrough(), new PassThrough()];
    const chunks: Buffer[] = [];
    out.on('data', (chunk: Buffer) => chunks.push(chunk));
    err.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = Promise.withResolvers<k8s.V1Status>();
    const input = stdin ? Readable.from([stdin]) : null;
    const socket = await new k8s.Exec(this.#config).exec(
      namespace,
      name,
      container,
      ['sh', '-c', script],
      out,
      err,
      input,
      false,
      ended.resolve,
    );
    const status = await ended.promise;
    socket.close();
    const text = Buffer.concat(chunks).toString();
    assert.equal(status.status, 'Success', `${script}: ${text}${JSON.stringify(status)}`);
    return text;
  }

  async event(name: string, reason: string, message = /^/): Promise<Event> {
    const { metadata } = await this.until(name, 'is known', () => true);
    const uid = present(metadata?.uid);
    const found = (): Event | undefined => this.#events(uid).find((event) => event.reason === reason && message.test(event.message ?? ''));
    return eventually(found, { deadlineMs: patience, message: `${name}: event ${reason} ${message}` }).catch((error: Error) => {
      throw new Error(
        `${error.message}\n${this.#events(uid)
          .map((each) => `${each.reason}: ${each.message}`)
          .join('\n')}`,
      );
    });
  }

  #events(uid: string): readonly Event[] {
    return present(this.#informers)
      .for(Event)
      .store.list()
      .filter((event) => event.involvedObject.uid === uid);
  }

  async remove(name: string, gracePeriodSeconds?: number): Promise<void> {
    await this.api.delete(Pod, { namespace, name }, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds });
  }

  async gone(name: string): Promise<void> {
    await eventually(() => this.pod(name) === undefined, { deadlineMs: patience, message: `${name} is gone` });
  }

  patch(name: string, patch: object): Promise<Pod> {
    return this.api.patch(Pod, { namespace, name }, 'application/strategic-merge-patch+json', patch);
  }

  async configMap(name: string, data: Record<string, string>, binaryData: Record<string, string> = {}): Promise<void> {
    await this.api.create(ConfigMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace },
      data,
      binaryData,
    } as unknown as ConfigMap);
  }

  async secret(name: string, stringData: Record<string, string>): Promise<void> {
    await this.api.create(Secret, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData } as unknown as Secret);
  }
}

function present<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

function statusOf(pod: Pod | undefined, name = 'c'): ContainerStatus {
  const all = [pod?.status?.containerStatuses, pod?.status?.initContainerStatuses, pod?.status?.ephemeralContainerStatuses].flatMap(
    (list) => list ?? [],
  );
  return present(all.find((each) => each.name === name));
}

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean);
}

function variables(text: string): Record<string, string> {
  return Object.fromEntries(
    lines(text).flatMap((line) => (line.includes('=') ? [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]] : [])),
  );
}

const fieldRef = (fieldPath: string): object => ({ valueFrom: { fieldRef: { fieldPath } } });
const resourceRef = (resource: string, divisor?: string): object => ({ valueFrom: { resourceFieldRef: { resource, divisor } } });

type Subtests = Readonly<Record<string, (bench: Bench) => Promise<void>>>;

const subtests: Subtests = {
  async 'variables from values, fields, resources, ConfigMaps and Secrets'(bench) {
    await bench.configMap('env-map', { color: 'blue', size: 'big' });
    await bench.secret('env-secret', { user: 'admin' });
    const key = (name: string, each: string, optional?: boolean): object => ({ name, key: each, optional });
    const env = {
      PLAIN: { value: 'a' },
      COMPOSED: { value: '$(PLAIN)-$(NOPE)-$$(PLAIN)' },
      POD: fieldRef('metadata.name'),
      UID: fieldRef('metadata.uid'),
      NS: fieldRef('metadata.namespace'),
      WHO: fieldRef("metadata.labels['who']"),
      NOTE: fieldRef("metadata.annotations['note']"),
      NODE: fieldRef('spec.nodeName'),
      SA: fieldRef('spec.serviceAccountName'),
      IP: fieldRef('status.podIP'),
      IPS: fieldRef('status.podIPs'),
      HOST: fieldRef('status.hostIP'),
      HOSTS: fieldRef('status.hostIPs'),
      CPU: resourceRef('limits.cpu'),
      CPU_M: resourceRef('limits.cpu', '1m'),
      MEMORY: resourceRef('limits.memory'),
      MEMORY_MI: resourceRef('requests.memory', '1Mi'),
      REQUEST: resourceRef('requests.cpu', '1m'),
      COLOR: { valueFrom: { configMapKeyRef: key('env-map', 'color') } },
      USER_NAME: { valueFrom: { secretKeyRef: key('env-secret', 'user') } },
      ABSENT: { valueFrom: { configMapKeyRef: key('nothing', 'at-all', true) } },
      ABSENT_KEY: { valueFrom: { secretKeyRef: key('env-secret', 'nope', true) } },
    };
    const spec = {
      containers: [
        {
          name: 'c',
          image,
          command: ['sh', '-c', 'env; echo "ARGS=$0 $1 $2 $(PLAIN)"'],
          args: ['$(PLAIN)', '$$(PLAIN)', '$(NOPE)'],
          env: Object.entries(env).map(([name, value]) => ({ name, ...value })),
          envFrom: [
            { configMapRef: { name: 'env-map' }, prefix: 'm_' },
            { secretRef: { name: 'env-secret' } },
            { configMapRef: { name: 'none', optional: true } },
          ],
          resources: { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
        },
      ],
    };
    const found = variables(await bench.output('env', spec, { labels: { who: 'me' }, annotations: { note: 'a "b"' } }));
    const pod = present(bench.pod('env'));
    const expected = {
      PLAIN: 'a',
      COMPOSED: 'a-$(NOPE)-$(PLAIN)',
      ARGS: 'a $(PLAIN) $(NOPE) a',
      POD: 'env',
      UID: pod.metadata?.uid,
      NS: namespace,
      WHO: 'me',
      NOTE: 'a "b"',
      NODE: bench.cluster.netns,
      SA: 'default',
      IP: pod.status?.podIP,
      IPS: pod.status?.podIP,
      HOST: pod.status?.hostIP,
      HOSTS: pod.status?.hostIP,
      CPU: '1',
      CPU_M: '500',
      MEMORY: String(64 * 2 ** 20),
      MEMORY_MI: '32',
      REQUEST: '250',
      COLOR: 'blue',
      USER_NAME: 'admin',
      ABSENT: undefined,
      ABSENT_KEY: undefined,
      m_color: 'blue',
      m_size: 'big',
      user: 'admin',
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
    };
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, found[name]])), expected);
    assert.match(present(pod.status?.podIP), /^10\.244\./);
  },

  async 'limits that a container does not name are the allocatable of its node'(bench) {
    const env = [
      { name: 'CPU', ...resourceRef('limits.cpu') },
      { name: 'MEMORY', ...resourceRef('limits.memory', '1Ki') },
    ];
    const found = variables(await bench.output('env-default', { containers: [shell('env', { env })] }));
    const { allocatable } = (await bench.api.get(Node, { name: bench.cluster.netns })).status ?? {};
    assert.equal(found.CPU, String(allocatable?.cpu));
    assert.equal(`${found.MEMORY}Ki`, String(allocatable?.memory));
  },

  async 'variables of services made before the pod; enableServiceLinks: false leaves them out'(bench) {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'foo-svc', namespace },
      spec: { ports: [{ port: 8765, targetPort: 8080 }], selector: { no: 'one' } },
    };
    const made = await bench.api.create(Service, service as unknown as Service);
    const found = variables(await bench.output('links', { containers: [shell('env')] }));
    assert.equal(found.FOO_SVC_SERVICE_HOST, made.spec?.clusterIP);
    assert.equal(found.FOO_SVC_PORT, `tcp://${made.spec?.clusterIP}:8765`);
    const bare = variables(await bench.output('no-links', { enableServiceLinks: false, containers: [shell('env')] }));
    assert.equal(bare.FOO_SVC_SERVICE_HOST, undefined);
    assert.ok(bare.KUBERNETES_SERVICE_HOST);
  },

  async 'a missing ConfigMap keeps a container waiting until it is there'(bench) {
    await bench.create('waits', { containers: [idle({ envFrom: [{ configMapRef: { name: 'late' } }] })] });
    const waiting = await bench.until('waits', 'waits', (pod) => statusOf(pod).state?.waiting?.reason === 'CreateContainerConfigError');
    assert.equal(statusOf(waiting).state?.waiting?.message, 'configmap "late" not found');
    assert.equal(waiting.status?.phase, 'Pending');
    await bench.event('waits', 'Failed', /^Error: configmap "late" not found$/);
    await bench.configMap('late', { a: 'b' });
    await bench.running('waits');
  },

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
        deadlineMs: 20_000,
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
    assert.match(plain, /^\/disk 777 0\n\/memory 777 0\n\/disk\/word 644 0\n\/memory tmpfs rw/);
    assert.match(plain, /No space left/);
    const securityContext = { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000] };
    const grouped = await bench.output('empty-group', { securityContext, containers: [shell(script, { volumeMounts })], volumes });
    assert.match(grouped, /^\/disk 2777 2000\n\/memory 2777 2000\n\/disk\/word 644 2000\n/);
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

  async 'init containers run one after another, before the others'(bench) {
    const volumes = [{ name: 'v', emptyDir: {} }];
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const init = ['i1', 'i2'].map((name) => shell(`sleep 0.2; echo ${name} >>/v/order`, { name, volumeMounts }));
    assert.equal(
      await bench.output('init', { initContainers: init, containers: [shell('cat /v/order', { volumeMounts })], volumes }),
      'i1\ni2\n',
    );
    const { status } = present(bench.pod('init'));
    assert.deepEqual(
      status?.initContainerStatuses?.map(({ state, ready }) => [state?.terminated?.reason, ready]),
      [
        ['Completed', true],
        ['Completed', true],
      ],
    );
    assert.equal(status?.conditions?.find(({ type }) => type === 'Initialized')?.reason, 'PodCompleted');
    const failing = { initContainers: [shell('exit 3', { name: 'bad' }), shell('true', { name: 'never' })], containers: [shell('true')] };
    await bench.create('init-never', { restartPolicy: 'Never', ...failing });
    await bench.create('init-always', failing);
    const never = await bench.ended('init-never');
    assert.equal(never.status?.phase, 'Failed');
    assert.equal(statusOf(never, 'bad').state?.terminated?.exitCode, 3);
    assert.equal(statusOf(never).state?.waiting?.reason, 'PodInitializing');
    assert.equal(
      never.status?.conditions?.find(({ type }) => type === 'Initialized')?.message,
      'containers with incomplete status: [bad never]',
    );
    const again = await bench.until('init-always', 'tries again', (pod) => statusOf(pod, 'bad').restartCount >= 2);
    assert.equal(again.status?.phase, 'Pending');
    assert.equal(statusOf(again).state?.waiting?.reason, 'PodInitializing');
  },

  async 'sidecars start first, in order, and end last'(bench) {
    const volumes = [{ name: 'v', emptyDir: {} }];
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const startupProbe = { exec: { command: ['test', '-e', '/v/up'] }, periodSeconds: 1 };
    const side = (name: string, script: string, more = {}): object =>
      shell(`trap "echo ${name} ends >/proc/1/fd/1; exit 0" TERM; ${script}; while :; do sleep 0.1; done`, {
        name,
        restartPolicy: 'Always',
        volumeMounts,
        ...more,
      });
    const spec = {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 10,
      initContainers: [
        side('s1', 'sleep 1; touch /v/up', { startupProbe }),
        shell('test -e /v/up', { name: 'i', volumeMounts }),
        side('s2', 'true'),
      ],
      containers: [shell('test -e /v/up && echo main; sleep 0.5', { volumeMounts })],
      volumes,
    };
    await bench.create('sidecar', spec);
    const { status } = await bench.ended('sidecar');
    assert.equal(status?.phase, 'Succeeded');
    assert.equal(await bench.log('sidecar', 'container=c'), 'main\n');
    const ended = (name: string): number => Date.parse(String(statusOf(bench.pod('sidecar'), name).state?.terminated?.finishedAt));
    assert.ok(ended('c') <= ended('s2') && ended('s2') <= ended('s1'));
    assert.deepEqual(
      ['s1', 's2'].map((name) => statusOf(bench.pod('sidecar'), name).state?.terminated?.exitCode),
      [0, 0],
    );
  },

  async 'restart policies and exit codes'(bench) {
    const volumes = [{ name: 'v', emptyDir: {} }];
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    await bench.create('on-failure', {
      restartPolicy: 'OnFailure',
      containers: [shell('test -e /v/x && exit 0; touch /v/x; exit 5', { volumeMounts })],
      volumes,
    });
    await bench.create('never', { restartPolicy: 'Never', containers: [shell('exit 3'), shell('exit 0', { name: 'fine' })] });
    await bench.create('always', { containers: [shell('exit 0')] });
    const retried = await bench.ended('on-failure');
    assert.deepEqual(
      [retried.status?.phase, statusOf(retried).restartCount, statusOf(retried).lastState?.terminated?.exitCode],
      ['Succeeded', 1, 5],
    );
    const failed = await bench.ended('never');
    assert.deepEqual(
      [failed.status?.phase, statusOf(failed).state?.terminated?.exitCode, statusOf(failed).state?.terminated?.reason],
      ['Failed', 3, 'Error'],
    );
    assert.deepEqual(failed.status?.conditions?.find(({ type }) => type === 'Ready')?.reason, 'PodFailed');
    const looping = await bench.until('always', 'is held back', (pod) => statusOf(pod).state?.waiting?.reason === 'CrashLoopBackOff');
    assert.match(statusOf(looping).state?.waiting?.message ?? '', /^back-off 10s restarting failed container=c pod=always_default\(.+\)$/);
    assert.equal(looping.status?.phase, 'Running');
    assert.equal(statusOf(looping).lastState?.terminated?.reason, 'Completed');
    await bench.event('always', 'BackOff', /^Back-off restarting failed container c in pod always_default\(/);
  },

  async 'last words from the file or the log'(bench) {
    const words = (script: string, policy = 'File', more = {}): object => ({
      restartPolicy: 'Never',
      containers: [shell(script, { terminationMessagePolicy: policy, ...more })],
    });
    const log = 'FallbackToLogsOnError';
    await bench.create('words-file', words('echo -n bye >/dev/termination-log'));
    await bench.create('words-log', words('echo from the log; exit 1', log));
    await bench.create('words-well', words('echo from the log', log));
    await bench.create('words-both', words('echo from the log; echo -n OK >/dev/termination-log', log));
    await bench.create(
      'words-path',
      words('echo -n DONE >/dev/custom', 'File', { terminationMessagePath: '/dev/custom', securityContext: { runAsUser: 1000 } }),
    );
    const message = async (name: string): Promise<string | undefined> => statusOf(await bench.ended(name)).state?.terminated?.message;
    const names = ['words-file', 'words-log', 'words-well', 'words-both', 'words-path'];
    assert.deepEqual(await Promise.all(names.map(message)), ['bye', 'from the log\n', undefined, 'OK', 'DONE']);
  },

  async 'probes restart, gate and route'(bench) {
    const fast = { periodSeconds: 1, failureThreshold: 1 };
    const web = 'mkdir /w; touch /w/ok; httpd -p 8080 -h /w;';
    const live = (script: string, livenessProbe: object): object => ({
      containers: [
        shell(`${script} sleep 3600`, { livenessProbe: { ...fast, ...livenessProbe }, ports: [{ containerPort: 8080, name: 'web' }] }),
      ],
    });
    await bench.create('live-exec', live('touch /ok; sleep 2; rm /ok;', { exec: { command: ['cat', '/ok'] } }));
    await bench.create('live-http', live(`${web} sleep 2; rm /w/ok;`, { httpGet: { path: '/ok', port: 'web' } }));
    await bench.create('live-tcp', live('', { tcpSocket: { port: 9 } }));
    await bench.create('live-grpc', live('', { grpc: { port: 9 } }));
    await bench.create('live-well', live(web, { httpGet: { path: '/ok', port: 8080 } }));
    const livenessProbe = { exec: { command: ['false'] }, ...fast };
    await bench.create('startup', {
      containers: [
        shell('sleep 3; touch /ok; sleep 3600', {
          startupProbe: { exec: { command: ['cat', '/ok'] }, periodSeconds: 1, failureThreshold: 30 },
          livenessProbe,
        }),
      ],
    });
    await bench.create('unready', {
      containers: [shell('touch /ok; sleep 3600', { readinessProbe: { exec: { command: ['cat', '/ok'] }, ...fast } })],
    });
    await bench.create('gated', { readinessGates: [{ conditionType: 'example.com/gate' }], containers: [idle()] });
    await bench.running('startup');
    assert.deepEqual([statusOf(bench.pod('startup')).started, isReady(present(bench.pod('startup')))], [false, false]);
    await bench.ready('unready');
    await bench.exec('unready', 'rm /ok');
    const unready = await bench.until('unready', 'is not ready', (pod) => !isReady(pod));
    assert.equal(statusOf(unready).restartCount, 0);
    assert.equal(unready.status?.conditions?.find(({ type }) => type === 'Ready')?.message, 'containers with unready status: [c]');
    await bench.running('gated');
    assert.equal(present(bench.pod('gated')).status?.conditions?.find(({ type }) => type === 'Ready')?.reason, 'ReadinessGatesNotReady');
    const gate = { status: { conditions: [{ type: 'example.com/gate', status: 'True' }] } };
    await bench.api.patch(Pod, { namespace, name: 'gated' }, 'application/strategic-merge-patch+json', gate, { subresource: 'status' });
    await bench.ready('gated');
    for (const name of ['live-exec', 'live-http', 'live-tcp', 'live-grpc', 'startup']) {
      const pod = await bench.until(name, 'was restarted', (each) => statusOf(each).restartCount >= 1);
      assert.ok(statusOf(pod).lastState?.terminated, name);
      await bench.event(name, 'Killing', /^Container c failed liveness probe, will be restarted$/);
      await bench.event(name, 'Unhealthy', /^Liveness probe failed: /);
    }
    assert.equal(statusOf(bench.pod('live-well')).restartCount, 0);
  },

  async 'hooks and grace'(bench) {
    const volumes = [{ name: 'v', hostPath: { path: join(bench.work, 'hooks'), type: 'DirectoryOrCreate' } }];
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const exec = (script: string): object => ({ exec: { command: ['sh', '-c', script] } });
    await bench.create('hooks', {
      terminationGracePeriodSeconds: 20,
      containers: [
        idle({ volumeMounts, lifecycle: { postStart: exec('echo began >/v/began'), preStop: exec('sleep 1; echo ended >/v/ended') } }),
      ],
      volumes,
    });
    await bench.create('hook-sleep', {
      terminationGracePeriodSeconds: 20,
      containers: [idle({ lifecycle: { preStop: { sleep: { seconds: 2 } } } })],
    });
    await bench.create('hook-bad', { containers: [idle({ lifecycle: { postStart: exec('echo why >&2; exit 7') } })] });
    await bench.create('deaf', { terminationGracePeriodSeconds: 3, containers: [shell('trap "" TERM; while :; do sleep 1; done')] });
    await bench.running('hooks');
    assert.equal(readFileSync(join(bench.work, 'hooks/began'), 'utf8'), 'began\n');
    await Promise.all(['hook-sleep', 'deaf'].map((name) => bench.running(name)));
    const taken = async (name: string): Promise<number> => {
      const begun = systemClock.now();
      await bench.remove(name);
      await bench.gone(name);
      return systemClock.now() - begun;
    };
    const [hook, sleep, deaf] = await Promise.all(['hooks', 'hook-sleep', 'deaf'].map(taken));
    assert.equal(readFileSync(join(bench.work, 'hooks/ended'), 'utf8'), 'ended\n');
    assert.ok(present(hook) >= 1000 && present(hook) < 10_000, `exec hook: ${hook} ms`);
    assert.ok(present(sleep) >= 2000 && present(sleep) < 10_000, `sleep hook: ${sleep} ms`);
    assert.ok(present(deaf) >= 2500 && present(deaf) < 12_000, `deaf: ${deaf} ms`);
    await bench.event('hook-bad', 'FailedPostStartHook', /PostStartHook failed/);
    await bench.until('hook-bad', 'comes back', (pod) => statusOf(pod).restartCount >= 1);
  },

  async 'activeDeadlineSeconds ends a pod, and can be set while it runs'(bench) {
    await bench.create('deadline', { activeDeadlineSeconds: 2, containers: [idle()] });
    await bench.create('deadline-later', { containers: [idle()] });
    await bench.running('deadline-later');
    await bench.patch('deadline-later', { spec: { activeDeadlineSeconds: 1 } });
    for (const name of ['deadline', 'deadline-later']) {
      const { status } = await bench.ended(name);
      assert.deepEqual(
        [status?.phase, status?.reason, status?.message],
        ['Failed', 'DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'],
      );
      assert.ok(statusOf(bench.pod(name)).state?.terminated);
    }
  },

  async 'names: hostname, subdomain, FQDN, aliases, resolver'(bench) {
    const script = 'hostname; cat /etc/hosts /etc/resolv.conf';
    const hostAliases = [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }];
    const dnsConfig = {
      nameservers: ['10.9.8.7'],
      searches: ['here.example'],
      options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
    };
    const named = await bench.output('names', {
      hostname: 'me',
      subdomain: 'sub',
      hostAliases,
      dnsPolicy: 'None',
      dnsConfig,
      containers: [shell(script)],
    });
    const ip = present(bench.pod('names')?.status?.podIP);
    assert.match(named, /^me\n# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n/);
    assert.ok(named.includes(`\n${ip}\tme.sub.default.svc.`), named);
    assert.ok(named.includes('\n# Entries added by HostAliases.\n123.45.67.89\tfoo\tbar\n'), named);
    assert.match(named, /\nsearch here.example\nnameserver 10.9.8.7\noptions ndots:2 edns0\n$/);
    const full = await bench.output('fqdn', { hostname: 'me', subdomain: 'sub', setHostnameAsFQDN: true, containers: [shell('hostname')] });
    assert.match(full, /^me\.sub\.default\.svc\./);
    assert.equal(await bench.output('hostless', { containers: [shell('hostname')] }), 'hostless\n');
  },

  async 'network and process namespaces'(bench) {
    const own = shell('sleep 0.2; ip -o -4 addr | grep -c cni0; hostname', { ports: [] });
    const host = await bench.output('host-network', { hostNetwork: true, containers: [own] });
    assert.equal(lines(host)[0], '1');
    assert.equal(bench.pod('host-network')?.status?.podIP, bench.pod('host-network')?.status?.hostIP);
    await bench.create('host-port', {
      containers: [{ name: 'c', image: 'keelson/hello:v1', ports: [{ containerPort: 8080, hostPort: 18_080 }] }],
    });
    await bench.running('host-port');
    const url = `http://${bench.pod('host-port')?.status?.hostIP}:18080/`;
    await eventually(async () => /hello/i.test((await bench.cluster.inside('curl', '-s', '-m', '2', url)).stdout), {
      deadlineMs: 15_000,
      message: `${url} answers`,
    });
    const both = [shell('sleep 1; ps -o args', {}), idle({ name: 'other', command: ['sleep', '4242'] })];
    await bench.create('shared-pids', { shareProcessNamespace: true, containers: both });
    await bench.create('own-pids', { containers: both });
    const printed = (name: string): Promise<string> =>
      eventually(async () => ((text) => text.includes('ps -o') && text)(await bench.log(name, 'container=c')), { deadlineMs: patience });
    assert.match(await printed('shared-pids'), /sleep 4242/);
    assert.doesNotMatch(await printed('own-pids'), /sleep 4242/);
    assert.match(await bench.output('host-pids', { hostPID: true, containers: [shell('ps -o args')] }), /containerd/);
    assert.equal(
      await bench.output('sysctls', {
        securityContext: { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] },
        containers: [shell('cat /proc/sys/kernel/shm_rmid_forced')],
      }),
      '1\n',
    );
  },

  async 'security contexts'(bench) {
    const status = 'id; grep -E "NoNewPrivs|CapEff|Seccomp:" /proc/self/status; touch /x 2>&1 || true; ls /dev/kmsg 2>&1 || true';
    const run = (name: string, own: object, shared: object = {}): Promise<string> =>
      bench.output(name, { securityContext: shared, containers: [shell(status, { securityContext: own })] });
    const [user, shared, tight, free, add] = await Promise.all([
      run('sc-user', { runAsUser: 65_534 }),
      run('sc-shared', { runAsUser: 1002 }, { runAsUser: 1001, runAsGroup: 2002, runAsNonRoot: true }),
      run('sc-tight', {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      }),
      run('sc-privileged', { privileged: true }),
      run('sc-add', { capabilities: { add: ['NET_ADMIN'], drop: ['CHOWN'] } }),
    ]);
    assert.match(user, /uid=65534/);
    assert.match(shared, /uid=1002.* gid=2002/);
    assert.match(tight, /CapEff:\t0+\nNoNewPrivs:\t1\nSeccomp:\t2\n.*Read-only file system/);
    assert.match(free, /NoNewPrivs:\t0\nSeccomp:\t0\n\/dev\/kmsg/);
    const bits = (text: string): bigint => BigInt(`0x${/CapEff:\t(\w+)/.exec(text)?.[1]}`);
    assert.equal((bits(add) >> 12n) & 1n, 1n, 'NET_ADMIN');
    assert.equal(bits(add) & 1n, 0n, 'CHOWN');
    assert.ok(bits(free) > bits(add));
    await bench.create('sc-root', { securityContext: { runAsNonRoot: true }, containers: [idle()] });
    const refused = await bench.until(
      'sc-root',
      'is refused',
      (pod) => statusOf(pod).state?.waiting?.reason === 'CreateContainerConfigError',
    );
    assert.match(
      statusOf(refused).state?.waiting?.message ?? '',
      /^container has runAsNonRoot and image will run as root \(pod: "sc-root_default\(.+\)", container: c\)$/,
    );
  },

  async 'resources become cgroups; too much memory is death'(bench) {
    const resources = { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '200m', memory: '48Mi' } };
    const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
    const files = v2 ? ['memory.max', 'cpu.max', 'cpu.weight'] : ['memory/memory.limit_in_bytes', 'cpu/cpu.cfs_quota_us', 'cpu/cpu.shares'];
    const script = files.map((file) => `cat /sys/fs/cgroup/${file}`).join('; ');
    const limits = await bench.output('limits', { containers: [shell(script, { resources })] });
    if (!v2) assert.deepEqual(lines(limits), [String(48 * 2 ** 20), '20000', '102']);
    assert.equal(bench.pod('limits')?.status?.qosClass, 'Burstable');
    const { limits: both } = { limits: { cpu: '100m', memory: '32Mi' } };
    await bench.create('oom', { restartPolicy: 'Never', containers: [shell('tail /dev/zero', { resources: { limits: both } })] });
    const killed = await bench.ended('oom');
    assert.deepEqual([statusOf(killed).state?.terminated?.reason, statusOf(killed).state?.terminated?.exitCode], ['OOMKilled', 137]);
    assert.equal(killed.status?.qosClass, 'Guaranteed');
    assert.equal(bench.pod('env-default')?.status?.qosClass ?? 'BestEffort', 'BestEffort');
  },

  async 'images that cannot be had, commands that are not there'(bench) {
    await bench.create('no-image', { containers: [{ name: 'c', image: '127.0.0.1:9/none:1' }] });
    await bench.create('never-pull', { containers: [{ name: 'c', image: 'nowhere/none:1', imagePullPolicy: 'Never' }] });
    await bench.create('bad-name', { containers: [{ name: 'c', image: 'Not_A/Name!' }] }).catch(() => undefined);
    await bench.create('no-command', { containers: [{ name: 'c', image, command: ['/not/there'] }] });
    await bench.create('no-command-never', { restartPolicy: 'Never', containers: [{ name: 'c', image, command: ['/not/there'] }] });
    const waits = (name: string, reason: string): Promise<Pod> =>
      bench.until(name, `waits: ${reason}`, (pod) => statusOf(pod).state?.waiting?.reason === reason);
    const first = await waits('no-image', 'ErrImagePull');
    assert.match(statusOf(first).state?.waiting?.message ?? '', /127\.0\.0\.1:9\/none:1/);
    const second = await waits('no-image', 'ImagePullBackOff');
    assert.match(statusOf(second).state?.waiting?.message ?? '', /^Back-off pulling image "127\.0\.0\.1:9\/none:1"/);
    for (const [reason, message] of [
      ['Pulling', /^Pulling image/],
      ['Failed', /^Failed to pull image/],
      ['Failed', /^Error: ErrImagePull$/],
      ['BackOff', /^Back-off pulling image/],
      ['Failed', /^Error: ImagePullBackOff$/],
    ] as const)
      await bench.event('no-image', reason, message);
    const never = await waits('never-pull', 'ErrImageNeverPull');
    assert.equal(statusOf(never).state?.waiting?.message, 'Container image "nowhere/none:1" is not present with pull policy of Never');
    await bench.event('never-pull', 'ErrImageNeverPull');
    if (bench.pod('bad-name')) await waits('bad-name', 'InvalidImageName');
    const bad = await bench.until(
      'no-command',
      'could not start',
      (pod) => statusOf(pod).lastState?.terminated ?? statusOf(pod).state?.waiting,
    );
    await bench.event('no-command', 'Failed', /not\/there.*no such file/);
    await bench.until(
      'no-command',
      'is tried again',
      (pod) => statusOf(pod).restartCount >= 1 && /RunContainerError|CrashLoopBackOff/.test(statusOf(pod).state?.waiting?.reason ?? ''),
    );
    assert.equal(bad.status?.phase, 'Running');
    const failed = await bench.ended('no-command-never');
    assert.deepEqual(
      [failed.status?.phase, statusOf(failed).state?.terminated?.reason, statusOf(failed).state?.terminated?.exitCode],
      ['Failed', 'StartError', 128],
    );
  },

  async 'ephemeral containers join a running pod'(bench) {
    await bench.create('debugged', { containers: [idle()] });
    await bench.running('debugged');
    const ephemeralContainers = [{ name: 'debug', image, command: ['sh', '-c', 'echo here; sleep 3600'], targetContainerName: 'c' }];
    const path = `/api/v1/namespaces/${namespace}/pods/debugged/ephemeralcontainers`;
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    const answer = await bench.api
      .raw({ method: 'PATCH', path, headers, body: JSON.stringify({ spec: { ephemeralContainers } }) })
      .catch((error: Error & { code?: number }) => error);
    if (answer instanceof Error) {
      assert.ok(answer.code === 404 || answer.code === 405, answer.message);
      return void process.stderr.write('ephemeral containers: skipped, the API server does not serve pods/ephemeralcontainers\n');
    }
    answer.destroy();
    await bench.until('debugged', 'debugger runs', (pod) => pod.status?.ephemeralContainerStatuses?.[0]?.state?.running);
    await eventually(async () => (await bench.log('debugged', 'container=debug')) === 'here\n', { deadlineMs: patience });
    assert.match(await bench.exec('debugged', 'echo hi', 'debug'), /hi/);
  },

  async 'logs: previous, since, tail, timestamps, limits, much'(bench) {
    await bench.create('logs', { containers: [shell('echo one; echo two >&2; sleep 1; echo three; sleep 3600')] });
    await bench.create('logs-before', { containers: [shell('[ -e /dev/shm/x ] || echo run one; exit 1')] });
    const much = await bench.output('logs-much', {
      containers: [
        shell(
          'i=0; while [ $i -lt 20000 ]; do echo "line $i of a text that is long enough to fill a buffer or two"; i=$((i+1)); done; head -c 100000 /dev/zero | tr "\\0" x',
        ),
      ],
    });
    assert.equal(lines(much).length, 20_001);
    assert.equal(much.length, lines(much).slice(0, -1).join('\n').length + 1 + 100_000);
    await eventually(async () => (await bench.log('logs')).includes('three'), { deadlineMs: patience });
    assert.equal(
      lines(await bench.log('logs'))
        .sort()
        .join(),
      'one,three,two',
    );
    assert.equal(await bench.log('logs', 'tailLines=1'), 'three\n');
    assert.equal(await bench.log('logs', 'limitBytes=2&tailLines=1'), 'th');
    assert.match(await bench.log('logs', 'timestamps=true&tailLines=1'), /^\d{4}-\d\d-\d\dT[\d:.]+Z three\n$/);
    const stamp = (await bench.log('logs', 'timestamps=true&tailLines=1')).split(' ')[0] ?? '';
    assert.equal(
      await bench
        .log('logs', `sinceTime=${encodeURIComponent(new Date(Math.floor(Date.parse(stamp) / 1000) * 1000).toISOString())}`)
        .then((text) => text.includes('three')),
      true,
    );
    await bench.until('logs-before', 'was restarted', (pod) => statusOf(pod).restartCount >= 1);
    assert.match(await bench.log('logs-before', 'previous=true'), /^run one\n$/);
    await assert.rejects(bench.log('logs', 'previous=true'), /previous terminated container "c" in pod "logs" not found/);
    assert.match(await bench.kubectl('logs', 'logs', '--since=1h', '--timestamps'), /Z one/);
  },

  async 'exec, attach and port-forward'(bench) {
    const chat = { ...idle(), name: 'chat', command: ['sh', '-c', 'while read line; do echo "got $line"; done'], stdin: true };
    await bench.create('streams', { containers: [idle(), chat, { name: 'web', image: 'keelson/hello:v1' }] });
    await bench.running('streams');
    const big = Buffer.alloc(3 << 20, 'abcdefg\n');
    assert.equal(lines(await bench.exec('streams', `head -c ${big.length} | wc -c`, 'c', big))[0]?.trim(), String(big.length));
    assert.equal((await bench.exec('streams', 'head -c 8000000 /dev/zero | tr "\\0" y')).length, 8_000_000);
    const result = await bench.kubectl.run(['exec', '-i', 'streams', '-c', 'c', '--', 'sh', '-c', 'cat; echo bad >&2; exit 9'], 'through');
    assert.deepEqual([result.code, result.stdout, result.stderr.includes('bad')], [9, 'through', true]);
    const attached = await bench.kubectl.run(['attach', '-i', 'streams', '-c', 'chat'], 'hello\n');
    await eventually(async () => (await bench.log('streams', 'container=chat')).includes('got hello'), {
      deadlineMs: 15_000,
      message: `attach: ${JSON.stringify(attached)}`,
    });
    await terminal(bench);
    await forwarded(bench);
  },

  async 'status: conditions, times, generation'(bench) {
    await bench.create('status', { containers: [idle()] });
    const { status, metadata } = await bench.ready('status');
    assert.deepEqual(status?.conditions?.map(({ type }) => type).sort(), [
      'ContainersReady',
      'Initialized',
      'PodReadyToStartContainers',
      'PodScheduled',
      'Ready',
    ]);
    assert.equal(status?.observedGeneration, metadata?.generation);
    assert.ok(status?.conditions?.every((each) => each.status === 'True' && each.observedGeneration === metadata?.generation));
    assert.equal(statusOf(bench.pod('status')).containerID?.slice(0, 13), 'containerd://');
    const patched = await bench.patch('status', { spec: { activeDeadlineSeconds: 3600 } });
    await bench.until('status', 'is observed', (pod) => Number(pod.status?.observedGeneration) === Number(patched.metadata?.generation));
    await bench.patch('status', { spec: { containers: [{ name: 'c', image: 'keelson/hello:v1' }] } });
    const restarted = await bench.until(
      'status',
      'has the new image',
      (pod) => /hello:v1/.test(statusOf(pod).image ?? '') && statusOf(pod).state?.running,
    );
    assert.equal(statusOf(restarted).restartCount, 1);
    await bench.event('status', 'Killing', /^Container c definition changed, will be restarted$/);
  },
};

/** A terminal's size reaches the program in it, also when it changes. */
async function terminal(bench: Bench): Promise<void> {
  const kubectl = ['node', join(root, 'kubectl/bin/kubectl.mjs'), '--kubeconfig', bench.cluster.kubeconfig];
  const command = [...kubectl, 'exec', '-it', 'streams', '-c', 'c', '--', 'sh', '-c', "'tty; sleep 1; stty size; echo end'"].join(' ');
  const { stdout } = await import('./cluster.ts').then(({ run }) =>
    run('script', ['-qec', `stty rows 33 cols 77; ${command}`, '/dev/null'], { timeout: 20_000 }),
  );
  assert.match(stdout, /\/dev\/pts\/0\r?\n33 77\r?\nend/);
}

async function forwarded(bench: Bench): Promise<void> {
  const seen: string[] = [];
  const forward = bench.kubectl.follow(['port-forward', 'pod/streams', ':8080'], (line) => seen.push(line));
  try {
    const port = await eventually(() => Number(/127\.0\.0\.1:(\d+)/.exec(seen.join('\n'))?.[1]), {
      deadlineMs: 15_000,
      message: 'port-forward says its port',
    });
    const get = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = createConnection(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
        let text = '';
        socket.on('data', (data) => {
          text += data.toString();
        });
        socket.on('end', () => resolve(text)).on('error', reject);
      });
    for (const answer of await Promise.all([get(), get(), get()])) assert.match(answer, /200 OK[\s\S]*hello/i);
  } finally {
    forward.stop();
  }
}

/** What would disturb others. */
const alone: Subtests = {
  async 'a kubelet that dies leaves containers running; another takes them over'(bench) {
    await bench.create('survivor', { containers: [idle({ readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } })] });
    await bench.ready('survivor');
    const containers = (): string =>
      JSON.stringify(
        [bench.pod('survivor'), bench.pod('streams')].map((pod) =>
          pod?.status?.containerStatuses?.map(({ containerID, restartCount }) => [containerID, restartCount]),
        ),
      );
    const before = containers();
    process.kill(bench.cluster.pid('kubelet'), 'SIGKILL');
    await bench.remove('streams');
    await bench.cluster.up();
    await bench.gone('streams');
    await bench.ready('survivor');
    await bench.create('after', { containers: [idle()] });
    await bench.running('after');
    assert.equal(JSON.parse(containers())[0].join(), JSON.parse(before)[0].join());
    assert.match(await bench.exec('survivor', 'echo still'), /still/);
  },

  async 'static pods from a directory have mirrors; logs are rotated'(bench) {
    const manifests = join(bench.work, 'manifests');
    mkdirSync(manifests);
    const file = join(manifests, 'web.json');
    const manifest = (word: string): string =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'static', namespace },
        spec: { terminationGracePeriodSeconds: 1, containers: [idle({ env: [{ name: 'WORD', value: word }] })] },
      });
    writeFileSync(file, manifest('one'));
    const name = `static-${bench.cluster.netns}`;
    const kubelet = await withFlags(bench, [
      `--pod-manifest-path=${manifests}`,
      '--container-log-max-size=100Ki',
      '--container-log-max-files=3',
    ]);
    try {
      const mirror = await bench.running(name);
      assert.equal(mirror.metadata?.annotations?.['kubernetes.io/config.source'], 'file');
      assert.equal(mirror.metadata?.ownerReferences?.[0]?.kind, 'Node');
      assert.match(await bench.exec(name, 'echo $WORD'), /one/);
      await bench.remove(name, 0);
      await bench.until(name, 'has a new mirror', (pod) => pod.metadata?.uid !== mirror.metadata?.uid && pod.status?.phase === 'Running');
      assert.equal(statusOf(bench.pod(name)).containerID, statusOf(mirror).containerID, 'the pod itself went on');
      writeFileSync(file, manifest('two'));
      await bench.until(
        name,
        'runs anew',
        (pod) => pod.status?.phase === 'Running' && statusOf(pod).containerID !== statusOf(mirror).containerID,
      );
      assert.match(await bench.exec(name, 'echo $WORD'), /two/);
      await rotated(bench);
      rmSync(file);
      await bench.gone(name);
    } finally {
      kubelet.kill('SIGTERM');
      await eventually(() => kubelet.exitCode !== null || kubelet.signalCode !== null, {
        deadlineMs: 10_000,
        message: 'the kubelet has ended',
      });
      await bench.cluster.up();
    }
  },

  async 'pods that are gone leave nothing on the node'(bench) {
    const all = (await bench.api.list(Pod, { namespace })).items.map(({ metadata }) => present(metadata?.name));
    await Promise.all(all.map((name) => bench.remove(name).catch(() => undefined)));
    for (const name of all) await bench.gone(name);
    const kubelet = join(bench.cluster.dataDir, 'kubelet', bench.cluster.netns);
    const left = (): string[] => [
      ...['pods', 'pods-logs'].flatMap((each) => readdirSync(join(kubelet, each))),
      ...lines(readFileSync('/proc/self/mountinfo', 'utf8')).filter((line) => line.includes(`${kubelet}/pods`)),
      ...readdirSync('/sys/fs/cgroup').flatMap((each) => podCgroups(join('/sys/fs/cgroup', each, `kubepods-${bench.cluster.netns}`))),
    ];
    await eventually(() => left().length === 0, { deadlineMs: patience }).catch(() => assert.deepEqual(left(), []));
  },
};

function podCgroups(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true })
    .map(String)
    .filter((each) => /\/pod[^/]*$/.test(each));
}

/** The kubelet anew, with more flags. */
async function withFlags({ cluster }: Bench, flags: readonly string[]): Promise<ChildProcess> {
  const pid = cluster.pid('kubelet');
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  process.kill(pid, 'SIGKILL');
  await eventually(() => !existsSync(`/proc/${pid}`), { deadlineMs: 5000 });
  return spawn('nsenter', [`--net=/run/netns/${cluster.netns}`, ...command, ...flags], { stdio: 'ignore' });
}

async function rotated(bench: Bench): Promise<void> {
  const pod = await bench.create('rotate', {
    containers: [
      shell(
        'i=0; while [ $i -lt 4000 ]; do echo "$i: a line that fills the log, so that it has to be moved aside"; i=$((i+1)); done; sleep 3600',
      ),
    ],
  });
  await bench.running('rotate');
  const directory = join(
    bench.cluster.dataDir,
    'kubelet',
    bench.cluster.netns,
    'pods-logs',
    `${namespace}_rotate_${pod.metadata?.uid}`,
    'c',
  );
  await eventually(() => readdirSync(directory).length >= 2, { deadlineMs: 30_000, message: 'the log was moved aside' });
  await bench.exec('rotate', 'echo after >/proc/1/fd/1');
  await eventually(async () => (await bench.log('rotate')).endsWith('after\n'), { deadlineMs: 10_000, message: 'the new log is written' });
}

describe('pods on a real node', { skip: skip ?? false, timeout: 240_000 }, () => {
  const bench = skip ? (undefined as unknown as Bench) : new Bench();
  before(() => bench.up());
  after(() => bench.down());

  describe('side by side', { concurrency: 6 }, () => {
    for (const [name, run] of Object.entries(subtests)) test(name, () => run(bench));
  });
  for (const [name, run] of Object.entries(alone)) test(name, () => run(bench));
});
