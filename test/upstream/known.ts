/** Specs of version 1.20 that a cluster of version 1.36 cannot pass, upstream's own no more than ours, or that this machine cannot. */
export const known: readonly { readonly title: RegExp; readonly why: string }[] = [
  { title: /ServiceAccounts should (mount an API token|allow opting out)/, why: 'tokens are no longer kept in Secrets' },
  { title: /Events API should ensure that an event can be fetched, patched/, why: 'the text of an event cannot be changed any more' },
  { title: /works for CRD with validation schema/, why: 'kubectl words unknown fields otherwise' },
  { title: /Kubectl version should check is all data is printed/, why: 'kubectl prints versions otherwise' },
  {
    title: /Daemon set \[Serial\] should (rollback|update pod when spec)/,
    why: 'compares revisions with Go types that write creationTimestamp: null; one wants two nodes',
  },
  { title: /Pods should run through the lifecycle of Pods and PodStatus/, why: 'races with the kubelet for the status, now and then' },
  { title: /SchedulerPreemption \[Serial\] validates/, why: 'wants two nodes' },
];

export function reasonFor(title: string): string | undefined {
  return known.find((one) => one.title.test(title))?.why;
}
