import { Service } from '@keelson/types';
import { defineVerb } from '../types.ts';

const green = (text: string): string => `\u001b[0;32m${text}\u001b[0m`;
const yellow = (text: string): string => `\u001b[0;33m${text}\u001b[0m`;

export const verb = defineVerb({
  usage: 'cluster-info [flags] [options]',
  description: 'Display addresses of the control plane and services with label kubernetes.io/cluster-service=true.',
  flags: {},
  subverbs: [
    {
      name: 'dump',
      summary: 'Dump relevant information for debugging and diagnosis',
      load: async () => (await import('./cluster-dump.ts')).dump,
    },
  ],
  async run({ cluster, shell }) {
    const colours = 'isTTY' in shell.stdout && shell.stdout.isTTY === true;
    const line = (name: string, url: string): void => {
      const text = colours ? `${green(name)} is running at ${yellow(url)}` : `${name} is running at ${url}`;
      shell.stdout.write(`${text}\n`);
    };
    const { items } = await cluster.api.list(Service, { namespace: 'kube-system', labelSelector: 'kubernetes.io/cluster-service=true' });
    const server = shell.transport ? 'in-process' : cluster.connection().server;
    line('Kubernetes control plane', server);
    for (const { metadata, spec } of items) {
      const [port] = spec?.ports ?? [];
      const scheme = port?.name === 'https' || port?.port === 443 ? 'https:' : '';
      const name = `${scheme}${metadata.name}${port?.name ? `:${port.name}` : ''}`;
      const title = metadata.labels?.['kubernetes.io/name'] ?? metadata.name ?? '';
      line(title, `${server}/api/v1/namespaces/${metadata.namespace}/services/${name}/proxy`);
    }
    shell.stdout.write("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n");
  },
});
