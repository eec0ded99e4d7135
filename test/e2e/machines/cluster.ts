import assert from 'node:assert/strict';
import { eventually } from '@keelson/testing';
import type { Lab, Machine } from './lab.ts';

/** Those of a lab's machines that a cluster is made of. */
type Machines = Pick<Lab, 'machines'>;

/** What `kubeadm init` printed for others to join with, as words behind `kubeadm`. */
export function joinArguments(printed: string): string[] {
  const command = printed.slice(printed.lastIndexOf('kubeadm join'));
  return command.replaceAll('\\\n', ' ').split(/\s+/).filter(Boolean).slice(1);
}

/** One control plane on the first machine; the others join with what it printed. */
export async function clusterOn(lab: Machines, ...initFlags: readonly string[]): Promise<Machine> {
  const [first, ...others] = lab.machines;
  assert.ok(first);
  // Names are shown elsewhere, and their image takes longer than all the rest.
  const printed = await first.must('init', '--skip-phases', 'addon', ...initFlags);
  await Promise.all(others.map((machine) => machine.must(...joinArguments(printed))));
  return first;
}

/** A pod that answers with its own name over HTTP, on a machine chosen for it. */
export function webPod(name: string, node: string): string {
  return `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: web } }
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 0
  containers: [${webContainer}]
`;
}

const script = 'mkdir -p /tmp/www && hostname > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www';
const webContainer = `{ name: web, image: 'busybox:1.37', command: [sh, -c, '${script}'], ports: [{ containerPort: 8080 }] }`;

export const webService = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
`;

/** Two replicas that do not wait long for a machine that is silent. */
export const impatientDeployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: moving }
spec:
  replicas: 2
  selector: { matchLabels: { app: moving } }
  template:
    metadata: { labels: { app: moving } }
    spec:
      terminationGracePeriodSeconds: 0
      tolerations:
      - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1 }
      - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1 }
      topologySpreadConstraints:
      - { maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: { matchLabels: { app: moving } } }
      containers: [${webContainer}]
`;

/** Waits until a JSONPath of an object or a list has the value. */
export async function untilShows(machine: Machine, query: readonly string[], value: RegExp, deadlineMs = 40_000): Promise<string> {
  let shown = '';
  const asked = async (): Promise<boolean> => {
    shown = await machine.kubectl(...query);
    return value.test(shown);
  };
  await eventually(asked, { deadlineMs, message: `${query.join(' ')} shows ${value}` }).catch((error: Error) => {
    throw new Error(`${error.message}; it shows ${shown}\n${machine.logs()}`);
  });
  return shown;
}

/** Pods answer each other and their Service, from every machine to every machine. */
export async function expectConnected(lab: Machines, admin: Machine): Promise<void> {
  await admin.apply([webService, ...lab.machines.map(({ name }) => webPod(`web-${name}`, name))].join('---'));
  await untilShows(
    admin,
    ['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.containerStatuses[0].ready}'],
    everyReady(lab),
  );
  const ips = (await admin.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.podIP}')).split(' ');
  const service = await admin.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
  const expected = lab.machines.map(({ name }) => `web-${name}`).sort();
  for (const { name } of lab.machines) {
    const each = ips.map((ip) => `wget -qO- http://${ip}:8080/`).join('; ');
    const answers = await admin.kubectl('exec', `web-${name}`, '--', 'sh', '-c', each);
    assert.deepEqual(answers.split('\n').filter(Boolean).sort(), expected, `what the pod on ${name} reaches`);
  }
  for (const machine of lab.machines) await expectService(machine, service, expected);
}

/** The Service answers on the machine, and in the end each of its pods has. */
async function expectService(machine: Machine, service: string, expected: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  const ask = async (): Promise<boolean> => {
    const { stdout } = await machine.run('curl', '-s', '-m', '3', ...Array.from({ length: 10 }, () => `http://${service}/`));
    for (const line of stdout.split('\n').filter(Boolean)) seen.add(line);
    return seen.size === expected.length;
  };
  await eventually(ask, { deadlineMs: 15_000, message: `the Service answers on ${machine.name} with every pod` });
  assert.deepEqual([...seen].sort(), expected);
}

function everyReady(lab: Machines): RegExp {
  return new RegExp(`^${lab.machines.map(() => 'true').join(' ')}$`);
}
