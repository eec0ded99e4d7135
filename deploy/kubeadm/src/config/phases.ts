/** What upstream's phases are called here; those that it has and we have not are nothing to leave out. */
const ours: Readonly<Record<string, readonly string[]>> = {
  'addon/coredns': ['addon'],
  'addon/kube-proxy': ['kube-proxy'],
  'certs/all': ['certs'],
  'kubeconfig/all': ['kubeconfig'],
  'control-plane/all': ['control-plane'],
  'upload-config/all': ['upload-config'],
  'control-plane-join/mark-control-plane': ['mark-control-plane'],
  'control-plane-prepare/certs': ['certs'],
  ...Object.fromEntries(
    [
      ...['preflight', 'etcd', 'etcd/local', 'wait-control-plane', 'kubelet-finalize', 'kubelet-finalize/all', 'kubelet-wait-bootstrap'],
      'post-upgrade',
    ].map((name) => [name, []]),
  ),
};

/** Phases to leave out, under our names. */
export function ourPhases(names: readonly string[]): readonly string[] {
  return [...new Set(names.flatMap((name) => (Object.hasOwn(ours, name) ? (ours[name] ?? []) : [name])))];
}

/** As `ourPhases`, of names in a document: there, as in upstream, `addon` is all that a cluster runs besides its control plane. */
export function documentPhases(names: readonly string[]): readonly string[] {
  return ourPhases(names.flatMap((name) => (name === 'addon' ? ['addon', 'kube-proxy'] : [name])));
}
