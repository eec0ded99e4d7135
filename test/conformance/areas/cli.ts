import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '@keelson/types';
import type { Context } from '../context.ts';
import { isReady, podsOf } from '../pods.ts';
import { across, until } from '../resource.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-cli] Kubectl client';
const httpd = 'registry.k8s.io/e2e-test-images/httpd:2.4.38-4';
const busybox = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';
const podName = 'e2e-test-httpd-pod';

export const cli: Specs = {
  async [`${area} Kubectl api-versions should check if v1 is in available api versions`](c) {
    const versions = (await c.kubectl(['api-versions'])).trim().split('\n');
    assert.ok(versions.includes('v1'));
  },

  async [`${area} Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info`](c) {
    const output = await c.kubectl(['cluster-info']);
    for (const item of ['Kubernetes control plane', 'is running at']) assert.ok(output.includes(item));
  },

  async [`${area} Kubectl version should check is all data is printed`](c) {
    const output = await c.kubectl(['version']);
    for (const item of ['Client Version: ', 'Server Version: ']) assert.match(output, new RegExp(`${item}v\\d\\.\\d+\\.[\\d\\w.+-]+`));
  },

  async [`${area} Kubectl describe should check if kubectl describe prints relevant information for rc and pods`](c) {
    const pods = await agnhost(c);
    const describe = (...what: string[]) => c.kubectl([...inside(c), 'describe', ...what]);
    for (const { metadata } of pods)
      holds(await describe('pod', metadata.name ?? ''), [
        ['Name:', 'agnhost-primary-'],
        ['Namespace:', c.namespace],
        ['Node:'],
        ['Labels:', 'app=agnhost'],
        ['role=primary'],
        ['Annotations:'],
        ['Status:', 'Running'],
        ['IP:'],
        ['Controlled By:', 'ReplicationController/agnhost-primary'],
        ['Image:', httpd],
        ['State:', 'Running'],
        ['QoS Class:', 'BestEffort'],
      ]);
    holds(await describe('rc', 'agnhost-primary'), [
      ['Name:', 'agnhost-primary'],
      ['Namespace:', c.namespace],
      ['Selector:', 'app=agnhost,role=primary'],
      ['Labels:', 'app=agnhost'],
      ['role=primary'],
      ['Annotations:'],
      ['Replicas:', '1 current', '1 desired'],
      ['Pods Status:', '1 Running', '0 Waiting', '0 Succeeded', '0 Failed'],
      ['Pod Template:'],
      ['Image:', httpd],
      ['Events:'],
    ]);
    holds(await describe('service', 'agnhost-primary'), [
      ['Name:', 'agnhost-primary'],
      ['Selector:', 'app=agnhost', 'role=primary'],
      ['Type:', 'ClusterIP'],
      ['IP:'],
      ['Port:', '<unset>', '6379/TCP'],
      ['Endpoints:'],
      ['Session Affinity:', 'None'],
    ]);
    const [node] = await across(c, 'v1', 'nodes').items();
    holds(await describe('node', node?.metadata.name ?? ''), [
      ['Name:', node?.metadata.name ?? ''],
      ...['Labels:', 'Annotations:', 'CreationTimestamp:', 'Conditions:', 'Addresses:', 'Capacity:', 'Version:'].map((one) => [one]),
      ['Type', 'Status', 'LastHeartbeatTime', 'LastTransitionTime', 'Reason', 'Message'],
      ...['Kernel Version:', 'OS Image:', 'Container Runtime Version:', 'Kubelet Version:', 'Kube-Proxy Version:', 'Pods:'].map((one) => [
        one,
      ]),
    ]);
    holds(await describe('namespace', c.namespace), [['Name:', c.namespace], ['Labels:'], ['Annotations:'], ['Status:', 'Active']]);
  },

  async [`${area} Kubectl diff should check if kubectl diff finds a difference for Deployments`](c) {
    const container = (image: string) => ({ name: 'httpd', image, ports: [{ containerPort: 80 }] });
    const deployment = (image: string) =>
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'httpd-deployment' },
        spec: {
          ...{ replicas: 2, selector: { matchLabels: { app: 'httpd' } } },
          template: { metadata: { labels: { app: 'httpd' } }, spec: { containers: [container(image)] } },
        },
      });
    await c.kubectl([...inside(c), 'create', '-f', '-'], deployment(httpd));
    const differs = ({ message }: Error) => message.includes(httpd) && message.includes(busybox);
    await assert.rejects(c.kubectl([...inside(c), 'diff', '-f', '-'], deployment(busybox)), differs);
    await c.kubectl([...inside(c), 'delete', '-f', '-'], deployment(busybox));
  },

  async [`${area} Kubectl label should update the label on a resource`](c) {
    await c.kubectl([...inside(c), 'run', 'pause', '--image=registry.k8s.io/pause:3.10']);
    await podsOf(c).until('pause', isReady);
    const shown = () => c.kubectl([...inside(c), 'get', 'pod', 'pause', '-L', 'testing-label']);
    await c.kubectl([...inside(c), 'label', 'pods', 'pause', 'testing-label=testing-label-value']);
    assert.match(await shown(), /testing-label-value/);
    await c.kubectl([...inside(c), 'label', 'pods', 'pause', 'testing-label-']);
    assert.doesNotMatch(await shown(), /testing-label-value/);
  },

  async [`${area} Kubectl patch should add annotations for pods in rc`](c) {
    const patch = JSON.stringify({ metadata: { annotations: { x: 'y' } } });
    for (const { metadata } of await agnhost(c)) {
      const name = metadata.name ?? '';
      await c.kubectl([...inside(c), 'patch', 'pod', name, '-p', patch]);
      assert.equal((await podsOf(c).get(name)).metadata.annotations?.x, 'y');
    }
  },

  async [`${area} Kubectl run pod should create a pod from an image when restart is Never`](c) {
    await c.kubectl([...inside(c), 'run', podName, '--restart=Never', '--pod-running-timeout=2m', `--image=${httpd}`]);
    const { spec } = await podsOf(c).get(podName);
    assert.deepEqual([spec?.restartPolicy, spec?.containers[0]?.image], ['Never', httpd]);
    await c.kubectl([...inside(c), 'delete', 'pods', podName]);
  },

  async [`${area} Kubectl replace should update a single-container pod's image`](c) {
    await c.kubectl([...inside(c), 'run', podName, `--image=${httpd}`, '--pod-running-timeout=2m', `--labels=run=${podName}`]);
    await podsOf(c).until(podName, ({ status }) => status?.phase === 'Running');
    const text = await c.kubectl([...inside(c), 'get', 'pod', podName, '-o', 'json']);
    await c.kubectl([...inside(c), 'replace', '-f', '-'], text.replaceAll(httpd, busybox));
    assert.equal((await podsOf(c).get(podName)).spec?.containers[0]?.image, busybox);
    await c.kubectl([...inside(c), 'delete', 'pods', podName]);
  },

  async [`${area} Kubectl server-side dry-run should check if kubectl can dry-run update Pods`](c) {
    await c.kubectl([...inside(c), 'run', podName, `--image=${httpd}`, '--pod-running-timeout=2m', `--labels=run=${podName}`]);
    const patch = JSON.stringify({ spec: { containers: [{ name: podName, image: busybox }] } });
    await c.kubectl([...inside(c), 'patch', 'pod', podName, '-p', patch, '--dry-run=server']);
    assert.equal((await podsOf(c).get(podName)).spec?.containers[0]?.image, httpd);
    await c.kubectl([...inside(c), 'delete', 'pods', podName]);
  },

  async [`${area} Proxy server should support proxy with --port 0`](c) {
    const proxy = c.start(['proxy', '-p', '0', '--disable-filter']);
    const port = await until(() => /Starting to serve on .*:(\d+)/.exec(proxy.printed)?.[1], proxy.printed);
    assert.ok((await versionsAt({ port: Number(port) })).length > 0);
  },

  async [`${area} Proxy server should support --unix-socket=/path`](c) {
    const folder = mkdtempSync(join(tmpdir(), 'kubectl-proxy-unix'));
    c.after(async () => rmSync(folder, { recursive: true }));
    const socketPath = join(folder, 'test');
    const proxy = c.start(['proxy', `--unix-socket=${socketPath}`]);
    await until(() => proxy.printed.includes('Starting to serve on'));
    assert.ok((await versionsAt({ socketPath })).length > 0);
  },
};

