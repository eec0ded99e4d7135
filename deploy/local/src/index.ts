export type { Cluster } from './cluster/cluster.ts';
export { Refusal } from './cluster/cluster.ts';
export { loadCluster } from './cluster/file.ts';
export { type ClusterPaths, clusterPaths } from './cluster/paths.ts';
export * from './containerd/index.ts';
export type { UpOptions } from './options.ts';
export { type ProcessReport, reportOn } from './report.ts';
export { type Started, startCluster } from './start.ts';
export { purge, stopCluster } from './stop.ts';
