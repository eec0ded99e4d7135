import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@keelson/types';
import { memoryLimitOf, pressureOf, usageOfV1, usageOfV2 } from './cgroup-usage.ts';
import { cpuOf, interfacesIn } from './machine-meter.ts';
import { cadvisorMetrics, resourceMetrics } from './prometheus.ts';
import { statsSummary } from './summary.ts';
import type { UsageInput } from './usage-types.ts';

const now = Date.parse('2026-01-02T03:04:05Z');
const cgroup = {
  cpuNanoSecondsTotal: 2_500_000_000n,
  memoryUsageBytes: 4000,
  memoryWorkingSetBytes: 3000,
  memoryRssBytes: 2000,
  pageFaults: 5,
  majorPageFaults: 1,
  processes: 7,
};
const pod = (name: string): Pod => ({ metadata: { name, namespace: 'default', uid: `uid-${name}` }, spec: { containers: [] } });
const container = {
  id: 'c1',
  sandboxId: 's1',
  name: 'main',
  at: now - 100,
  cpuNanoSecondsTotal: 1_250_000_000n,
  memoryWorkingSetBytes: 1024,
  rootfs: { bytes: 8192, inodes: 3 },
  startedAt: now - 60_500,
  image: 'app:1',
};
const input: UsageInput = {
  nodeName: 'n1',
  node: {
    ...cgroup,
    cpuNanoSecondsTotal: 90_000_000_000n,
    startTime: now - 3_600_000,
    memoryTotalBytes: 10_000,
    memoryForPodsBytes: 9_000,
    cores: 2,
    maxPID: 32_768,
    filesystem: { availableBytes: 1, capacityBytes: 2, usedBytes: 1, inodesFree: 3, inodes: 4, inodesUsed: 1 },
    imageFilesystem: undefined,
    containerFilesystem: undefined,
    pods: undefined,
    interfaces: [{ name: 'eth0', rxBytes: 1, rxErrors: 0, txBytes: 2, txErrors: 0 }],
  },
  pods: [
    { pod: pod('a'), containers: [container], cgroup },
    { pod: pod('b'), containers: [{ ...container, id: 'c2', name: 'side' }], cgroup: undefined },
  ],
  rates: new Map([
    ['', 0.5],
    ['c1', 0.25],
    ['pod/uid-a', 0.3],
  ]),
  now,
};

test('/metrics/resource has upstream’s names, labels and times', () => {
  const lines = resourceMetrics(input)
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  assert.deepEqual(lines, [
    `container_cpu_usage_seconds_total{container="main",namespace="default",pod="a"} 1.25 ${now - 100}`,
    `container_cpu_usage_seconds_total{container="side",namespace="default",pod="b"} 1.25 ${now - 100}`,
    `container_memory_working_set_bytes{container="main",namespace="default",pod="a"} 1024 ${now - 100}`,
    `container_memory_working_set_bytes{container="side",namespace="default",pod="b"} 1024 ${now - 100}`,
    `container_start_time_seconds{container="main",namespace="default",pod="a"} ${(now - 60_500) / 1000}`,
    `container_start_time_seconds{container="side",namespace="default",pod="b"} ${(now - 60_500) / 1000}`,
    `node_cpu_usage_seconds_total 90 ${now}`,
    `node_memory_working_set_bytes 3000 ${now}`,
    `pod_cpu_usage_seconds_total{namespace="default",pod="a"} 2.5 ${now}`,
    `pod_cpu_usage_seconds_total{namespace="default",pod="b"} 1.25 ${now - 100}`,
    `pod_memory_working_set_bytes{namespace="default",pod="a"} 3000 ${now}`,
    `pod_memory_working_set_bytes{namespace="default",pod="b"} 1024 ${now - 100}`,
    'resource_scrape_error 0',
  ]);
  assert.match(
    resourceMetrics(undefined),
    /^# HELP resource_scrape_error .*\n# TYPE resource_scrape_error gauge\nresource_scrape_error 1\n$/,
  );
});

test('/metrics/cadvisor tells of the machine and of containers', () => {
  const text = cadvisorMetrics(input);
  assert.match(text, /^machine_cpu_cores 2 \d+$/m);
  assert.match(
    text,
    /^container_cpu_usage_seconds_total\{container="main",cpu="total",id="\/c1",image="app:1",name="c1",namespace="default",pod="a"\} 1\.25 /m,
  );
});

test('/stats/summary: node and pods by their cgroups, containers by the runtime', () => {
  const { node, pods } = JSON.parse(JSON.stringify(statsSummary(input)));
  assert.deepEqual([node.cpu.usageNanoCores, node.memory.availableBytes, node.fs.inodesFree], [500_000_000, 7000, 3]);
  assert.deepEqual([node.network.name, node.network.interfaces.length, node.rlimit.curproc], ['eth0', 1, 7]);
  assert.deepEqual([pods[0].cpu.usageNanoCores, pods[0].memory.rssBytes, pods[1].memory.workingSetBytes], [300_000_000, 2000, 1024]);
  const together = JSON.parse(JSON.stringify(statsSummary({ ...input, node: { ...input.node, pods: cgroup } }))).node.systemContainers[0];
  assert.deepEqual([together.name, together.memory.availableBytes], ['pods', 6000], 'what is reserved is not for pods');
  assert.deepEqual(pods[0].containers[0], {
    name: 'main',
    startTime: '2026-01-02T03:03:04Z',
    cpu: { time: '2026-01-02T03:04:04Z', usageNanoCores: 250_000_000, usageCoreNanoSeconds: 1_250_000_000 },
    memory: { time: '2026-01-02T03:04:04Z', workingSetBytes: 1024 },
  });
});

