/** Runs the operator with the credentials of `KUBECONFIG`, or of the pod it is in. `WEBHOOK_HOST` is where the API server reaches it. */

import { KubeConfig } from '@kubernetes/client-node';
import { SiteOperator } from './operator.ts';

const config = new KubeConfig();
config.loadFromDefault();
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
console.log('watching sites');
await new SiteOperator(config).run(process.env.WEBHOOK_HOST ?? '127.0.0.1', stop.signal);
process.exit(0);
