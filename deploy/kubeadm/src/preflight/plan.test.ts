import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Facts, problemsOf, renderFatal, sortProblems } from './plan.ts';

const fine: Facts = {
  root: '/',
  isRoot: true,
  noContainers: undefined,
  missingPackages: [],
  portsInUse: [],
  leftovers: [],
  nodeName: 'node-1',
  address: '192.0.2.1',
  socketLength: 50,
  unreachable: [],
};

test('a machine that has all it takes has no problem', () => {
  assert.deepEqual(problemsOf(fine), []);
});

test('every problem is named at once, with what to do', () => {
  const problems = problemsOf({
    ...fine,
    root: '/r',
    missingPackages: ['containerd', 'conntrack'],
    portsInUse: [6443, 10_250],
    leftovers: ['/r/etc/kubernetes/admin.conf'],
    nodeName: 'Node_1',
    address: undefined,
    socketLength: 120,
    unreachable: [{ check: 'ExternalEtcd', endpoint: 'http://e:2379', reason: 'ECONNREFUSED' }],
  });
  assert.deepEqual(
    problems.map(({ check }) => check),
    [
      'FileExisting-containerd',
      'FileExisting-conntrack',
      'SocketPath',
      'Hostname',
      'NodeAddress',
      'Port-6443',
      'Port-10250',
      'ExternalEtcd',
      'FileAvailable--r-etc-kubernetes-admin.conf',
    ],
  );
  const text = renderFatal(problems);
  assert.equal(text.match(/\[ERROR /g)?.length, problems.length);
  assert.match(text, /apt-get install conntrack/);
  assert.match(text, /kubeadm reset --root \/r/);
});

test('without root nothing else of the system can be told', () => {
  assert.deepEqual(
    problemsOf({ ...fine, isRoot: false, noContainers: 'running containers takes root' }).map(({ check }) => check),
    ['IsPrivilegedUser'],
  );
});

test('what is ignored becomes a warning', () => {
  const problems = problemsOf({ ...fine, portsInUse: [6443, 10_250] });
  assert.deepEqual(
    sortProblems(problems, ['port-6443']).fatal.map(({ check }) => check),
    ['Port-10250'],
  );
  assert.deepEqual(sortProblems(problems, ['all']), { fatal: [], warnings: problems });
});
