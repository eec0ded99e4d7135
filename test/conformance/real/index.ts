import type { Specs } from '../specs.ts';
import { accounts } from './accounts.ts';
import { cli } from './cli.ts';
import { containers } from './containers.ts';
import { environment } from './environment.ts';
import { jobs } from './jobs.ts';
import { kubelet } from './kubelet.ts';
import { lifecycle } from './lifecycle.ts';
import { net } from './net/index.ts';
import { probes } from './probes.ts';
import { resize } from './resize.ts';
import { security } from './security.ts';
import { storage } from './storage/index.ts';
import { streams } from './streams.ts';
import { workloads } from './workloads.ts';

/** THE list of areas that need real containers. */
export const realAreas: Readonly<Record<string, Specs>> = {
  accounts,
  cli,
  containers,
  environment,
  jobs,
  kubelet,
  lifecycle,
  net,
  probes,
  resize,
  security,
  storage,
  streams,
  workloads,
};
