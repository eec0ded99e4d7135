import type { Topic } from './steps.ts';

const pods = (kind: string, name: string, more: string): string => `apiVersion: apps/v1
kind: ${kind}
metadata: {name: ${name}}
spec:
  ${more}selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: a}]}
`;

const revised = (what: string, last: string): Topic => [
  { run: `rollout status ${what} --timeout=40s`, says: /\S/ },
  { run: `set image ${what} c=b`, says: /image updated/ },
  { run: `rollout status ${what} --timeout=40s`, says: /\S/ },
  { run: `rollout history ${what}`, says: /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>/ },
  { run: `rollout history ${what} --revision=1`, says: /with revision #1\nPod Template:[\s\S]*Image:\ta\n/ },
  { run: `rollout undo ${what} --to-revision=9`, fails: /unable to find specified revision 9 in history/ },
  { run: `rollout undo ${what}`, says: /rolled back/ },
  { run: `rollout restart ${what}`, says: /restarted/ },
  { run: `rollout pause ${what}`, fails: new RegExp(`${last}.* pausing is not supported`) },
];

/** `rollout …` of the three kinds that have revisions. */
export const rollingOut: Topic = [
  { run: 'create deployment web --image=a --replicas=1', says: /created/ },
  { run: 'rollout status deploy/web --timeout=40s', says: /successfully rolled out/ },
  { run: 'set image deploy/web a=b', says: /image updated/ },
  { run: 'annotate deploy/web kubernetes.io/change-cause=second', says: /annotate/ },
  { run: 'rollout status deploy/web --timeout=40s', says: /successfully rolled out/ },
  { run: 'rollout history deploy/web', says: /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +second/ },
  { run: 'rollout undo deploy/web', says: /rolled back/ },
  { run: 'rollout undo deploy/web --to-revision=99', fails: /unable to find specified revision 99 in history/ },
  { run: 'rollout restart deploy/web', says: /restarted/ },
  { run: 'rollout pause deploy/web', says: /paused/ },
  { run: 'rollout restart deploy/web', fails: /deployments\.apps "web" can't restart paused deployment/ },
  { run: 'rollout resume deploy/web', says: /resumed/ },
];

export const rollingOutSets: Topic = [
  { run: 'apply -f -', input: pods('StatefulSet', 'sts', 'replicas: 1\n  serviceName: sts\n  '), says: /created/ },
  ...revised('sts/sts', 'statefulsets'),
];

export const rollingOutDaemons: Topic = [
  { run: 'apply -f -', input: pods('DaemonSet', 'ds', ''), says: /created/ },
  ...revised('ds/ds', 'daemonsets'),
];

/** `set …`, `run`, `expose`, `debug`, `wait`, `delete`. */
export const setting: Topic = [
  { run: 'create deployment set --image=a --replicas=0', says: /created/ },
  { run: 'create configmap from --from-literal=k=v', says: /created/ },
  { run: 'set resources deploy set -c=a --limits=cpu=200m,memory=512Mi --requests=cpu=1m', says: /resource requirements updated/ },
  { run: 'set env deploy/set A=b C=d', says: /env updated/ },
  { run: 'set env deploy/set C-', says: /env updated/ },
  { run: 'set env deploy/set --from=configmap/from --prefix=P_', says: /env updated/ },
  { run: 'set env deploy/set --list --resolve', says: /container a\nA=b\nP_K=v\n/ },
  { run: 'create serviceaccount robot', says: /created/ },
  { run: 'set serviceaccount deploy set robot', says: /serviceaccount updated/ },
  { run: 'create service clusterip sel --tcp=80', says: /created/ },
  { run: 'set selector svc sel a=b', says: /selector updated/ },
  { run: 'create role some --verb=get --resource=pods', says: /created/ },
  { run: 'create rolebinding some --role=some --user=u', says: /created/ },
  { run: 'set subject rolebinding some --user=v --group=gg --serviceaccount=NS:robot', says: /subjects updated/ },
  { run: 'get rolebinding some -o jsonpath={.subjects[*].name}', says: /^u v gg robot$/ },
  { run: 'set image deploy/set nope=x', fails: /unable to find container named "nope"/ },
  { run: 'run p1 --image=busybox --labels=app=p1 --port=80 --env=A=b --restart=Never -- sleep 1d', says: /pod\/p1 created/ },
  { run: 'run p2 --image=busybox --expose --port=80', says: /service\/p2 created\npod\/p2 created/ },
  { run: `run p3 --image=busybox --dry-run=server -o name --overrides '{"spec":{"nodeName":"node-1"}}'`, says: /^pod\/p3/ },
  { run: 'expose deploy set --port=80 --target-port=8080 --name=exposed', says: /service\/exposed exposed/ },
  { run: 'expose svc sel --port=443 --name=again', says: /service\/again exposed/ },
  { run: 'wait --for=condition=Ready pod/p1 --timeout=40s', says: /pod\/p1 condition met/ },
  { run: `wait --for=jsonpath='{.status.phase}'=Running pod/p1 --timeout=20s`, says: /condition met/ },
  { run: 'wait --for=condition=Nope pod/p1 --timeout=1s', fails: /timed out waiting for the condition on pods\/p1/ },
  { run: 'wait --for=create pod/p1 --timeout=5s', says: /condition met/, since: 31 },
  { run: 'debug p1 --image=busybox -c dbg --target=p1 --profile=general', says: /Targeting container "p1"/ },
  { run: 'get pod p1 -o jsonpath={.spec.ephemeralContainers[*].name}', says: /^dbg$/ },
  { run: 'debug p1 --image=busybox -c dbg --copy-to=copy --share-processes --profile=general' },
  { run: 'debug node/node-2 --image=busybox --profile=general', says: /Creating debugging pod node-debugger-node-2-/ },
  { run: 'delete pod p1 --grace-period=0 --force', says: /pod "p1" force deleted/ },
  { run: 'wait --for=delete pod/p1 --timeout=10s' },
];

/** `delete` with its three ways down. */
export const deleting: Topic = [
  { run: 'create deployment cas --image=a --replicas=1', says: /created/ },
  { run: 'rollout status deploy/cas --timeout=40s', says: /successfully rolled out/ },
  { run: 'delete deploy cas --cascade=orphan', says: /deployment\.apps "cas" deleted/ },
  { run: 'get rs -l app=cas -o name', says: /^replicaset\.apps\/cas-\w+\n$/ },
  { run: 'delete rs -l app=cas --cascade=foreground --timeout=40s', says: /replicaset\.apps "cas-\w+" deleted/ },
  { run: 'create deployment back --image=a', says: /created/ },
  { run: 'delete deploy back --cascade=background', says: /"back" deleted/ },
  { run: 'create configmap dry', says: /created/ },
  { run: 'delete cm dry --dry-run=server', says: /"dry" deleted \(server dry run\)/ },
  { run: 'delete cm dry --wait=false', says: /"dry" deleted/ },
  { run: 'delete cm/nope svc/nope', fails: /configmaps "nope" not found\n.*services "nope" not found/ },
];

/** Nodes: never all of them at once, so that pods of other topics have a place. */
export const nodes: Topic = [
  { run: 'run lone --image=a --labels=app=lone', says: /created/ },
  { run: 'wait --for=condition=Ready pod/lone --timeout=40s', says: /met/ },
  { run: 'taint node node-1 NS=v:PreferNoSchedule', says: /node\/node-1 tainted/ },
  { run: 'taint node node-1 NS=v:PreferNoSchedule', fails: /already has NS taint/ },
  { run: 'taint node node-1 NS=w:PreferNoSchedule --overwrite', says: /node\/node-1 modified/ },
  { run: 'taint node node-1 NS-', says: /node\/node-1 untainted/ },
  { run: 'cordon node-1', says: /node\/node-1 cordoned/ },
  { run: 'get node node-1', says: /Ready,SchedulingDisabled/ },
  { run: 'drain node-1 --pod-selector=app=nobody', says: /node\/node-1 drained/ },
  { run: 'uncordon node-1', says: /node\/node-1 uncordoned/ },
  { run: 'drain node-1 --ignore-daemonsets --force --timeout=40s --pod-selector=app=lone', says: /node\/node-1 drained/ },
  { run: 'uncordon node-1', says: /node\/node-1 uncordoned/ },
  { run: 'top node', fails: /^error: Metrics API not available/ },
  { run: 'top pod', fails: /^error: Metrics API not available/ },
  { run: 'events --for pod/lone', says: /Scheduled +Pod\/lone/ },
  { run: 'get events --sort-by=.metadata.creationTimestamp --field-selector=involvedObject.kind=Pod', says: /Scheduled +pod\/lone/ },
];
