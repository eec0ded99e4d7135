import { describe } from 'node:test';
import { onPath, whyNotReal } from './cluster.ts';
import { controlPlanes } from './machines/control-planes.ts';
import { overlay } from './machines/overlay.ts';
import { workers } from './machines/workers.ts';

/*
 * kubeadm on machines made of namespaces: they join with a token, talk, die, and are taken apart again.
 */

const skip = whyNotReal();
const skipEtcd = skip ?? (onPath('etcd') ? undefined : 'etcd is not installed');
for (const why of new Set([skip, skipEtcd])) if (why) process.stderr.write(`machines that join: skipped, ${why}\n`);

const inOrder = { concurrency: 1 };

describe('machines that join with a token', { concurrency: 2 }, () => {
  describe('one control plane, two workers', { ...inOrder, skip: skip ?? false, timeout: 300_000 }, workers);
  describe('an overlay between networks', { ...inOrder, skip: skip ?? false, timeout: 240_000 }, overlay);
  describe('three control planes over three members of etcd', { ...inOrder, skip: skipEtcd ?? false, timeout: 300_000 }, controlPlanes);
});
