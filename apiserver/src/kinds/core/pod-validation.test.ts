import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec } from '@keelson/types';
import { created, problems, updateProblems } from '../../testing/exercise.ts';
import { podKind } from './pod.ts';

const containers = [{ name: 'main', image: 'app:1' }];
const pod = (spec: object = {}) => ({ spec: { containers, ...spec } });

test('names of sysctls, and what the host shares, are looked at', () => {
  const withSysctls = (names: string[], spec: object = {}) =>
    pod({ securityContext: { sysctls: names.map((name) => ({ name, value: '1' })) }, ...spec });
  const form = 'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
  const at = (index: number) => `spec.securityContext.sysctls[${index}].name`;
  assert.deepEqual(problems(podKind, withSysctls(['kernel.shmmax', 'net/ipv4/conf', 'safe-and-unsafe'])), []);
  assert.deepEqual(problems(podKind, withSysctls(['foo-', 'bar..'])), [
    `${at(0)}: Invalid value: "foo-": ${form}`,
    `${at(1)}: Invalid value: "bar..": ${form}`,
  ]);
  assert.deepEqual(problems(podKind, withSysctls(['a', 'a'])), [`${at(1)}: Duplicate value: "a"`]);
  assert.deepEqual(problems(podKind, withSysctls(['net.a', 'kernel.sem'], { hostNetwork: true, hostIPC: true })), [
    `${at(0)}: Invalid value: "net.a": may not be specified when 'hostNetwork' is true`,
    `${at(1)}: Invalid value: "kernel.sem": may not be specified when 'hostIPC' is true`,
  ]);
  assert.deepEqual(problems(podKind, pod({ securityContext: { runAsUser: -1 } })), [
    'spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive',
  ]);
});

test('gates can only go, and while there are some the choice of nodes can only get smaller', () => {
  const gated = (names: string[], spec: object = {}) => pod({ schedulingGates: names.map((name) => ({ name })), ...spec });
  assert.deepEqual(problems(podKind, gated(['example.com/a'], { nodeName: 'n' })), [
    'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
  ]);
  const fast = gated(['a', 'b'], { nodeSelector: { disk: 'fast' } });
  const changes = (change: (spec: PodSpec) => void) => updateProblems(podKind, fast, ({ spec }) => change(spec));
  const open = (spec: PodSpec) => {
    spec.schedulingGates = [{ name: 'b' }];
    spec.nodeSelector = { disk: 'fast', zone: 'a' };
  };
  assert.deepEqual(changes(open), []);
  assert.deepEqual(
    changes((spec) => spec.schedulingGates?.push({ name: 'c' })),
    ["spec.schedulingGates[2].name: Forbidden: only deletion is allowed, but found new scheduling gate 'c'"],
  );
  const slower = (spec: PodSpec) => {
    spec.nodeSelector = { disk: 'slow' };
  };
  assert.deepEqual(changes(slower), [
    'spec.nodeSelector: Invalid value: {"disk":"slow"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
  ]);
});

test('a grace period below 0 is one of a second', () => {
  assert.equal(created(podKind, pod({ terminationGracePeriodSeconds: -1 })).spec.terminationGracePeriodSeconds, 1);
});
