import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sampleOf, samples } from '../conformance/coverage/samples.ts';
import { RealCluster, root, run, whyNotReal } from '../e2e/cluster.ts';
import { fetchLibraries } from './newer.ts';

/*
 * `node test/upstream/clients.ts [--kubeconfig FILE [--netns NAME]] [CHECK…]`: uses a cluster as the programs of its world do, through
 * upstream's client-go of 1.36: all checks of `clients/`, or those whose names begin as one that is named. The cluster is made for it,
 * or the one that FILE names, reached from inside the network namespace NAME. Three minutes after the first build, which takes five. Ends
 * with 1 when a check fails.
 */
const { values, positionals } = parseArgs({
  options: { kubeconfig: { type: 'string' }, netns: { type: 'string' } },
  allowPositionals: true,
});

const say = (what: string): void => void process.stdout.write(`${what}\n`);

/** For the program to fill in: names, the namespace, a number of no other's. */
function openSamples(): string {
  const entries = Object.keys(samples).map((key) => {
    const [group = '', resource = ''] = key.split('/');
    const sample = sampleOf(group, resource, '$name', '$namespace');
    return [key, resource === 'ipaddresses' ? { ...sample, name: '10.99.$number.7' } : sample];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

const why = values.kubeconfig === undefined ? whyNotReal() : undefined;
if (why) throw new Error(`clients need pods that run: ${why}`);
const libraries = await fetchLibraries(join(root, '.cache/upstream/newer'), say);
const program = await libraries.build('clients');
const cluster = values.kubeconfig === undefined ? new RealCluster('clients') : undefined;
try {
  await cluster?.up();
  const netns = cluster?.netns ?? values.netns;
  const inside = netns === undefined ? [] : ['nsenter', `--net=/run/netns/${netns}`];
  const kubeconfig = cluster?.kubeconfig ?? values.kubeconfig ?? '';
  const [file = '', ...args] = [...inside, program, '-kubeconfig', kubeconfig, ...positionals];
  const { code, stdout, stderr } = await run(file, args, { input: openSamples(), timeout: 1_800_000 });
  say(`${stdout}${stderr}`.trimEnd());
  process.exitCode = code;
} finally {
  await cluster?.down();
}
