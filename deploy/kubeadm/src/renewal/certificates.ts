/** A certificate of a control plane that kubeadm renews. */
export interface Renewable {
  /** As it is renewed by: a file of the pki directory without its ending, or a kubeconfig. */
  readonly name: string;
  /** What it is for, behind `certificate`. */
  readonly purpose: string;
  readonly ca: 'ca' | 'front-proxy-ca';
}

const embedded = (name: string, whose: string): Renewable => ({
  name: `${name}.conf`,
  purpose: `embedded in the kubeconfig file for ${whose}`,
  ca: 'ca',
});

/** All of them by their names' order. The kubelet's own is renewed by the kubelet. */
export const renewables: readonly Renewable[] = [
  embedded('admin', 'the admin to use and for kubeadm itself'),
  { name: 'apiserver', purpose: 'for serving the Kubernetes API', ca: 'ca' },
  { name: 'apiserver-kubelet-client', purpose: 'for the API server to connect to kubelet', ca: 'ca' },
  embedded('controller-manager', 'the controller manager to use'),
  { name: 'front-proxy-client', purpose: 'for the front proxy client', ca: 'front-proxy-ca' },
  embedded('scheduler', 'the scheduler manager to use'),
  embedded('super-admin', 'the super-admin'),
];

export const authorityNames = ['ca', 'front-proxy-ca'] as const;

export function isKubeconfig(name: string): boolean {
  return name.endsWith('.conf');
}

/** The process that reads the file when it starts; undefined: only people use it. */
export function readerOf(name: string): string | undefined {
  if (!isKubeconfig(name)) return 'kube-apiserver';
  return ['controller-manager.conf', 'scheduler.conf'].includes(name) ? `kube-${name.replace('.conf', '')}` : undefined;
}
