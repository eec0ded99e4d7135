export { Cluster, type ClusterOptions, createCluster } from './cluster.ts';
export { Component } from './control-plane.ts';
export { History, type Write } from './history.ts';
export { ModelNode, type NodeParts } from './model-node.ts';
