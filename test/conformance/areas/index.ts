import type { Specs } from '../specs.ts';
import { admissionPolicies } from './admission-policies.ts';
import { aggregator } from './aggregator.ts';
import { auth } from './auth.ts';
import { certificates } from './certificates.ts';
import { chunking } from './chunking.ts';
import { cli } from './cli.ts';
import { config } from './config.ts';
import { conversion } from './conversion.ts';
import { crd } from './crd.ts';
import { crdOpenAPI } from './crd-openapi.ts';
import { daemonSets } from './daemon-sets.ts';
import { deployments } from './deployments.ts';
import { discovery } from './discovery.ts';
import { disruption } from './disruption.ts';
import { dra } from './dra.ts';
import { endpoints } from './endpoints.ts';
import { events } from './events.ts';
import { fieldValidation } from './field-validation.ts';
import { flowControl } from './flow-control.ts';
import { garbageCollector } from './garbage-collector.ts';
import { jobPolicies } from './job-policies.ts';
import { jobs } from './jobs.ts';
import { limitRanges } from './limit-ranges.ts';
import { namespaces } from './namespaces.ts';
import { networkKinds } from './network-kinds.ts';
import { nodes } from './nodes.ts';
import { pods } from './pods.ts';
import { preemption } from './preemption.ts';
import { replicaSets } from './replica-sets.ts';
import { resourceQuota } from './resource-quota.ts';
import { scheduling } from './scheduling.ts';
import { serverVersion } from './server-version.ts';
import { services } from './services.ts';
import { statefulOrder } from './stateful-order.ts';
import { statefulSets } from './stateful-sets.ts';
import { storageKinds } from './storage-kinds.ts';
import { tables } from './tables.ts';
import { watch } from './watch.ts';
import { webhooks } from './webhooks.ts';

/** One per area, in the order they run. */
export const areas: Readonly<Record<string, Specs>> = {
  config,
  'admission-policies': admissionPolicies,
  aggregator,
  chunking,
  conversion,
  crd,
  'crd-openapi': crdOpenAPI,
  discovery,
  'field-validation': fieldValidation,
  'flow-control': flowControl,
  'garbage-collector': garbageCollector,
  dra,
  namespaces,
  'storage-kinds': storageKinds,
  'resource-quota': resourceQuota,
  'server-version': serverVersion,
  tables,
  watch,
  auth,
  certificates,
  events,
  'network-kinds': networkKinds,
  nodes,
  services,
  endpoints,
  'limit-ranges': limitRanges,
  pods,
  scheduling,
  preemption,
  deployments,
  'replica-sets': replicaSets,
  'stateful-sets': statefulSets,
  'daemon-sets': daemonSets,
  jobs,
  disruption,
  cli,
  'job-policies': jobPolicies,
  'stateful-order': statefulOrder,
  webhooks,
};
