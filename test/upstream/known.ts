/** Specs of version 1.20 that a cluster of version 1.36 cannot pass, upstream's own no more than ours, or that this machine cannot. */
export const known: readonly { readonly title: RegExp; readonly why: string }[] = [
  { title: /ServiceAccounts should (mount an API token|allow opting out)/, why: 'tokens are no longer kept in Secrets' },
  { title: /Events API should ensure that an event can be fetched, patched/, why: 'the text of an event cannot be changed any more' },
  { title: /works for CRD with validation schema/, why: 'kubectl words unknown fields otherwise' },
  { title: /Kubectl version should check is all data is printed/, why: 'kubectl prints versions otherwise' },
  {
    title: /Daemon set \[Serial\] should update pod when spec/,
    why: 'compares hashes of revisions with Go types that write creationTimestamp: null',
  },
  { title: /Pods should run through the lifecycle of Pods and PodStatus/, why: 'races with the kubelet for the status, now and then' },
  // Beyond conformance.
  { title: /DisruptionController/, why: 'asks for policy/v1beta1' },
  { title: /CronJob|for cronjob/, why: 'asks for batch/v1beta1' },
  { title: /EndpointSlice/, why: 'asks for discovery.k8s.io/v1beta1' },
  { title: /API priority and fairness/, why: 'asks for flowcontrol.apiserver.k8s.io/v1alpha1' },
  { title: /should ensure a single API token exists/, why: 'tokens are no longer kept in Secrets' },
  { title: /health handlers should contain necessary checks/, why: 'two checks have other names by now' },
  { title: /with partially-specified validation schema/, why: 'the server refuses unknown fields where kubectl did not' },
  { title: /MetricsGrabber|Volume metrics/, why: 'looks for the control plane among the pods' },
  { title: /resolve connection reset issue #74839/, why: "starts another version of its program than the tree's" },
  { title: /should handle in-cluster config/, why: 'copies kubectl into a container, where ours finds no Node' },
  { title: /should support configurable pod resolv\.conf/, why: 'wants a DNS server in the image of the tests' },
  { title: /should be able to pull (?:from private registry|image)/, why: 'there is no registry' },
  { title: /Dynamic Provisioning|DynamicProvisioner|PVController|gce-localssd/, why: "needs a cloud's disks" },
];

export function reasonFor(title: string): string | undefined {
  return known.find((one) => one.title.test(title))?.why;
}

/** Steps of the tests of the command line that ask for what 1.36 does not do any more, as `function file:line: command`. */
const steps: readonly { readonly step: RegExp; readonly why: string }[] = [
  { step: /^run_kubectl_version_tests/, why: 'kubectl prints versions otherwise' },
  { step: /^run_role_tests rbac\.sh:15[0-4]:/, why: 'rbac v1beta1 is gone' },
  { step: /^run_service_tests core\.sh:1153:/, why: 'what overrides a pod no longer overrides its service' },
  { step: /^run_multi_resources_tests generic-resources\.sh:1(77|80|81|84):/, why: 'reads a manifest from the internet' },
  { step: /^run_template_output_tests template-output\.sh:6[67]:/, why: 'kubectl convert is a plugin now' },
  { step: /^runTests generic-resources\.sh:2(72|75|86):/, why: 'kubectl convert is a plugin now' },
  { step: /^run_cluster_management_tests node-management\.sh:92:/, why: 'wants an account of the fields of a node that began without one' },
  // The line that called what failed is told as well.
  { step: /^\w+ test\.sh:\d+: return 1$/, why: 'an assertion, told again where it is made' },
];

export function knownStep(step: string): string | undefined {
  return steps.find((one) => one.step.test(step))?.why;
}
