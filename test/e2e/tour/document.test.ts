import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filledIn, firstMissing, onlyLooks, readTour } from './document.ts';

const page = `# Title

\`\`\`console
$ not run
\`\`\`

## Look

\`\`\`sh
kubectl get pods
kubectl diff -f x   # exits 1: it differs
\`\`\`

Words.

\`\`\`sh second
kubeadm join …:1 --token …
\`\`\`

\`\`\`text
NAME READY
a … 1
\`\`\`

## Words only
`;

test('chapters, steps, machines, exit codes and what is expected', () => {
  assert.deepEqual(readTour(page), [
    {
      title: 'Look',
      steps: [
        {
          ...{ line: 9, machine: '', expected: [] },
          commands: [
            { text: 'kubectl get pods', exitCode: 0 },
            { text: 'kubectl diff -f x   # exits 1: it differs', exitCode: 1 },
          ],
        },
        {
          ...{ line: 16, machine: 'second', expected: ['NAME READY', 'a … 1'] },
          commands: [{ text: 'kubeadm join …:1 --token …', exitCode: 0 }],
        },
      ],
    },
  ]);
  assert.throws(() => readTour('## A\n```text\nx\n```\n'), /the text at line 2 stands behind no command/);
  assert.throws(() => readTour('## A\n```sh\nx\n'), /line 2 has no end/);
});

test('lines are found in their order, whatever the width of columns', () => {
  const printed = 'NAME    READY\na  [x]   1   \nb\n';
  assert.equal(firstMissing(['NAME READY', 'a … 1', 'b'], printed), undefined);
  assert.equal(firstMissing(['b', 'a [x] 1'], printed), 'a [x] 1');
  assert.equal(firstMissing(['a x 1'], printed), 'a x 1', 'only … means anything');
});

test('a command is filled in from the last line that looks like it, continued or not', () => {
  const printed = 'join a:1 --token x\n  join b:1 \\\n    --token y\n';
  assert.equal(filledIn('join …:1 --token …', printed), 'join b:1 --token y');
  assert.equal(filledIn('as it is', ''), 'as it is');
  assert.throws(() => filledIn('export X=…', printed), /nothing that was printed before fills in export X=…/);
});

test('a step that changes something is typed once', () => {
  const step = (...texts: readonly string[]) => ({
    ...{ line: 1, machine: '', expected: [] },
    commands: texts.map((text) => ({ text, exitCode: 0 })),
  });
  assert.ok(onlyLooks(step('A=$(kubectl get x)', 'curl -s $A', 'kubectl cluster-info', 'kubectl rollout status x')));
  assert.ok(!onlyLooks(step('kubectl get x', 'kubectl rollout undo x')));
});