const inside = ({ namespace }: Context): string[] => ['--namespace', namespace];

/** Every line of words is in the output, in one line and in that order. */
function holds(output: string, wanted: readonly (readonly string[])[]): void {
  const lines = output.split('\n');
  let from = 0;
  for (const words of wanted) {
    const found = lines.findIndex((line, index) => index >= from && inOrder(line, words));
    assert.ok(found >= 0 || lines.some((line) => inOrder(line, words)), `${words.join(' … ')} in\n${output}`);
    from = Math.max(found, 0);
  }
}

function inOrder(line: string, words: readonly string[]): boolean {
  let at = 0;
  return words.every((word) => {
    const found = line.indexOf(word, at);
    at = found + word.length;
    return found >= 0;
  });
}

/** A replication controller and a service of one pod, which is ready. */
async function agnhost(c: Context): Promise<readonly Pod[]> {
  const labels = { app: 'agnhost', role: 'primary' };
  const name = 'agnhost-primary';
  const container = { name, image: httpd, ports: [{ name: 'agnhost-server', containerPort: 6379 }] };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  const controller = {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name, labels },
    spec: { replicas: 1, selector: labels, template },
  };
  const ports = [{ port: 6379, targetPort: 'agnhost-server' }];
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name, labels }, spec: { ports, selector: labels } };
  for (const object of [controller, service]) await c.kubectl([...inside(c), 'create', '-f', '-'], JSON.stringify(object));
  return until(async () => {
    const pods = await podsOf(c).items('app=agnhost,role=primary');
    return pods.length === 1 && pods.every(isReady) && pods;
  });
}

/** The versions that `/api/` names there. */
function versionsAt(where: { readonly port: number } | { readonly socketPath: string }): Promise<string[]> {
  return new Promise((done, fail) => {
    const sent = request({ host: '127.0.0.1', path: '/api/', ...where }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      if (response.statusCode === 200) done((JSON.parse(text) as { versions: string[] }).versions);
      else fail(new Error(text));
    });
    sent.on('error', fail).end();
  });
}
