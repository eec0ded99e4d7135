/** Asks the cluster of `KUBECONFIG` for every stable operation and writes docs/api-coverage.md. Exits 1 when one is not answered well. */

import { writeFile } from 'node:fs/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { ClusterContext } from '../context.ts';
import { coverage, coveragePage } from './coverage.ts';
import { page } from './page.ts';

const kubeconfig = process.env.KUBECONFIG ?? '';
const config = new KubeConfig();
config.loadFromFile(kubeconfig);
const context = new ClusterContext(config, kubeconfig, 'kubectl');
await context.open();
const rows = await coverage(context);
await context.close();
await writeFile(coveragePage, page(rows));
for (const { surface, outcomes } of rows) {
  for (const { verb, fault } of outcomes) {
    if (fault === undefined) continue;
    console.error(`${surface.group} ${surface.resource} ${verb}: ${fault}`);
    process.exitCode = 1;
  }
}
