import assert from 'node:assert/strict';
import type { Specs } from '../specs.ts';
import { once, outcome, output, says, shell } from './run.ts';

const area = '[sig-node] Security Context';

export const security: Specs = {
  async [`${area} When creating a container with runAsUser should run the container with uid 65534 [LinuxOnly] [NodeConformance]`](c) {
    await output(c, once('user', [shell('test $(id -u) -eq 65534', { securityContext: { runAsUser: 65534 } })]));
  },

  async [`${area} When creating a pod with privileged should run the container as unprivileged when false [LinuxOnly] [NodeConformance]`](
    c,
  ) {
    const adds = 'ip link add dummy0 type dummy || true';
    says(await output(c, once('plain', [shell(adds, { securityContext: { privileged: false } })])), 'Operation not permitted');
  },

  async [`${area} When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false [NodeConformance]`](
    c,
  ) {
    await output(c, once('writable', [shell('touch checkfile', { securityContext: { readOnlyRootFilesystem: false } })]));
    const { status } = await outcome(
      c,
      once('readonly', [shell('touch checkfile', { securityContext: { readOnlyRootFilesystem: true } })]),
    );
    assert.equal(status?.phase, 'Failed');
  },

  async [`${area} should support pod.Spec.SecurityContext.RunAsUser And pod.Spec.SecurityContext.RunAsGroup [LinuxOnly]`](c) {
    const securityContext = { runAsUser: 1001, runAsGroup: 2002 };
    says(await output(c, once('pod', [shell('id')], { securityContext })), 'uid=1001', 'gid=2002');
  },

  async [`${area} should support container.SecurityContext.RunAsUser And container.SecurityContext.RunAsGroup [LinuxOnly]`](c) {
    const container = shell('id', { securityContext: { runAsUser: 1001, runAsGroup: 2002 } });
    const pod = once('container', [container], { securityContext: { runAsUser: 1002, runAsGroup: 2003 } });
    says(await output(c, pod), 'uid=1001', 'gid=2002');
  },

  async [`${area} when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false [LinuxOnly] [NodeConformance]`](
    c,
  ) {
    const shows = (name: string, allowPrivilegeEscalation: boolean) =>
      output(
        c,
        once(name, [shell('grep NoNewPrivs /proc/self/status', { securityContext: { allowPrivilegeEscalation, runAsUser: 1000 } })]),
      );
    says(await shows('denied', false), /NoNewPrivs:\s+1/);
    says(await shows('allowed', true), /NoNewPrivs:\s+0/);
  },
};
