import type { OptionSpecs } from '@keelson/component';

/** metrics-server's flags, under their names there. */
export const options = {
  kubeconfig: text('', "kubeconfig with the API server and the credentials to use; the pod's own service account when empty", 'FILE'),
  'bind-address': text('0.0.0.0', 'address to listen on', 'IP'),
  'secure-port': { type: 'number', default: 10_250, help: 'TLS port; 0 takes any free one' },
  'tls-cert-file': text('', 'certificate to serve with; one is made for this start when empty', 'FILE'),
  'tls-private-key-file': text('', 'key of --tls-cert-file', 'FILE'),
  'metric-resolution': {
    type: 'duration',
    default: '15s',
    help: 'time between two looks at the kubelets; 10s at least',
    placeholder: 'DURATION',
  },
  'kubelet-preferred-address-types': {
    type: 'list',
    default: ['InternalIP', 'ExternalIP', 'Hostname'] as readonly string[],
    help: 'kinds of node addresses to reach kubelets at, most wanted first',
  },
  'kubelet-port': { type: 'number', default: 0, help: 'port of kubelets; 0: what each node says' },
  'kubelet-use-node-status-port': { type: 'boolean', default: true, help: "take the port from the node's status, over --kubelet-port" },
  'kubelet-insecure-tls': { type: 'boolean', default: false, help: "do not check kubelets' certificates: for tests" },
  'kubelet-certificate-authority': text('', "authority of kubelets' certificates; the API server's when empty", 'FILE'),
  'kubelet-request-timeout': { type: 'duration', default: '10s', help: 'time a kubelet may take to answer', placeholder: 'DURATION' },
} as const satisfies OptionSpecs;

function text(value: string, help: string, placeholder: string) {
  return { type: 'string', default: value, help, placeholder } as const;
}
