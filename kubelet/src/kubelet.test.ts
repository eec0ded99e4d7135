import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { createApi, type Transport } from '@keelson/client';
import { createEventRecorder, createInformers } from '@keelson/runtime';
import { eventually } from '@keelson/testing';
import { ModelRuntime } from './cri/model/index.ts';
import { createKubelet } from './kubelet.ts';
import { modelMachine } from './node/facts.ts';
import { modelProber } from './probe/prober.ts';
import { MemoryHost } from './volume/memory.ts';

const nobody: Transport = { send: () => Promise.reject(new Error('connection refused')), close: () => undefined };

test('static pods run where no API server answers: they may be what it is made of', async (t) => {
  const manifests = mkdtempSync(join(tmpdir(), 'keelson-static-'));
  const stop = new AbortController();
  t.after(() => rmSync(manifests, { recursive: true, force: true }));
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'etcd' }, spec: { containers: [{ name: 'etcd', image: 'etcd:3' }] } };
  writeFileSync(join(manifests, 'etcd.yaml'), JSON.stringify(pod));
  const [clock, random, log] = [systemClock, seededRandom(1), silentLogger];
  const api = createApi(nobody, { clock });
  const runtime = new ModelRuntime({ clock, random, podCidr: '10.0.0.0/24' });
  const kubelet = createKubelet({
    ...{ clock, random, log, api, runtime, host: new MemoryHost() },
    informers: createInformers({ api, clock, random, log }),
    events: createEventRecorder({ api, component: 'kubelet', host: 'n1', clock, log, signal: stop.signal }),
    prober: modelProber(runtime.streams),
    machine: modelMachine('n1'),
    config: {
      node: {
        ...{ name: 'n1', hostname: 'n1', ips: ['10.0.0.2'], labels: {}, taints: [], podCIDR: '' },
        ...{ maxPods: 110, port: 10_250, version: 'v1.36.0' },
      },
      paths: { root: '/var/lib/kubelet', logs: '/var/log/pods' },
      cluster: { servers: ['10.96.0.10'], domain: 'cluster.local' },
      resolvConf: { servers: [], searches: [], options: [] },
      ...{ hostsFile: '', cgroupRoot: '/', manifests, eviction: {}, parallel: 8 },
    },
  });
  const ended = kubelet.run(stop.signal).catch(() => undefined);
  const running = async (): Promise<boolean> => (await runtime.sandboxes.list()).some(({ name }) => name === 'etcd-n1');
  await eventually(running, { deadlineMs: 20_000, message: 'the static pod runs' });
  stop.abort();
  await ended;
});
