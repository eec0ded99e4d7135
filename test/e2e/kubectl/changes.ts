import type { Topic } from './steps.ts';

const map = (name: string, a: string, more = ''): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, labels: {app: ${name}}}
${more}data: {a: "${a}", b: "2"}
`;

/** `apply` in all its forms, `diff`, validation. */
export const applying: Topic = [
  { run: 'apply --server-side -f -', input: map('ssa', '1'), says: /^configmap\/ssa serverside-applied/ },
  { run: 'apply --server-side -f -', input: map('ssa', '1'), says: /^configmap\/ssa serverside-applied/ },
  {
    run: 'apply --server-side --field-manager=other -f -',
    input: map('ssa', '9'),
    fails: /^error: Apply failed with 1 conflict: conflict with "kubectl": \.data\.a\n/,
  },
  { run: 'apply --server-side --field-manager=other --force-conflicts -f -', input: map('ssa', '9'), says: /serverside-applied/ },
  {
    run: 'apply -f -',
    input: map('ssa', '3'),
    says: /configured[\s\S]*is missing the kubectl\.kubernetes\.io\/last-applied-configuration/,
  },
  { run: 'get cm ssa --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}', says: /kubectl-client-side-apply/ },
  { run: 'apply view-last-applied cm ssa', says: /^apiVersion: v1\ndata:\n {2}a: "3"/ },
  { run: 'apply set-last-applied -f -', input: map('ssa', '4'), says: /^configmap\/ssa configured/ },
  { run: 'apply view-last-applied cm/ssa -o json', says: /"a": "4"/ },
  { run: 'apply edit-last-applied cm ssa', env: { EDITOR: 'true' }, says: /no changes made/ },
  { run: 'diff -f -', input: map('ssa', '5'), fails: /^-.*a: "3"\n\+.*a: "5"$/m },
  { run: 'diff --server-side --force-conflicts -f -', input: map('ssa', '5'), fails: /^-.*a: "3"\n\+.*a: "5"$/m },
  { run: 'diff -f -', input: map('ssa', '3'), says: /^$/ },
  { run: 'apply -f -', input: map('ssb', '1').replace('app: ssb', 'app: ssa'), says: /^configmap\/ssb created/ },
  {
    run: 'apply -f - --prune -l app=ssa --prune-allowlist=core/v1/ConfigMap',
    input: map('ssa', '3'),
    says: /configmap\/ssb pruned/,
  },
  { run: 'create -f -', input: map('bad', '1', 'dada: 1\n'), fails: /BadRequest.*strict decoding error: unknown field "dada"/ },
  { run: 'create -f - --validate=warn', input: map('bad', '1', 'dada: 1\n'), says: /created[\s\S]*Warning: unknown field "dada"/ },
  { run: 'create -f - --validate=ignore', input: map('worse', '1', 'dada: 1\n'), says: /^configmap\/worse created\n$/ },
  { upstream: true, run: 'apply -k KUSTOMIZATION', says: /configmap\/kz-gen-\S+ created[\s\S]*configmap\/kz-one created/ },
  { upstream: true, run: 'kustomize KUSTOMIZATION', says: /name: kz-one/ },
  { upstream: true, run: 'delete -k KUSTOMIZATION', says: /"kz-one" deleted/ },
];

const scaled = '\'{"spec":{"replicas":2}}\'';

/** `patch`, `edit`, `label`, `annotate`, `replace`, `scale`, `autoscale`. */
export const changing: Topic = [
  { run: 'create configmap ch --from-literal=a=1', says: /created/ },
  { run: 'create deployment ch --image=a --replicas=0', says: /created/ },
  { run: `patch cm ch --type=merge -p '{"data":{"m":"1"}}'`, says: /^configmap\/ch patched\n$/ },
  { run: `patch cm ch --type=merge -p '{"data":{"m":"1"}}'`, says: /patched \(no change\)/ },
  { run: `patch cm ch --type=json -p '[{"op":"add","path":"/data/j","value":"1"}]'`, says: /patched/ },
  {
    run: `patch cm ch --type=json -p '[{"op":"test","path":"/data/j","value":"2"}]'`,
    fails: /^The request is invalid: the server rejected our request due to an error in our request/,
  },
  {
    run: `patch cm ch --type=merge -p '{"metadata":{"name":"x"}}'`,
    fails: /the name of the object \(x\) does not match the name on the URL/,
  },
  { run: `patch cm ch --type=merge -p '{"data":{"x":1}}'`, fails: /^The request is invalid: patch: Invalid value: / },
  {
    run: `patch deploy ch -p '{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"A","value":"1"}]}]}}}}'`,
    says: /patched/,
  },
  {
    run: `patch deploy ch -p '{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"A","$patch":"delete"}]}]}}}}'`,
    says: /patched/,
  },
  { run: 'get deploy ch -o jsonpath={.spec.template.spec.containers[0].env}', says: /^$/ },
  { run: `patch deploy ch --subresource=scale --type=merge -p ${scaled}`, says: /^scale\.autoscaling\/ch patched/ },
  { run: 'get deploy ch --subresource=scale', says: /^NAME +DESIRED +AVAILABLE +AGE\nch +2 / },
  { run: `patch deploy ch -p '{"spec":{"replicas":-1}}'`, fails: /^The Deployment "ch" is invalid: spec\.replicas: Invalid value: -1/ },
  { run: 'edit cm ch', env: { EDITOR: 'EDITING' }, says: /^configmap\/ch edited/ },
  { run: 'get cm ch -o jsonpath={.data.a}', says: /^edited$/ },
  { run: 'edit cm ch', env: { EDITOR: 'EDITING' }, says: /^Edit cancelled, no changes made/ },
  { run: 'label cm ch a=b', says: /labeled/ },
  { run: 'label cm ch a=c', fails: /'a' already has a value \(b\), and --overwrite is false/ },
  { run: 'label cm ch a=c --overwrite', says: /labeled/ },
  { run: 'label cm ch a-', says: /unlabeled/ },
  { run: 'label --resource-version=1 cm ch k=v', fails: /Conflict.*the object has been modified/ },
  { run: "annotate cm ch 'a=hello world'", says: /annotate/ },
  { run: 'annotate --list cm ch', says: /^a=hello world$/m },
  { run: 'replace -f -', input: map('ch', 'r'), says: /^configmap\/ch replaced/ },
  { run: 'replace --force -f -', input: map('ch', 'f'), says: /configmap "ch" deleted[\s\S]*configmap\/ch replaced/ },
  { run: 'scale deploy ch --replicas=2 --current-replicas=5', fails: /Expected replicas to be 5, was 2/ },
  { run: 'scale deploy/ch --replicas=1 --timeout=20s', says: /deployment\.apps\/ch scaled/ },
  { run: 'scale cm ch --replicas=1', fails: /the server could not find the requested resource/ },
  { run: 'autoscale deploy ch --min=1 --max=3 --cpu-percent=50', says: /horizontalpodautoscaler\.autoscaling\/ch autoscaled/ },
  { run: 'get horizontalpodautoscalers.v1.autoscaling ch -o jsonpath={.spec.targetCPUUtilizationPercentage}', says: /^50$/ },
  { run: 'get horizontalpodautoscalers.v2.autoscaling ch -o jsonpath={.spec.metrics[0].resource.name}', says: /^cpu$/ },
];
