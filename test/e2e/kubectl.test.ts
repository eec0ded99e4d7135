import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { createCA, createCSR } from '@keelson/pki';
import { eventually } from '@keelson/testing';
import { RealCluster, whyNotReal } from './cluster.ts';
import { applying, changing } from './kubectl/changes.ts';
import { clientOf, follow, ours, type Upstream, upstreams } from './kubectl/clients.ts';
import { asking, certificates, creating } from './kubectl/objects.ts';
import { explaining, reading } from './kubectl/reading.ts';
import { type Client, type Places, type Topic, take } from './kubectl/steps.ts';
import { deleting, nodes, rollingOut, rollingOutDaemons, rollingOutSets, setting } from './kubectl/workloads.ts';

/*
 * Upstream's kubectl, unmodified, of every version that is found, against a cluster whose nodes are models. The newest takes
 * every step, the oldest those of most change, and each other makes what can be made; KEELSON_HEAVY=1 has all of them take every step,
 * and our own kubectl too.
 */

const heavy = process.env.KEELSON_HEAVY !== undefined;
const skip = whyNotReal();
/** Older ones lack too much of what is tried. */
const oldest = 27;
const found = skip ? [] : upstreams().filter(({ minor }) => minor >= oldest);

const topics: Readonly<Record<string, Topic>> = {
  creating,
  asking,
  certificates,
  applying,
  changing,
  reading,
  explaining,
  setting,
  deleting,
  nodes,
  rollingOut,
  rollingOutSets,
  rollingOutDaemons,
};

/** What a version takes, which is all for the newest. */
function topicsOf(upstream: Upstream): [string, Topic][] {
  if (heavy || upstream === found[0]) return Object.entries(topics);
  const some = upstream === found.at(-1) ? ['creating', 'asking', 'applying', 'explaining'] : ['creating'];
  return Object.entries(topics).filter(([name]) => some.includes(name));
}

const widgets = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, required: [size], properties: {size: {type: integer, description: How large.}}}
`;

/** The files that steps name. */
async function placesIn(folder: string, NS: string): Promise<Places> {
  const { certPem, keyPem } = await createCA({ commonName: 'x', days: 1, clock: systemClock });
  const { csrPem } = await createCSR({ commonName: 'u', organizations: ['g'] });
  const file = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(join(folder, name), text, { mode });
    return join(folder, name);
  };
  const KUSTOMIZATION = join(folder, 'kustomization');
  mkdirSync(KUSTOMIZATION, { recursive: true });
  file('kustomization/one.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n');
  const generator = 'configMapGenerator: [{name: gen, literals: [a=b]}]';
  file('kustomization/kustomization.yaml', `resources: [one.yaml]\nnamePrefix: kz-\n${generator}\n`);
  return {
    NS,
    KUSTOMIZATION,
    CERT: file('tls.crt', certPem),
    KEY: file('tls.key', keyPem),
    EDITING: file('edit.sh', '#!/bin/sh\nsed -i "s/^  a: .*/  a: edited/" "$1"\n', 0o700),
    CSR: Buffer.from(csrPem).toString('base64'),
  };
}

/** `create` is seen as it happens; `proxy` answers what the server answers. */
async function streams(upstream: Upstream, client: Client, kubeconfig: string, namespace: string): Promise<void> {
  const before = ['--kubeconfig', kubeconfig, '--namespace', namespace];
  let [watched, proxied] = ['', ''];
  const watching = follow(upstream, [...before, 'get', 'cm', '-w', '--output-watch-events'], (text) => {
    watched = text;
  });
  const proxy = follow(upstream, [...before, 'proxy', '--port=0'], (text) => {
    proxied = text;
  });
  try {
    await eventually(() => /ADDED +kube-root-ca\.crt/.test(watched), { deadlineMs: 20_000 });
    await client.run(['--namespace', namespace, 'create', 'configmap', 'seen'], '', {});
    await client.run(['--namespace', namespace, 'delete', 'configmap', 'seen'], '', {});
    await eventually(() => /ADDED +seen[\s\S]*DELETED +seen/.test(watched), { deadlineMs: 20_000 });
    await eventually(() => proxied.includes('Starting to serve on '), { deadlineMs: 20_000 });
    const address = /Starting to serve on (\S+)/.exec(proxied)?.[1] ?? '';
    const answer = await fetch(`http://${address}/api/v1/namespaces/${namespace}`);
    assert.equal(((await answer.json()) as { metadata: { name: string } }).metadata.name, namespace);
  } finally {
    watching.stop();
    proxy.stop();
  }
}

/** Every kind by its full name, explained to its last field. */
async function explainAll(client: Client): Promise<void> {
  const { stdout } = await client.run(['api-resources', '-o', 'name'], '', {});
  // `explain` takes the second `events` for a field of the first.
  const names = stdout
    .trim()
    .split('\n')
    .filter((name) => name !== 'events.events.k8s.io');
  assert.ok(names.length > 60, stdout);
  const workers = Array.from({ length: 4 }, async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const { code, stdout: text, stderr } = await client.run(['explain', '--recursive', name], '', {});
      assert.equal(code, 0, `${name}: ${stderr}`);
      assert.match(text, /\nDESCRIPTION:\n[\s\S]*\nFIELDS:\n[\s\S]*metadata\t<(?:ObjectMeta|Object)>/, name);
    }
  });
  await Promise.all(workers);
}

describe('upstream’s kubectl works unmodified', {
  skip: skip ?? (found.length === 0 && `there is no kubectl from 1.${oldest} on`),
  timeout: 900_000,
}, () => {
  const cluster = new RealCluster('kctl', ['--runtime', 'model', '--nodes', '2']);
  const folder = mkdtempSync(join(tmpdir(), 'keelson-kubectl-'));
  const bound = (upstream: Upstream): Client => clientOf(upstream, cluster.kubeconfig, join(folder, `cache-${upstream.minor}`));
  before(async () => {
    await cluster.up();
    const [first] = found;
    const made = first && (await bound(first).run(['create', '-f', '-'], widgets, {}));
    assert.equal(made?.code, 0, made?.stderr);
    await eventually(async () => {
      const { stdout } = await bound(first as Upstream).run(['get', 'crd', 'widgets.example.com', '-o', 'yaml'], '', {});
      return stdout.includes('type: Established');
    });
  });
  after(async () => {
    await cluster.down();
    rmSync(folder, { recursive: true });
  });

  for (const upstream of heavy ? [...found, ours] : found) {
    const whole = heavy || upstream === found[0];
    const namespace = upstream.own ? 'own' : `k${upstream.minor}`;
    describe(upstream.own ? 'our own' : `1.${upstream.minor}`, { concurrency: 3 }, () => {
      const places = placesIn(folder, namespace);
      before(async () => {
        await bound(upstream).run(['create', 'namespace', namespace], '', {});
      });
      for (const [name, topic] of topicsOf(upstream)) test(name, async () => take(bound(upstream), await places, topic));
      if (whole) test('watches and proxies', () => streams(upstream, bound(upstream), cluster.kubeconfig, namespace));
      if (whole) test('explains every kind', () => explainAll(bound(upstream)));
    });
  }
});
