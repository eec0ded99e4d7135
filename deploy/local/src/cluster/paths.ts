import { join } from 'node:path';

/** Where a cluster keeps what, below its data directory. */
export interface ClusterPaths {
  readonly cluster: string;
  readonly adminKubeconfig: string;
  readonly pki: string;
  readonly kubeconfigs: string;
  readonly logs: string;
  /** A file for each process that runs. */
  readonly run: string;
  readonly database: string;
  readonly etcd: string;
  /** The private containerd. */
  readonly containerd: string;
  readonly images: string;
  readonly cni: string;
  /** Static pods of the node whose containers are real. */
  readonly manifests: string;
  readonly kubelets: string;
  kubelet(node: string): string;
}

export function clusterPaths(dataDir: string): ClusterPaths {
  const at = (...names: string[]): string => join(dataDir, ...names);
  return {
    cluster: at('cluster.json'),
    adminKubeconfig: at('admin.kubeconfig'),
    pki: at('pki'),
    kubeconfigs: at('kubeconfig'),
    logs: at('logs'),
    run: at('run'),
    database: at('store', 'keelson.db'),
    etcd: at('store', 'etcd'),
    containerd: at('containerd'),
    images: at('images'),
    cni: at('cni'),
    manifests: at('manifests'),
    kubelets: at('kubelet'),
    kubelet: (node) => at('kubelet', node),
  };
}
