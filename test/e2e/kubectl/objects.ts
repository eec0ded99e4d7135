import type { Topic } from './steps.ts';

const created = (kind: string, name: string): RegExp => new RegExp(`^${kind}/${name} created\n$`);

/** Every `create KIND`: all of them send protobuf. */
export const creating: Topic = [
  { run: 'create clusterrole NS-cr --verb=get,list --resource=pods,deployments.apps/scale', says: /^clusterrole.*\/NS-cr created/ },
  { run: 'create clusterrole NS-nr --verb=get --non-resource-url=/metrics', says: /NS-nr created/ },
  { run: 'create clusterrole NS-agg --aggregation-rule=a=b', says: /NS-agg created/ },
  { run: 'create clusterrolebinding NS-crb --clusterrole=NS-cr --user=u --group=g --serviceaccount=NS:default', says: /NS-crb created/ },
  { run: 'create configmap cm --from-literal=a=1 --from-literal=b=', says: created('configmap', 'cm') },
  { run: 'create configmap cm --from-literal=a=1', fails: /^error: failed to create configmap: configmaps "cm" already exists/ },
  { run: "create cronjob cj --image=busybox '--schedule=0 0 1 1 *' -- date", says: created('cronjob.batch', 'cj') },
  { run: 'create deployment dep --image=a --replicas=1 --port=80', says: created('deployment.apps', 'dep') },
  {
    run: "create ingress ing '--rule=foo.com/bar*=svc1:8080,tls=my-cert' --class=other --annotation a=b --default-backend=d:80",
    says: created('ingress.networking.k8s.io', 'ing'),
  },
  { run: 'create job j1 --image=busybox -- true', says: created('job.batch', 'j1') },
  { run: 'create job j2 --from=cronjob/cj', says: created('job.batch', 'j2') },
  { run: 'create namespace NS-x', says: /^namespace\/NS-x created/ },
  { run: 'create pdb half --selector=app=dep --min-available=50%', says: /half created/ },
  { run: 'create pdb none --selector=app=nobody --max-unavailable=0', says: /none created/ },
  { run: 'get pdb none -o jsonpath={.spec.maxUnavailable}', says: /^0$/ },
  { run: 'create priorityclass NS-pc --value=0 --description=zero', says: /NS-pc created/ },
  { run: 'get priorityclass NS-pc -o jsonpath={.value}', says: /^0$/ },
  { run: 'create quota q --hard=services=40,requests.storage=100Gi', says: created('resourcequota', 'q') },
  { run: 'create role r --verb=get --resource=pods --resource-name=a', says: /\/r created/ },
  { run: 'create rolebinding rb --role=r --user=u --serviceaccount=NS:default', says: /\/rb created/ },
  { run: 'create secret generic s1 --from-literal=a=b', says: created('secret', 's1') },
  { run: 'create secret docker-registry s2 --docker-username=u --docker-password=p', says: created('secret', 's2') },
  { run: 'create secret tls s3 --cert=CERT --key=KEY', says: created('secret', 's3') },
  { run: 'create service clusterip svc1 --tcp=80:8080', says: created('service', 'svc1') },
  { run: 'create service clusterip headless --clusterip=None', says: created('service', 'headless') },
  { run: 'create service nodeport svc2 --tcp=80', says: created('service', 'svc2') },
  { run: 'create service loadbalancer svc3 --tcp=80', says: created('service', 'svc3') },
  { run: 'create service externalname svc4 --external-name=x.y.z', says: created('service', 'svc4') },
  { run: 'create serviceaccount sa', says: created('serviceaccount', 'sa') },
  { run: 'create token sa --duration=10m --audience=x', says: /^eyJ/ },
  { run: 'create token sa --bound-object-kind=Secret --bound-object-name=s1', says: /^eyJ/ },
  { run: 'get all,cm,secret,ing,pdb,quota,role,rolebinding,sa -o wide', says: /serviceaccount\/sa / },
];

const rules = (verb: string, user: string): string => `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: rec, namespace: NS}
rules: [{apiGroups: [""], resources: [pods], verbs: [${verb}]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: recb, namespace: NS}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: rec}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ${user}}]
`;

/** `auth …`. */
export const asking: Topic = [
  { run: 'auth can-i list pods', says: /^yes\n$/ },
  { run: 'auth can-i list nodes --as=NS-someone', fails: /^no\n/m },
  { run: 'auth can-i get /metrics --as=NS-someone', fails: /^no\n/m },
  { run: 'auth can-i create bananas', says: /^yes\n[\s\S]*the server doesn't have a resource type 'bananas'/ },
  { run: "auth can-i '*' '*' -A", says: /^yes\n$/ },
  {
    run: 'auth can-i --list --as=NS-someone',
    says: /^Resources +Non-Resource URLs +Resource Names +Verbs\n[\s\S]*selfsubjectaccessreviews\.authorization\.k8s\.io +\[\] +\[\] +\[create\]/,
  },
  { run: 'auth whoami', says: /^ATTRIBUTE +VALUE\nUsername +kubernetes-admin\nGroups +\[\S*system:masters/, since: 28 },
  { run: 'auth whoami -o jsonpath={.status.userInfo.username}', says: /^kubernetes-admin$/, since: 28 },
  { run: 'auth reconcile -f -', input: rules('get', 'one'), says: /\/rec reconciled[\s\S]*\/recb reconciled/ },
  {
    run: 'auth reconcile -f - --remove-extra-permissions --remove-extra-subjects',
    input: rules('list', 'two'),
    says: /missing rules added:\n.*list[\s\S]*extra rules removed:\n.*get[\s\S]*extra subjects removed:\n.*Name:one/,
  },
  { run: 'get role rec -o jsonpath={.rules[*].verbs}', says: /^\["list"\]$/ },
];

const request = (name: string): string => `apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: NS-${name}}
spec: {request: CSR, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], expirationSeconds: 3600}
`;

/** `certificate …`. */
export const certificates: Topic = [
  { run: 'apply -f -', input: request('a'), says: /NS-a created/ },
  { run: 'apply -f -', input: request('b'), says: /NS-b created/ },
  { run: 'certificate approve NS-a', says: /NS-a approved/ },
  { run: 'certificate deny NS-b', says: /NS-b denied/ },
  { run: 'certificate approve NS-b', fails: /certificate signing request "NS-b" is already Denied/ },
  { run: 'wait --for=condition=Approved csr/NS-a --timeout=10s', says: /NS-a condition met/ },
  { run: 'get csr NS-a NS-b', says: /kubernetes-admin +60m +Approved/ },
];
