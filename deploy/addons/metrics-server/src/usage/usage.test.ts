import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { parseScrape } from './parse.ts';
import { advance, type Measured, nothingMeasured, podUsage, usageOf } from './window.ts';

const resolution = 15_000;

const text = (at: number, cpu: number, startedAt: number): string => `# HELP node_cpu_usage_seconds_total x
node_cpu_usage_seconds_total ${cpu * 2} ${at}
node_memory_working_set_bytes 4096 ${at}
container_cpu_usage_seconds_total{container="a",namespace="default",pod="p"} ${cpu} ${at}
container_memory_working_set_bytes{container="a",namespace="default",pod="p"} 1.048576e+06 ${at}
container_start_time_seconds{container="a",namespace="default",pod="p"} ${startedAt / 1000}
pod_cpu_usage_seconds_total{namespace="default",pod="p"} ${cpu} ${at}
resource_scrape_error 0
`;

const round = (state: Measured, at: number, cpu: number, startedAt: number): Measured =>
  advance(state, new Map([['n', parseScrape(text(at, cpu, startedAt), 0)]]), resolution);

test('a kubelet’s text is read; halves of containers are no pods', () => {
  const { node, pods } = parseScrape(text(1_000_000, 1.5, 500_000), 0);
  assert.deepEqual(node, { at: 1_000_000, startedAt: 0, cpuSeconds: 3, memoryBytes: 4096 });
  assert.deepEqual(pods.get('default/p')?.get('a'), { at: 1_000_000, startedAt: 500_000, cpuSeconds: 1.5, memoryBytes: 1_048_576 });
  const half = `container_cpu_usage_seconds_total{container="b",namespace="default",pod="p"} 1 5\n`;
  assert.equal(parseScrape(text(5, 1, 0) + half, 0).pods.size, 0);
  const odd = parseScrape('container_cpu_usage_seconds_total{container="a\\"b",namespace="n\\\\",pod="p"} 1\nnot a line\n', 7);
  assert.equal(odd.pods.size, 0);
  assert.equal(odd.node, undefined);
});

test('a rate needs two measurements, the second later than the first', () => {
  const first = round(nothingMeasured, 100_000, 10, 1000);
  assert.equal(podUsage(first.pods.get('default/p')), undefined);
  const same = round(first, 100_000, 10, 1000);
  assert.equal(podUsage(same.pods.get('default/p')), undefined);
  const second = round(same, 120_000, 15, 1000);
  assert.deepEqual(podUsage(second.pods.get('default/p'))?.get('a'), { at: 120_000, window: 20_000, cores: 0.25, memoryBytes: 1_048_576 });
  assert.equal(usageOf(second.nodes.get('n') ?? assert.fail())?.cores, 0.5);
  const repeated = round(second, 120_000, 15, 1000);
  assert.equal(podUsage(repeated.pods.get('default/p'))?.get('a')?.cores, 0.25, 'the kubelet’s numbers had not moved yet');
});

test('what was started again starts over, what is young has its life for a window, what is gone is forgotten', () => {
  const second = round(round(nothingMeasured, 100_000, 10, 1000), 120_000, 15, 1000);
  const restarted = round(second, 140_000, 0.5, 139_000);
  assert.equal(podUsage(restarted.pods.get('default/p')), undefined);
  const young = round(second, 140_000, 6, 128_000);
  assert.deepEqual(podUsage(young.pods.get('default/p'))?.get('a'), { at: 140_000, window: 12_000, cores: 0.5, memoryBytes: 1_048_576 });
  const back = round(second, 140_000, 1, 1000);
  assert.equal(podUsage(back.pods.get('default/p')), undefined, 'a counter that went back tells nothing');
  assert.deepEqual(advance(second, new Map(), resolution), nothingMeasured);
});

test('whatever order measurements come in, usage is never negative or infinite', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    let state = nothingMeasured;
    for (let step = 0; step < 20; step++) {
      const at = 100_000 + Math.floor(random.next() * 20) * 5000;
      state = round(state, at, Math.floor(random.next() * 100), Math.floor(random.next() * 200_000));
      for (const usage of podUsage(state.pods.get('default/p'))?.values() ?? []) {
        assert.ok(usage.window > 0 && usage.cores >= 0 && Number.isFinite(usage.cores), `seed ${seed}`);
      }
    }
  }
});
