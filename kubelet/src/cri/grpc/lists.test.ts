import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as cri from './codec/cri.ts';
import { ListReader } from './lists.ts';
import * as response from './responses.ts';

const container = (id: string, state: cri.ContainerState = cri.ContainerState.CONTAINER_RUNNING): cri.Container => ({
  id,
  podSandboxId: 's1',
  metadata: { name: `name of ${id}`, attempt: 1 },
  image: undefined,
  imageRef: 'ü',
  state,
  createdAt: 5_000_000n,
  labels: { a: 'b' },
  annotations: {},
});
const bytes = (...containers: cri.Container[]): Uint8Array => cri.ListContainersResponse.encode({ containers }).finish();

test('a list, and again: only what has another state is read anew', () => {
  const read: string[] = [];
  const reader = new ListReader({ type: cri.Container, stateField: 6 }, (message: cri.Container) => {
    read.push(message.id);
    return response.container(message);
  });
  const [a, b, c] = ['a', 'b', 'c'].map((id) => container(id)) as [cri.Container, cri.Container, cri.Container];
  const first = reader.read(bytes(a, b));
  assert.deepEqual(first, [a, b].map(response.container));
  assert.equal(read.join(), 'a,b');
  const second = reader.read(bytes(b, c, a));
  assert.deepEqual(
    second.map(({ id }) => id),
    ['b', 'c', 'a'],
  );
  assert.equal(second[0], first[1]);
  assert.equal(read.join(), 'a,b,c');
  const ended = reader.read(bytes(container('a', cri.ContainerState.CONTAINER_EXITED), c));
  assert.deepEqual(
    ended.map(({ id, phase }) => `${id} ${phase}`),
    ['a exited', 'c running'],
  );
  assert.equal(read.join(), 'a,b,c,a');
  reader.read(bytes());
  reader.read(bytes(c));
  assert.equal(read.join(), 'a,b,c,a,c', 'what was gone is not remembered');
});

test('a state that is not said is the first', () => {
  const reader = new ListReader({ type: cri.PodSandbox, stateField: 3 }, response.sandbox);
  const sandbox = (state: cri.PodSandboxState): Uint8Array =>
    cri.ListPodSandboxResponse.encode({
      items: [{ id: 's', metadata: undefined, state, createdAt: 0n, labels: {}, annotations: {} }],
    }).finish();
  assert.deepEqual(
    [cri.PodSandboxState.SANDBOX_READY, cri.PodSandboxState.SANDBOX_NOTREADY, cri.PodSandboxState.SANDBOX_READY].map(
      (state) => reader.read(sandbox(state))[0]?.ready,
    ),
    [true, false, true],
  );
});
