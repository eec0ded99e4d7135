import type { OptionSpecs } from '@keelson/component';

/** What CoreDNS reads from the Corefile that kubeadm writes, as flags with those values for defaults. */
export const options = {
  kubeconfig: text('', "kubeconfig with the API server and the credentials to use; the pod's own service account when empty", 'FILE'),
  'bind-address': text('0.0.0.0', 'address to answer on', 'IP'),
  port: number(53, 'UDP and TCP port of the name server'),
  'cluster-domain': text('cluster.local', 'domain that the names of services and pods lie in', 'DOMAIN'),
  ttl: number(30, 'seconds for which answers may be kept'),
  'resolv-conf': text('/etc/resolv.conf', 'file whose name servers are asked about everything else', 'FILE'),
  'health-port': number(8080, 'port of /health; 0: none'),
  'ready-port': number(8181, 'port of /ready; 0: none'),
  'metrics-port': number(9153, 'port of /metrics; 0: none'),
  lameduck: {
    type: 'duration',
    default: '5s',
    help: 'how long to go on answering when told to stop, until nobody is sent here any more',
    placeholder: 'DURATION',
  },
} as const satisfies OptionSpecs;

function text(value: string, help: string, placeholder: string) {
  return { type: 'string', default: value, help, placeholder } as const;
}

function number(value: number, help: string) {
  return { type: 'number', default: value, help } as const;
}
