import { join } from 'node:path';

/** Where a machine of a cluster keeps what: Kubernetes' own places, below a root that is `/` unless told. */
export interface Layout {
  readonly root: string;
  /** `/etc/kubernetes`. */
  readonly kubernetes: string;
  readonly pki: string;
  readonly manifests: string;
  readonly kubelet: string;
  /** What the kubelet is configured with. */
  readonly kubeletConfig: string;
  /** Where the kubelet keeps its own certificates. */
  readonly kubeletPki: string;
  readonly kubeProxy: string;
  /** What kube-proxy is configured with. */
  readonly kubeProxyConfig: string;
  /** Network lists of a container runtime that is the machine's own. */
  readonly cni: string;
  /** Processes, logs, the embedded store and the private container runtime. */
  readonly data: string;
  /** What was decided for this machine. */
  readonly machine: string;
  /** `admin`, `kubelet`, … */
  kubeconfig(name: string): string;
}

/** Kubernetes' own place for the authorities and certificates of a control plane. */
export const usualCertificatesDir = '/etc/kubernetes/pki';

/** @param root an absolute path, as is the directory of certificates below it. */
export function layoutOf(root: string, certificatesDir: string = usualCertificatesDir): Layout {
  const at = (...names: string[]): string => join(root, ...names);
  return {
    root,
    kubernetes: at('etc/kubernetes'),
    pki: at(certificatesDir),
    manifests: at('etc/kubernetes/manifests'),
    kubelet: at('var/lib/kubelet'),
    kubeletConfig: at('var/lib/kubelet/config.yaml'),
    kubeletPki: at('var/lib/kubelet/pki'),
    kubeProxy: at('var/lib/kube-proxy'),
    kubeProxyConfig: at('var/lib/kube-proxy/config.conf'),
    cni: at('etc/cni/net.d'),
    data: at('var/lib/keelson'),
    machine: at('var/lib/keelson/machine.json'),
    kubeconfig: (name) => at('etc/kubernetes', `${name}.conf`),
  };
}

/** Of every kubeconfig that kubeadm writes. */
export const kubeconfigNames = ['admin', 'super-admin', 'kubelet', 'bootstrap-kubelet', 'controller-manager', 'scheduler'] as const;
