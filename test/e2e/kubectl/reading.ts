import type { Topic } from './steps.ts';

/** `get` in all its forms, `explain`, and what is asked of the server itself. */
export const reading: Topic = [
  { run: 'create configmap one --from-literal=a=1', says: /created/ },
  { run: 'create configmap two', says: /created/ },
  { run: 'label cm one app=one', says: /labeled/ },
  { run: 'get --raw /version', says: /"minor": ?"36"/ },
  { run: 'get --raw /livez?verbose', says: /\[\+\]ping ok\n[\s\S]*livez check passed/ },
  { run: 'get --raw /nonesuch', fails: /^Error from server \(NotFound\)/ },
  { run: 'create --raw /api/v1/namespaces/NS/configmaps -f -', input: '{"metadata":{"name":"raw"}}', says: /"name":"raw"/ },
  { run: 'replace --raw /api/v1/namespaces/NS/configmaps/raw -f -', input: '{"metadata":{"name":"raw"}}', says: /"name":"raw"/ },
  { run: 'delete --raw /api/v1/namespaces/NS/configmaps/raw', says: /"status":"Success"/ },
  { run: 'get cm one -o yaml', says: /^apiVersion: v1\ndata:\n {2}a: "1"\nkind: ConfigMap\n/ },
  { run: 'get cm one -o json', says: /"kind": "ConfigMap"/ },
  { run: 'get cm one -o wide', says: /^NAME +DATA +AGE\none +1 / },
  { run: 'get cm one -o custom-columns=N:.metadata.name,D:.data.a', says: /^N +D\none +1\n$/ },
  { run: 'get cm one -o jsonpath={.data.a}', says: /^1$/ },
  { run: 'get cm -o name --chunk-size=1', says: /^configmap\/kube-root-ca\.crt\n(?:.*\n)*configmap\/one\n(?:.*\n)*configmap\/two\n/m },
  { run: 'get cm --show-labels -L app', says: /APP +LABELS\n[\s\S]*one +1 +\S+ +one +app=one/ },
  { run: "get cm -l 'app in (one),x!=y' -o name", says: /^configmap\/one\n$/ },
  { run: 'get cm --field-selector=metadata.name=two -o name', says: /^configmap\/two\n$/ },
  {
    run: 'get cm --field-selector=foo=bar',
    fails:
      /^Error from server \(BadRequest\): Unable to find "\/v1, Resource=configmaps" that match label selector "", field selector "foo=bar": "foo" is not a known field selector: only "metadata\.name", "metadata\.namespace"\n$/,
  },
  { run: 'get cm --sort-by=.metadata.name -o name', says: /^configmap\/two\n/m },
  { run: 'get nope', fails: /^error: the server doesn't have a resource type "nope"/ },
  { run: 'get cm nope --ignore-not-found', says: /^$/ },
  { run: 'get crd,apiservices -A', says: /v1\.apps +Local +True/ },
  { run: 'version', says: /Server Version:.*v1\.36\./ },
  { run: 'cluster-info', says: /Kubernetes control plane.* is running at/ },
  { run: 'cluster-info dump --namespaces=NS -o json', says: /"kind": "NodeList"/ },
  { run: 'api-resources --namespaced=false -o wide', says: /^namespaces +ns +v1 +false +Namespace/m },
  { run: 'api-resources --api-group=apps -o name', says: /^deployments\.apps$/m },
  { run: 'api-versions', says: /^apps\/v1\nauthentication\.k8s\.io\/v1$/m },
  { run: 'config view --minify -o jsonpath={.clusters[0].name}', says: /^keelson$/ },
  { run: 'config current-context', says: /^kubernetes-admin@keelson\n$/ },
  { run: 'config get-contexts -o name', says: /^kubernetes-admin@keelson\n$/ },
];

/** `explain`, which reads the published schemas. The kinds themselves are taken one by one in the test. */
export const explaining: Topic = [
  { run: 'explain pods.spec.containers.resources.limits', says: /^FIELD: +limits <map\[string\]Quantity>$/m },
  { run: 'explain deploy.spec.strategy.rollingUpdate.maxSurge', says: /^FIELD: +maxSurge <IntOrString>$/m },
  { run: 'explain horizontalpodautoscalers --api-version=autoscaling/v1', says: /^VERSION: +v1$/m },
  { run: 'explain events --api-version=events.k8s.io/v1', says: /^GROUP: +events\.k8s\.io$/m },
  { run: 'explain pods.nope', fails: /error: field "nope" does not exist/ },
  { run: 'explain widgets.spec.size', says: /^FIELD: +size <integer>[\s\S]*How large\./m },
  { run: 'explain widgets --recursive', says: /^FIELDS:\n[\s\S]* {2}spec\t<Object>(?: -required-)?\n[\s\S]*size\t<integer> -required-/m },
];