test('/stats/summary: a pod with a limit says what is left of it, and one with a network of its own what went over it', () => {
  const eth0 = { name: 'eth0', rxBytes: 10, rxErrors: 0, txBytes: 20, txErrors: 0 };
  const [first] = input.pods;
  assert.ok(first);
  const shown = (own: object) => JSON.parse(JSON.stringify(statsSummary({ ...input, pods: [{ ...first, ...own }] }))).pods[0];
  const limited = shown({ cgroup: { ...cgroup, memoryLimitBytes: 10_000 }, interfaces: [eth0] });
  assert.equal(limited.memory.availableBytes, 7000);
  assert.deepEqual(limited.network, { time: '2026-01-02T03:04:05Z', ...eth0, interfaces: [eth0] });
  const plain = shown({ interfaces: [] });
  assert.deepEqual([plain.memory.availableBytes, plain.network], [undefined, undefined]);
  assert.deepEqual(['9223372036854771712\n', 'max\n', '80003072\n', undefined].map(memoryLimitOf), [
    undefined,
    undefined,
    80_003_072,
    undefined,
  ]);
});

test('/stats/summary: what pods take of the disk', () => {
  const disk = { capacityBytes: 100, availableBytes: 60, usedBytes: 30, inodes: 50, inodesFree: 40, inodesUsed: 2 };
  const volumes = [
    { ...disk, name: 'data', claim: undefined, local: true, at: now },
    { ...disk, name: 'tmp', claim: undefined, local: false, at: now },
    { ...disk, name: 'db', claim: 'db-0', local: false, at: now },
  ];
  const footprint = { logs: new Map([['main', { bytes: 100, inodes: 1 }]]), volumes, rest: { bytes: 7, inodes: 1 } };
  const measured = { ...input, pods: input.pods.slice(0, 1).map((each) => ({ ...each, footprint })) };
  const [found] = JSON.parse(JSON.stringify(statsSummary(measured))).pods;
  const time = '2026-01-02T03:04:05Z';
  const nodefs = { availableBytes: 1, capacityBytes: 2, inodesFree: 3, inodes: 4 };
  assert.deepEqual(found['ephemeral-storage'], { time, ...nodefs, usedBytes: 8192 + 100 + 30 + 7, inodesUsed: 3 + 1 + 2 + 1 });
  assert.deepEqual(found.containers[0].logs, { time: '2026-01-02T03:04:04Z', ...nodefs, usedBytes: 100, inodesUsed: 1 });
  assert.deepEqual(found.containers[0].rootfs, { time: '2026-01-02T03:04:04Z', usedBytes: 8192, inodesUsed: 3 });
  assert.deepEqual(found.volume, [
    { time, ...disk, name: 'data' },
    { time, ...disk, name: 'tmp' },
    { time, ...disk, name: 'db', pvcRef: { name: 'db-0', namespace: 'default' } },
  ]);
  assert.deepEqual(found.process_stats, { process_count: 7 });
  assert.equal(JSON.stringify(statsSummary(input)).includes('ephemeral-storage'), false, 'nobody asked');
});

test('the files of both cgroup versions, /proc/stat and /proc/net/dev', () => {
  const { processes: _, ...files } = cgroup;
  assert.deepEqual(
    usageOfV1('2500000000\n', 'total_inactive_file 1000\ntotal_rss 2000\ntotal_pgfault 5\ntotal_pgmajfault 1\n', '4000\n'),
    files,
  );
  const memoryStat = 'anon 2000\nfile 2000\ninactive_file 1000\npgfault 5\npgmajfault 1\n';
  assert.deepEqual(usageOfV2('usage_usec 2500000\nuser_usec 1\n', memoryStat, '4000\n'), files);
  assert.deepEqual(usageOfV2('usage_usec 2500000\n', memoryStat, undefined), files);
  assert.equal(cpuOf('cpu  100 0 50 9999 9999 0 0 0 0 0\ncpu0 1\n'), 1_500_000_000n);
  const text = 'Inter-|\n face |\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 10 1 2 0 0 0 0 0 20 1 3 0 0 0 0 0\n';
  assert.deepEqual(interfacesIn(text), [{ name: 'eth0', rxBytes: 10, rxErrors: 2, txBytes: 20, txErrors: 3 }]);
});

test('what was waited for: the kernel’s text, and where the summary has it; nothing where the kernel tells nothing', () => {
  const text = 'some avg10=1.50 avg60=0.20 avg300=0.03 total=1234\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=56\n';
  const none = { avg10: 0, avg60: 0, avg300: 0 };
  const some = { total: 1234, avg10: 1.5, avg60: 0.2, avg300: 0.03 };
  const psi = pressureOf(text);
  assert.deepEqual(psi, { some, full: { total: 56, ...none } });
  assert.deepEqual(pressureOf(text.split('\n')[0] ?? ''), { some, full: { total: 0, ...none } });
  const pressed = { ...cgroup, pressure: { cpu: psi, memory: psi, io: psi } };
  const [first] = input.pods;
  assert.ok(first);
  const shown = (node: object, own: typeof cgroup) =>
    JSON.parse(JSON.stringify(statsSummary({ ...input, node: { ...input.node, ...node }, pods: [{ ...first, cgroup: own }] })));
  const { node, pods } = shown({ pressure: pressed.pressure, pods: pressed }, pressed);
  for (const each of [node, node.systemContainers[0], pods[0]])
    assert.deepEqual([each.cpu.psi, each.memory.psi, each.io.psi], [psi, psi, psi]);
  const silent = shown({ pods: cgroup }, cgroup);
  for (const each of [silent.node, silent.node.systemContainers[0], silent.pods[0]])
    assert.deepEqual([each.cpu.psi, each.memory.psi, each.io], [undefined, undefined, undefined]);
});
