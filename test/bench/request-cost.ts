import { type Figure, percentile } from './figures.ts';
import { benchServer, send } from './server.ts';

/**
 * What authorisation and admission cost a request: creates of one ConfigMap, in process and on a memory store, in turns. Prints one JSON
 * document of figures. `node test/bench/request-cost.ts [REQUESTS]`
 */
const requests = Number(process.argv[2] ?? 4_000);
const blockSize = 20;
const policies = 10;

const plain = await benchServer();
const governed = await benchServer();

/** Lets a user create ConfigMaps by a role among two hundred. */
async function giveRoles({ transport }: typeof plain): Promise<void> {
  const admin = transport('admin', ['system:masters']);
  const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
  for (let n = 0; n < 200; n++) {
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: [n === 199 ? 'create' : 'get'] }];
    await send(admin, { method: 'POST', path: `${path}/roles`, body: JSON.stringify({ metadata: { name: `r${n}` }, rules }) });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: `r${n}` };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'somebody' }];
    await send(admin, {
      method: 'POST',
      path: `${path}/rolebindings`,
      body: JSON.stringify({ metadata: { name: `r${n}` }, roleRef, subjects }),
    });
  }
}

async function givePolicies({ transport }: typeof plain): Promise<void> {
  const admin = transport('admin', ['system:masters']);
  const path = '/apis/admissionregistration.k8s.io/v1';
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] };
  for (let n = 0; n < policies; n++) {
    const validations = [
      { expression: '!has(object.data) || object.data.all(key, size(key) < 64)' },
      { expression: `object.metadata.name != 'forbidden-${n}'` },
    ];
    const policy = { metadata: { name: `p${n}` }, spec: { matchConstraints: { resourceRules: [rule] }, validations } };
    await send(admin, { method: 'POST', path: `${path}/validatingadmissionpolicies`, body: JSON.stringify(policy) });
    const binding = { metadata: { name: `p${n}` }, spec: { policyName: `p${n}`, validationActions: ['Deny'] } };
    await send(admin, { method: 'POST', path: `${path}/validatingadmissionpolicybindings`, body: JSON.stringify(binding) });
  }
}

await giveRoles(plain);
await givePolicies(governed);

const contenders = {
  'as system:masters': plain.transport('admin', ['system:masters']),
  'as a user with 200 roles': plain.transport('somebody', []),
  [`with ${policies} validating policies`]: governed.transport('admin', ['system:masters']),
};
const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]));
const data = { filler: 'x'.repeat(1_700) };
let count = 0;
for (let block = 0; block < requests / blockSize; block++) {
  for (const [name, transport] of Object.entries(contenders)) {
    const start = performance.now();
    for (let i = 0; i < blockSize; i++) {
      const body = JSON.stringify({ metadata: { name: `c-${count++}` }, data });
      await send(transport, { method: 'POST', path: '/api/v1/namespaces/default/configmaps', body });
    }
    times.get(name)?.push(((performance.now() - start) * 1000) / blockSize);
  }
}
const figures: Figure[] = [...times].map(([name, all]) => ({ name: `create ConfigMap ${name}`, unit: ' µs', value: percentile(all, 0.5) }));
for (const { name, unit, value } of figures) process.stderr.write(`${name}: ${value.toFixed(0)}${unit}\n`);
process.stdout.write(`${JSON.stringify(figures)}\n`);
await Promise.all([plain.stop(), governed.stop()]);
